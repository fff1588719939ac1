#include "daemon/job_control.h"

#include <signal.h>
#include <unistd.h>

namespace reaperd::daemon {
namespace {

/// A container has its terminal at its standard descriptors, or none: no need to try /dev/tty.
sys::Terminal FindTerminal(bool pid1) {
  using Where = sys::Terminal::Where;
  return sys::Terminal::Find(pid1 ? Where::kStdio : Where::kAnywhere);
}

bool IsJobSignal(int signal) {
  return signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

}  // namespace

JobControl::JobControl(const model::RunSpec& spec, bool pid1, RunObserver& observer)
    : spec_(spec),
      pid1_(pid1),
      observer_(observer),
      terminal_(FindTerminal(pid1)),
      group_(spec.main.process_group) {}

/// A shell makes the first process of a pipeline the leader of its group; if that is us, a pipe at
/// our input or output tells of the others, who may not even have been started yet.
bool JobControl::OthersShareOurGroup() const {
  if (pid1_) return false;
  return getpgrp() != getpid() || sys::IsPipe(STDIN_FILENO) || sys::IsPipe(STDOUT_FILENO);
}

int JobControl::PrepareHandOver() {
  switch (group_) {
    case model::ProcessGroup::kInherit:
      return -1;
    case model::ProcessGroup::kOwn:
      // In the background the foreground belongs to somebody else.
      if (!terminal_.IsOurs()) return -1;
      if (OthersShareOurGroup() && spec_.signals.target != model::SignalTarget::kGroup) {
        group_ = model::ProcessGroup::kInherit;
        return -1;
      }
      handed_over_ = true;
      return terminal_.fd();
    case model::ProcessGroup::kNewSession:
      break;
  }
  const bool leader = getsid(0) == getpid();
  if (spec_.signals.ignore_first_hangup || (leader && terminal_.exists())) {
    const int code = sys::LeaveTerminal(STDIN_FILENO);
    observer_.OnTerminalReleased(code, leader);
    hangup_expected_ = continue_expected_ = code == 0 && leader;
  }
  return isatty(STDIN_FILENO) == 1 ? STDIN_FILENO : terminal_.fd();
}

TerminalPlace JobControl::terminal() const {
  if (!terminal_.exists()) return TerminalPlace::kNone;
  return handed_over_ || terminal_.IsOurs() ? TerminalPlace::kOurs : TerminalPlace::kBackground;
}

bool JobControl::TerminalSignalsMain() const {
  return terminal_.exists() && group_ == model::ProcessGroup::kInherit;
}

void JobControl::GiveForeground(const service::Service& main) {
  if (group_ != model::ProcessGroup::kOwn || !terminal_.IsOurs()) return;
  handed_over_ = terminal_.GiveTo(main.group()) || handed_over_;
}

void JobControl::OnMainStopped(service::Service& main, int signal) {
  if (!IsJobSignal(signal) || spec_.signals.job_signals_stop_us) return;
  // Where nobody could continue main, and where the shell has moved us to the foreground meanwhile
  // (fg of a running job sends no SIGCONT), main goes on.
  const bool terminal_became_ours = signal != SIGTSTP && terminal_.IsOurs();
  bool go_on = pid1_ || terminal_became_ours;
  if (!go_on && terminal_.exists()) go_on = !sys::StopOwnGroup() && signal == SIGTSTP;
  observer_.OnMainStopped(signal, go_on);
  if (!go_on) return;  // the SIGCONT that continued us is in the signalfd
  static_cast<void>(OnContinued(main, SIGCONT));
}

int JobControl::OnContinued(service::Service& main, int signal) {
  GiveForeground(main);
  if (group_ == model::ProcessGroup::kInherit) return main.Signal(signal);
  return main.SignalGroup(signal);
}

void JobControl::StopSelf() {
  sys::StopSelf();
}

bool JobControl::IsOwnHangup(int signal) {
  bool& expected = signal == SIGHUP ? hangup_expected_ : continue_expected_;
  if ((signal != SIGHUP && signal != SIGCONT) || !expected) return false;
  expected = false;
  return true;
}

void JobControl::TakeBack(const service::Service& main) {
  if (!handed_over_ || pid1_) return;
  // A child that could not exec had taken it over, too; its group is gone.
  if (main.pid() == 0 || terminal_.Foreground() == main.group()) terminal_.GiveTo(getpgrp());
}

}  // namespace reaperd::daemon
