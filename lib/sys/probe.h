// What this kernel and this container let us do. Asked by trying, since filters and old kernels say
// so in no other way. Only for --explain on the command line: a run notices each refusal where it
// happens, and its loop may not wait for a child.
#pragma once

#include <cstdint>

#include "sys/children_list.h"
#include "sys/process_limits.h"

namespace reaperd::sys {

struct Offers {
  bool clone_sharing = false;  ///< CLONE_VM | CLONE_VFORK
  bool clone_pidfd = false;
  bool pidfd_open = false;
  bool pidfd_send_signal = false;
  bool waitid_peek = false;  ///< waitid with WNOWAIT
  bool openat2 = false;
  bool subreaper = false;
  bool proc_mounted = false;
  bool proc_ours = false;  ///< /proc shows our pid namespace
  ChildrenSource children = ChildrenSource::kNone;
  ProcessLimits processes;
  std::uint64_t rlimit_nofile = 0;
};

/// Starts two children that exit at once and waits for them: never from the loop.
Offers ProbeOffers();

}  // namespace reaperd::sys
