// Starting a child: two ways, one plan.
//
//  - kWaitForExec: clone(CLONE_VM|CLONE_VFORK|CLONE_PIDFD) on a stack of its own. Costs the same
//    whatever our size, and the failing step is known on return. We are suspended until the child
//    execs or exits: only for the first child, before there is anything to reap.
//  - kInBackground: a copy, never suspended; the report comes through a pipe that closes at exec.
//
// Where the kernel or a seccomp filter refuses a flag, the next simpler way is taken: without
// CLONE_PIDFD, then fork(2) and a pipe.
#pragma once

#include <optional>

#include "base/unique_fd.h"
#include "model/service_spec.h"
#include "sys/child_setup.h"

namespace reaperd::sys {

enum class SpawnMode { kWaitForExec, kInBackground };

struct SpawnRequest {
  const model::ServiceSpec* spec = nullptr;
  SpawnMode mode = SpawnMode::kWaitForExec;
  sigset_t signal_mask{};
  int terminal_fd = -1;  ///< to hand over; -1: none
};

struct Spawned {
  pid_t pid = 0;        ///< 0: nothing was started, or it has ended by itself and was reaped
  pid_t ended_pid = 0;  ///< of the child that failed before its exec and was reaped; 0: none
  UniqueFd pidfd;       ///< empty where the kernel has none
  bool shared = false;  ///< it had our memory until its exec: CLONE_VM was not refused
  UniqueFd error_pipe;  ///< kInBackground: EOF is success, else a ChildReport
  ChildReport failure;  ///< step kNone: started (kInBackground: so far)
};

/// The exit code of a child that failed before its exec. Nobody but the record of its death sees it.
constexpr int kFailedChildCode = 127;

Spawned Spawn(const SpawnRequest& request);

}  // namespace reaperd::sys
