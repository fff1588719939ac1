// What this kernel and this container let us do. Asked by trying, since filters and old kernels say
// so in no other way. Only for --explain: the running daemon notices each refusal where it happens.
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

/// Starts and reaps two children that exit at once.
Offers ProbeOffers();

}  // namespace reaperd::sys
