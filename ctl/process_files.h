// What reaperctl reads of a process itself: what reaperd does not tell (memory) or not to us
// (command lines, when our right is only to read). Only of the same process: where the start time
// is not that which reaperd told, nothing is read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/process.h"
#include "ctl/show.h"

namespace reaperd::ctl {

class ProcessFiles {
 public:
  /// `proc` must show the pid namespace of reaperd: see SeesSameProcesses.
  explicit ProcessFiles(std::string proc);

  /// With what could be read.
  [[nodiscard]] ProcessRow Complete(client::Process process) const;
  /// Start times tell that this is the process which reaperd means, and not the next one.
  [[nodiscard]] bool IsSame(const client::Process& process) const;

 private:
  std::string proc_;
  std::int64_t wall_offset_us_;  ///< wall time minus CLOCK_BOOTTIME
};

/// Whether numbers of reaperd's processes are numbers in `proc`, too: not from another pid
/// namespace. `seen_pid` is reaperd's as our kernel tells it, `told_pid` as it tells itself.
bool SeesSameProcesses(const std::string& proc, std::int64_t seen_pid, std::int64_t told_pid);

}  // namespace reaperd::ctl
