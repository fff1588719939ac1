// Place: what --explain tells of the kernel and of the container, as values. Before a run it is found
// out by trying (ProbePlace); a run that is asked tells what it has met with itself, since trying
// takes processes and waits for them (Daemon::PlaceNow).
#pragma once

#include <cstdint>
#include <optional>

#include "sys/children_list.h"
#include "sys/process_limits.h"

namespace reaperd::daemon {

enum class TerminalPlace { kNone, kOurs, kBackground };

struct Place {
  bool pid1 = false;
  bool subreaper = false;  ///< there are such, or we are one
  bool proc_mounted = false;
  bool proc_ours = false;  ///< /proc shows our pid namespace
  sys::ChildrenSource children = sys::ChildrenSource::kNone;
  // nullopt: nothing was done yet that could have shown it.
  std::optional<bool> clone_sharing;
  std::optional<bool> pidfds;
  std::optional<bool> openat2;
  bool waitid_peek = false;
  TerminalPlace terminal = TerminalPlace::kNone;
  sys::ProcessLimits limits;
  std::uint64_t open_files = 0;
};

/// Starts processes and waits for them: not from the loop.
Place ProbePlace(bool pid1);

}  // namespace reaperd::daemon
