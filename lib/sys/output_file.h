// Opening files that we write to and whose path somebody gave us: the death log, the termination
// message.
//
// No link is followed at the end of the path and no magic link of /proc anywhere on it (it would
// reach what somebody else has open; not checked before Linux 5.6). The descriptor appends, is
// non-blocking, and never becomes our terminal. Opening may wait for a disk: before the run, or in
// the scribe.
#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace reaperd::sys {

enum class OutputKind { kRegular, kFifo, kCharacterDevice };

struct OutputFile {
  UniqueFd fd;
  OutputKind kind = OutputKind::kRegular;
};

/// A log: made with mode 0640 when it is not there. Refused is all but a regular file with one
/// link, a FIFO that somebody reads, and a character device; and what lies in a directory in which
/// everybody may replace it (world-writable, no sticky bit).
Result<OutputFile> OpenLogFile(const std::string& path);

/// What is there already, of any kind that can be opened for writing: the caller checks it.
Result<UniqueFd> OpenExistingOutput(const std::string& path);

}  // namespace reaperd::sys
