#include "sys/signals.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>

#include <array>
#include <cerrno>

namespace reaperd::sys {
namespace {

constexpr std::array<int, 7> kFaults{SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};

}  // namespace

sigset_t LoopSignals(FaultSignals faults) {
  sigset_t set;
  sigfillset(&set);
  if (faults == FaultSignals::kTake) return set;
  for (const int signal : kFaults)
    sigdelset(&set, signal);
  return set;
}

InheritedSignals TakeOverSignals(FaultSignals faults) {
  InheritedSignals inherited;
  struct sigaction action {};
  sigaction(SIGCHLD, nullptr, &action);
  if (action.sa_handler == SIG_IGN) {
    inherited.sigchld_ignored = true;
    action = {};
    action.sa_handler = SIG_DFL;
    sigaction(SIGCHLD, &action, nullptr);
  }
  const sigset_t set = LoopSignals(faults);
  sigprocmask(SIG_SETMASK, &set, &inherited.blocked);
  return inherited;
}

void BlockSignals(FaultSignals faults) {
  const sigset_t set = LoopSignals(faults);
  sigprocmask(SIG_SETMASK, &set, nullptr);
}

Result<UniqueFd> OpenSignalFd(FaultSignals faults) {
  const sigset_t set = LoopSignals(faults);
  UniqueFd fd(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!fd) return Error::FromErrno("cannot make a signalfd", errno);
  return fd;
}

void DieBySignal(int signal) {
  // Our own memory is of no interest to whoever looks for main's core, and two cores confuse.
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0);
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  sigaction(signal, &action, nullptr);
  raise(signal);
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, signal);
  sigprocmask(SIG_UNBLOCK, &only, nullptr);
}

}  // namespace reaperd::sys
