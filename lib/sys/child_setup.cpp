#include "sys/child_setup.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace reaperd::sys {
namespace {

struct StepRow {
  SpawnStep step;
  const char* name;
};

constexpr std::array<StepRow, 12> kSteps{{
    {SpawnStep::kNone, "nothing"},
    {SpawnStep::kClone, "clone"},
    {SpawnStep::kProcessGroup, "setpgid"},
    {SpawnStep::kSession, "setsid"},
    {SpawnStep::kTerminal, "terminal"},
    {SpawnStep::kGroups, "setgroups"},
    {SpawnStep::kGroupId, "setgid"},
    {SpawnStep::kUserId, "setuid"},
    {SpawnStep::kWorkingDirectory, "chdir"},
    {SpawnStep::kNoNewPrivileges, "no_new_privs"},
    {SpawnStep::kExec, "exec"},
    {SpawnStep::kInterpreter, "interpreter"},
}};

bool Fail(ChildPlan& plan, SpawnStep step) {
  plan.report = {step, errno};
  return false;
}

void WriteDigits(char* digits, pid_t pid) {
  if (digits == nullptr) return;
  char reversed[12];
  int length = 0;
  for (auto rest = static_cast<unsigned>(pid); rest > 0; rest /= 10) {
    reversed[length++] = static_cast<char>('0' + rest % 10);
  }
  while (length > 0)
    *digits++ = reversed[--length];
  *digits = '\0';
}

bool SetUpGroup(ChildPlan& plan) {
  switch (plan.group) {
    case ChildPlan::Group::kInherit:
      return true;
    case ChildPlan::Group::kOwn:
      if (setpgid(0, 0) < 0) return Fail(plan, SpawnStep::kProcessGroup);
      return true;
    case ChildPlan::Group::kNewSession:
      if (setsid() < 0) return Fail(plan, SpawnStep::kSession);
      // EPERM when the terminal belongs to another session, such as that of a shell: it stays
      // there.
      if (plan.terminal_fd >= 0) static_cast<void>(ioctl(plan.terminal_fd, TIOCSCTTY, 0));
      return true;
  }
  return true;
}

// Raw calls: the C library's wrappers act on all threads and need its own state, which is the
// parent's here.
bool SetUpUser(ChildPlan& plan) {
  if (!plan.set_user) return true;
  if (syscall(SYS_setgroups, plan.group_count, plan.groups) < 0) {
    return Fail(plan, SpawnStep::kGroups);
  }
  if (syscall(SYS_setresgid, plan.gid, plan.gid, plan.gid) < 0) {
    return Fail(plan, SpawnStep::kGroupId);
  }
  if (syscall(SYS_setresuid, plan.uid, plan.uid, plan.uid) < 0) {
    return Fail(plan, SpawnStep::kUserId);
  }
  return true;
}

bool SetUpSurroundings(ChildPlan& plan) {
  if (plan.working_directory != nullptr && chdir(plan.working_directory) < 0) {
    return Fail(plan, SpawnStep::kWorkingDirectory);
  }
  if (plan.no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
    return Fail(plan, SpawnStep::kNoNewPrivileges);
  }
  WriteDigits(plan.listen_pid_digits, getpid());
  WriteDigits(plan.watchdog_pid_digits, getpid());
  return true;
}

/// Last: ^Z from here to the exec stops the child, and with it the parent, who waits for the exec.
/// We are in a background group by now: SIGTTOU is blocked, which lets the call pass. That it fails
/// (terminal just hung up) does not concern the command.
void HandOverTerminal(const ChildPlan& plan) {
  if (plan.group != ChildPlan::Group::kOwn || plan.terminal_fd < 0) return;
  static_cast<void>(tcsetpgrp(plan.terminal_fd, getpid()));
}

/// Errors of one candidate that let the next one be tried, as execvp(3) does.
bool TryNext(int code) {
  return code == ENOENT || code == ENOTDIR || code == EACCES || code == ESTALE || code == ENODEV ||
         code == ETIMEDOUT;
}

void Exec(ChildPlan& plan) {
  int code = ENOENT;
  SpawnStep step = SpawnStep::kExec;
  for (const char* const* path = plan.candidates; *path != nullptr; ++path) {
    execve(*path, plan.argv, plan.environment);
    if (errno == ENOEXEC && plan.shell_argv != nullptr) {
      plan.shell_argv[1] = *path;
      execve("/bin/sh", const_cast<char* const*>(plan.shell_argv), plan.environment);
    }
    const int failure = errno;
    if (failure == ENOENT && access(*path, F_OK) == 0) step = SpawnStep::kInterpreter;
    // "Permission denied" for one candidate says more than "not found" for the rest.
    if (code != EACCES || !TryNext(failure)) code = failure;
    if (!TryNext(failure)) break;
  }
  plan.report = {code == ENOENT ? step : SpawnStep::kExec, code};
}

}  // namespace

const char* StepName(SpawnStep step) {
  for (const StepRow& row : kSteps) {
    if (row.step == step) return row.name;
  }
  return "start";
}

void RunChild(ChildPlan& plan) {
  if (SetUpGroup(plan) && SetUpUser(plan) && SetUpSurroundings(plan)) {
    HandOverTerminal(plan);
    // From here on a signal that we were asked to block for the child acts on it, as it should.
    sigprocmask(SIG_SETMASK, &plan.signal_mask, nullptr);
    Exec(plan);
  }
  if (plan.error_pipe >= 0) {
    static_cast<void>(!write(plan.error_pipe, &plan.report, sizeof plan.report));
  }
}

}  // namespace reaperd::sys
