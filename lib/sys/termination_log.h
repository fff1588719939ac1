// The termination message of Kubernetes: a short text about an abnormal end in a file that the
// runtime made for us.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace reaperd::sys {

constexpr std::size_t kTerminationLogBytes = 1024;

/// Checks that `path` could be written to at the end, without changing it.
Status CheckTerminationLog(const std::string& path);

/// Writes `text` (cut to kTerminationLogBytes) by one write, only if the file is there, regular,
/// has one link and is empty. A file with content is the application's own message: left alone,
/// success.
Status WriteTerminationLog(const std::string& path, std::string_view text);

}  // namespace reaperd::sys
