#include "sys/auto_reap.h"

#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace reaperd::sys {
namespace {

constexpr int kProbeCode = 85;
constexpr int kProbe_ms = 1000;

using Kind = model::WaitOutcome::Kind;

Error Lacking(const std::string& what, int code) {
  return Error::FromErrno(what, code);
}

/// Until the child has been reaped: POLLHUP is told whether it is asked for or not.
bool AwaitReap(int pidfd) {
  pollfd end{.fd = pidfd, .events = 0, .revents = 0};
  int got = 0;
  do {
    got = poll(&end, 1, kProbe_ms);
  } while (got < 0 && errno == EINTR);
  return got == 1;
}

}  // namespace

void LetKernelReap() {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  action.sa_flags = SA_NOCLDWAIT;
  sigaction(SIGCHLD, &action, nullptr);
}

Status ProbeAutoReap(ProcessOps& ops) {
  int pidfd = -1;
  // Raw, as children are made later: what a filter refuses here it refuses there.
  const long pid = syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, nullptr, &pidfd, nullptr, nullptr);
  if (pid == 0) _exit(kProbeCode);
  if (pid < 0) return Lacking("a child with a pidfd cannot be made", errno);
  const UniqueFd probe(pidfd);
  if (!probe) return Lacking("this kernel gives no pidfds", ENOSYS);
  const int signalled = ops.SignalPidfdGroup(probe.get(), 0);  // ESRCH: it leads no group
  if (signalled != 0 && signalled != ESRCH) {
    return Lacking("a group cannot be signalled by a pidfd", signalled);
  }
  // A kernel that does not know the request at all says so at once.
  model::WaitOutcome exit = ops.ExitByPidfd(probe.get());
  const bool reaped = exit.kind == Kind::kNothing && AwaitReap(probe.get());
  if (reaped) exit = ops.ExitByPidfd(probe.get());
  if (exit.kind == Kind::kError) {
    return Lacking("the status of a reaped child is not told by its pidfd", exit.error);
  }
  if (exit.kind != Kind::kDead) {
    return Lacking("a child that ended was not reaped by the kernel", ETIMEDOUT);
  }
  if (exit.status != model::ExitStatus::Exited(kProbeCode)) {
    return Error(0, "a pidfd tells another status than the child ended with");
  }
  return {};
}

}  // namespace reaperd::sys
