// What runs in the child between clone and exec.
//
// The first child shares our memory while we wait (CLONE_VM|CLONE_VFORK), and the later ones are
// copies of a process that may have held any lock: so nothing here allocates, logs, or calls what
// is not async-signal-safe. Everything is prepared by the parent (sys/spawn.cpp) in a ChildPlan.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <cstdint>

namespace reaperd::sys {

/// The step of a start that failed. The names stand in messages: StepName.
enum class SpawnStep : std::int32_t {
  kNone,
  kClone,  ///< in the parent
  kProcessGroup,
  kSession,
  kTerminal,
  kGroups,
  kGroupId,
  kUserId,
  kWorkingDirectory,
  kNoNewPrivileges,
  kExec,
  kInterpreter,  ///< the program is there, but what its #! line or its ELF header asks for is not
};

const char* StepName(SpawnStep step);

/// What the child reports when a step failed: written to shared memory, or to the error pipe.
struct ChildReport {
  SpawnStep step = SpawnStep::kNone;
  std::int32_t code = 0;  ///< errno
};

struct ChildPlan {
  enum class Group { kOwn, kInherit, kNewSession };

  char* const* argv = nullptr;
  char* const* environment = nullptr;
  const char* const* candidates = nullptr;  ///< paths to try in this order; ends with nullptr
  /// Prepared {"/bin/sh", <path>, argv[1]…} for ENOEXEC, or nullptr. [1] is set by the child.
  const char** shell_argv = nullptr;
  const char* working_directory = nullptr;
  bool set_user = false;
  uid_t uid = 0;
  gid_t gid = 0;
  const gid_t* groups = nullptr;
  std::size_t group_count = 0;
  bool no_new_privileges = false;
  Group group = Group::kOwn;
  int terminal_fd = -1;    ///< whose foreground group or controlling terminal is set; -1: none
  sigset_t signal_mask{};  ///< set last
  char* listen_pid_digits = nullptr;    ///< where our own pid belongs in LISTEN_PID=, or nullptr
  char* watchdog_pid_digits = nullptr;  ///< the same for WATCHDOG_PID=
  int error_pipe = -1;                  ///< CLOEXEC; -1: the report is shared memory
  ChildReport report;
};

/// Does every step, then execs. Returns only if something failed, with plan.report filled in (and
/// written to the error pipe if there is one).
void RunChild(ChildPlan& plan);

}  // namespace reaperd::sys
