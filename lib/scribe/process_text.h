// The texts of another process that only /proc/<pid>/cmdline and environ tell. Reading them may
// wait for that process (docs/kernel-facts.md#reading-about-another-process-may-wait): only the
// scribe's worker does it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scribe/protocol.h"

namespace reaperd::scribe {

/// Words of a command line, or NAME=value of an environment. Raw bytes.
struct ProcessText {
  std::vector<std::string> parts;
  bool truncated = false;  ///< the last part may be cut, and others are missing

  bool operator==(const ProcessText&) const = default;
};

/// Parts that each end with NUL; the last may lack it. Two and more empty ones at the end are what
/// a program leaves that overwrites its arguments with a title, and are left out.
std::vector<std::string> SplitParts(std::string_view raw);

struct RawText {
  std::string bytes;  ///< at most CapBytes(kind)
  bool truncated = false;
};

/// A millisecond.
void PauseForExec();

/// nullopt when it cannot be read, or was not surely that of the process with these start ticks:
/// the pid was reused, or the process is a zombie, which shows nothing. One in the middle of its
/// exec is looked at up to four times, with `pause` in between. `proc_root` is "/proc" but in tests.
std::optional<RawText> ReadProcessText(std::string_view proc_root, const ReadRequest& request,
                                       const std::function<void()>& pause = PauseForExec);

}  // namespace reaperd::scribe
