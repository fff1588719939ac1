// Reading a configuration file: opened once, and what was opened is what is checked and read.
//
// Links are followed (Kubernetes mounts a ConfigMap as links). Refused: what is no regular file, is
// larger than kMaxConfigBytes, or can be written by everybody. An owner that is neither root nor us
// is a warning. Reads a disk, so it may wait: not for the loop.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace reaperd::config {

struct ConfigFile {
  std::string text;
  std::vector<std::string> warnings;
};

/// The error is one line that names the file.
Result<ConfigFile> ReadConfigFile(const std::string& path);

}  // namespace reaperd::config
