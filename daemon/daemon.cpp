#include "daemon/daemon.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>

#include "base/text.h"
#include "daemon/blockers.h"
#include "daemon/log_voice.h"
#include "sys/descriptors.h"
#include "sys/termination_log.h"

namespace reaperd::daemon {
namespace {

constexpr char kProcRoot[] = "/proc";
constexpr char kDefaultTerminationLog[] = "/dev/termination-log";
/// Not PID 1: a descendant that was made between our walk and its KILL is found by another walk.
constexpr Micros kKillAgain_us = 50 * kMillisecond;

/// EPIPE sends us SIGPIPE, and kill(0) reaches us, too: our own signals are nobody's wish.
bool FromOurselves(const event::SignalRecord& record) {
  return record.signal != SIGCHLD && record.sender == getpid();
}

SignalSender SenderOf(const event::SignalRecord& record) {
  return {.pid = record.sender, .uid = record.uid, .from_kernel = record.code == SI_KERNEL};
}

bool SentByTerminal(const event::SignalRecord& record) {
  return record.code == SI_KERNEL &&
         (record.signal == SIGINT || record.signal == SIGQUIT || record.signal == SIGTSTP ||
          record.signal == SIGHUP || record.signal == SIGWINCH || record.signal == SIGCONT);
}

}  // namespace

Daemon::Daemon(sys::ProcessOps& ops, const model::RunSpec& spec, RunObserver& observer,
               const sys::InheritedSignals& inherited)
    : ops_(ops),
      spec_(spec),
      observer_(observer),
      inherited_(inherited),
      main_(ops, spec.main),
      exit_status_(spec.exit),
      reaper_(ops, *this, reap::PlanLimits{}) {}

RunResult Daemon::Run() {
  const Status ready = SetUp();
  if (!ready) {
    observer_.OnFatal(ready.error());
    return {.exit_code = spec_.exit.own_failure};
  }
  if (const auto failed = StartMain()) {
    observer_.OnExit(*failed);
    return {.exit_code = *failed};
  }
  AfterStart();
  loop_->Run();
  return Conclude();
}

Status Daemon::SetUp() {
  const auto standing = TakeStanding(spec_);
  if (!standing) return standing.error();
  standing_ = *standing;
  auto loop = event::EventLoop::Create(ops_);
  if (!loop) return loop.error();
  loop_ = std::move(loop).value();
  const auto faults =
      spec_.signals.forward_faults ? sys::FaultSignals::kTake : sys::FaultSignals::kLeave;
  auto signal_fd = sys::OpenSignalFd(faults);
  if (!signal_fd) return signal_fd.error();
  auto signals =
      event::SignalSource::Create(*loop_, ops_, std::move(signal_fd).value(),
                                  [this](const event::SignalRecord& record) { OnSignal(record); });
  if (!signals) return signals.error();
  signals_ = std::move(signals).value();

  job_control_.emplace(spec_, standing_.pid1, observer_);
  stop_.emplace(service::SettleStop(spec_.stop, spec_.exit, standing_.pid1));
  observer_.OnReady(standing_.pid1, standing_.subreaper);
  return {};
}

std::optional<int> Daemon::StartMain() {
  const int terminal_fd = job_control_->PrepareHandOver();
  main_.SetProcessGroup(job_control_->process_group());
  if (!standing_.pid1 && !standing_.subreaper) observer_.OnNotReaping();
  if (spec_.main.command.empty()) return std::nullopt;
  const sys::ChildReport failure = main_.Start({.mode = sys::SpawnMode::kWaitForExec,
                                                .signal_mask = inherited_.blocked,
                                                .terminal_fd = terminal_fd});
  if (failure.step == sys::SpawnStep::kNone) {
    observer_.OnStarted(spec_.main, main_.pid());
    return std::nullopt;
  }
  job_control_->TakeBack(main_);
  observer_.OnStartFailed(spec_.main, sys::StepName(failure.step), failure.code);
  WriteTerminationLog("cannot start " + Printable(spec_.main.command.front()) + ": " +
                      sys::StepName(failure.step) + ": " + ErrnoText(failure.code) + "\n");
  const bool interpreter = failure.step == sys::SpawnStep::kInterpreter;
  if (failure.step != sys::SpawnStep::kExec && !interpreter) return spec_.exit.own_failure;
  return model::MapStatus(
      spec_.exit, model::ExecFailureStatus(spec_.exit.exec_failure, failure.code, interpreter));
}

void Daemon::AfterStart() {
  loop_->OnFailure([this](std::string_view what, int code) { WarnOfFailure(what, code); });
  signals_->OnFailure([this](std::string_view what, int code) { WarnOfFailure(what, code); });
  reap_job_ =
      loop_->AddJob(event::Priority::kDeaths, [this](event::Turn& turn) { return Reap(turn); });
  reap_deadline_ = loop_->AddDeadline([this] { loop_->Wake(reap_job_); });
  stop_deadline_ = loop_->AddDeadline([this] { Act(stop_->OnDeadline(ops_.Now())); });
  kill_again_ = loop_->AddDeadline([this] { SignalAll({SIGKILL}); });
  tree_.emplace(*loop_, ops_, standing_.pid1, kProcRoot,
                [this](const service::TreeOutcome& outcome) { OnTreeSignalled(outcome); });
  drain_.emplace(*loop_, ops_, observer_, [this] { Act(stop_->OnDrainCommandEnded(ops_.Now())); });
  if (main_.running()) reaper_.Know({.pid = main_.pid(), .role = model::Role::kMain});
  if (main_.pidfd() >= 0) {
    // Edge-triggered: while somebody else traces a dead main, its pidfd stays readable and waitid
    // says nothing.
    const auto source = loop_->AddIo(main_.pidfd(), EPOLLIN | EPOLLET, event::Priority::kSignals,
                                     [this](std::uint32_t, event::Turn&) {
                                       reaper_.OnPidfdReadable(main_.pid());
                                       loop_->Wake(reap_job_);
                                       return event::After::kWait;
                                     });
    if (source) {
      main_source_ = *source;
    } else {
      observer_.OnWarning(source.error());  // SIGCHLD tells of main, too
    }
  }
  if (spec_.change_to_root) static_cast<void>(!chdir("/"));
  if (spec_.close_inherited_descriptors) sys::CloseInheritedDescriptors();
  loop_->Wake(reap_job_);
}

void Daemon::OnSignal(const event::SignalRecord& record) {
  if (record.signal == SIGCHLD) {
    reaper_.OnSigchld(record.sender);
    loop_->Wake(reap_job_);
    return;
  }
  SignalNews news{.received = record.signal, .sender = SenderOf(record)};
  // Before FromOurselves: the kernel sends these in our name.
  if (job_control_->IsOwnHangup(record.signal)) {
    news.outcome = SignalNews::Outcome::kIgnoredHangup;
    observer_.OnSignal(news);
    return;
  }
  if (FromOurselves(record)) return;
  SignalPlan plan = PlanSignal(record.signal, spec_, standing_.pid1);
  if (SentByTerminal(record) && job_control_->TerminalSignalsMain()) plan.sent = 0;
  news.sent = plan.sent;
  if (plan.action == SignalAction::kStop) {
    OnStopSignal(record, plan);
    return;
  }
  if (plan.action == SignalAction::kContinue) {
    news.error_code = job_control_->OnContinued(main_, record.signal);
  } else if (plan.sent == 0 || !main_.pid()) {
    news.outcome = SignalNews::Outcome::kDropped;
  } else {
    news.error_code = Forward(plan.sent);
  }
  if (news.error_code == ESRCH) {
    news.outcome = SignalNews::Outcome::kNobodyLeft;
  } else if (news.error_code != 0) {
    news.outcome = SignalNews::Outcome::kFailed;
  }
  observer_.OnSignal(news);
  const bool job_signal =
      record.signal == SIGTSTP || record.signal == SIGTTIN || record.signal == SIGTTOU;
  if (job_signal && spec_.signals.job_signals_stop_us) job_control_->StopSelf();
}

void Daemon::OnStopSignal(const event::SignalRecord& record, const SignalPlan& plan) {
  SignalNews news{.received = record.signal, .sent = plan.sent, .sender = SenderOf(record)};
  const service::StopActions actions = stop_->OnStopSignal(plan.sent, ops_.Now());
  if (main_.pid() == 0) {
    // No command to wait for: the stop signal is all that was waited for.
    news.outcome = SignalNews::Outcome::kNobodyLeft;
    observer_.OnSignal(news);
    Finish();
    return;
  }
  using Kind = service::StopAction::Kind;
  news.outcome = plan.sent == 0 ? SignalNews::Outcome::kDropped : SignalNews::Outcome::kNobodyLeft;
  for (const service::StopAction& action : actions) {
    if (action.kind == Kind::kStartDrain) news.outcome = SignalNews::Outcome::kDrainStarted;
    if (action.kind == Kind::kKillAll) news.outcome = SignalNews::Outcome::kKilledAll;
    if (action.kind == Kind::kEndDrain) news.outcome = SignalNews::Outcome::kDrainEnded;
    if (action.kind == Kind::kForward) {
      news.error_code = Forward(action.signal);
      if (news.error_code != 0) news.outcome = SignalNews::Outcome::kFailed;
      if (news.error_code == ESRCH) news.outcome = SignalNews::Outcome::kNobodyLeft;
      if (news.error_code == 0 && news.outcome != SignalNews::Outcome::kDrainEnded) {
        news.outcome = SignalNews::Outcome::kForwarded;
      }
    }
    if (action.kind == Kind::kForwardAll || action.kind == Kind::kTerminateAll) {
      news.outcome = SignalNews::Outcome::kForwarded;
    }
  }
  observer_.OnSignal(news);
  for (const service::StopAction& action : actions) {
    if (action.kind != Kind::kForward) Act(action);
  }
  SetStopDeadline();
}

event::After Daemon::Reap(event::Turn& turn) {
  reap::Rest rest = reaper_.Run(turn);
  if (main_ended_ && !no_child_left_ && !rest.more) {
    // What follows depends on whether anybody is left, which a put-off sweep has not told.
    reaper_.OnSweepWanted();
    rest = reaper_.Run(turn);
  }
  if (rest.until_us) {
    loop_->SetDeadline(reap_deadline_, *rest.until_us);
  } else {
    loop_->ClearDeadline(reap_deadline_);
  }
  TellStopSequence(rest.more);
  return rest.more ? event::After::kMore : event::After::kWait;
}

void Daemon::TellStopSequence(bool reaping_goes_on) {
  const Micros now_us = ops_.Now();
  if (main_ended_) {
    main_ended_ = false;
    Act(stop_->OnMainEnded(!no_child_left_, now_us));
  }
  if (!no_child_left_ || reaping_goes_on) return;
  no_child_left_ = false;
  if (main_.running()) {
    // Somebody else reaped main: a tracer, or a library in our place. It will not come back.
    observer_.OnWarning(Error(ECHILD, "main is gone and its status is not known"));
    Finish();
    return;
  }
  Act(stop_->OnNoChildLeft(now_us));
}

void Daemon::OnReaped(const model::Death& death, const model::ProcessInfo*) {
  const bool is_main = main_.OnReaped(death);
  const bool is_drain = drain_ && drain_->OnReaped(death);
  observer_.OnReaped(death.pid, death.status, is_main);
  if (!is_drain) exit_status_.OnReaped(death.status, is_main);
  if (!is_main) return;
  if (main_source_) loop_->RemoveIo(*main_source_);
  main_source_.reset();
  main_.ClosePidfd();
  if (spec_.stop.signal_group_at_end != 0) {
    const auto number = static_cast<std::size_t>(spec_.stop.signal_group_at_end);
    const int signal = spec_.signals.rewrite[number];
    // The group's number is not free while the group has members, and without members nobody can
    // have taken it in the moment since the reap: numbers are given out in a circle.
    if (signal != 0) static_cast<void>(ops_.SignalGroup(main_.pid(), signal));
  }
  observer_.OnMainEnded(spec_.main, main_.pid(), death.status, main_.run_time_us());
  main_ended_ = true;
}

void Daemon::OnStopped(pid_t pid, int signal) {
  if (main_.running() && pid == main_.pid()) job_control_->OnMainStopped(main_, signal);
}

void Daemon::Act(const service::StopActions& actions) {
  for (const service::StopAction& action : actions)
    Act(action);
  SetStopDeadline();
}

void Daemon::Act(const service::StopAction& action) {
  using Kind = service::StopAction::Kind;
  switch (action.kind) {
    case Kind::kStartDrain:
      if (!spec_.stop.drain_command.empty()) {
        const pid_t pid = drain_->Start(spec_, inherited_.blocked);
        if (pid != 0) reaper_.Know({.pid = pid, .role = model::Role::kHook});
      }
      return;
    case Kind::kEndDrain:
      drain_->End();
      return;
    case Kind::kForward:
      if (const int code = Forward(action.signal); code != 0 && code != ESRCH) {
        WarnOfFailure("forwarding " + model::SignalName(action.signal), code);
      }
      return;
    case Kind::kForwardAll:
      SignalAll({action.signal, SIGCONT});
      return;
    case Kind::kTerminateAll:
      observer_.OnSweepRest(SIGTERM, {});
      SignalAll({SIGTERM, SIGCONT});
      return;
    case Kind::kKillAll:
      observer_.OnSweepRest(SIGKILL, FindRemaining());
      SignalAll({SIGKILL});
      return;
    case Kind::kFinish:
      Finish();
      return;
  }
}

int Daemon::Forward(int signal) {
  if (!main_.running()) return ESRCH;
  switch (spec_.signals.target) {
    case model::SignalTarget::kMain:
      return main_.Signal(signal);
    case model::SignalTarget::kGroup:
      return main_.SignalGroup(signal);
    case model::SignalTarget::kSession:
      tree_->Send({.kind = service::TreeTarget::Kind::kSession, .session = getsid(main_.pid())},
                  {signal});
      return 0;
    case model::SignalTarget::kAll:
      tree_->Send({}, {signal});
      return 0;
  }
  return EINVAL;
}

void Daemon::SignalAll(std::vector<int> signals) {
  tree_->Send({}, std::move(signals));
}

void Daemon::OnTreeSignalled(const service::TreeOutcome& outcome) {
  if (outcome.error == ENOENT) {
    observer_.OnWarning(Error(ENOENT,
                              "without a /proc of our pid namespace nobody but main can be "
                              "found to get " +
                                  model::SignalName(outcome.signal)));
  } else if (outcome.error != 0 && outcome.error != ESRCH) {
    WarnOfFailure("sending " + model::SignalName(outcome.signal) + " to descendants",
                  outcome.error);
  }
  // Without /proc, or for whoever escaped every walk: main at least is known.
  if (outcome.reached == 0 && main_.running()) static_cast<void>(main_.SignalGroup(outcome.signal));
  const bool killing = outcome.signal == SIGKILL && outcome.error != ENOENT && !standing_.pid1 &&
                       stop_->phase() == service::StopSequence::Phase::kKilled;
  if (killing) loop_->SetDeadline(kill_again_, ops_.Now() + kKillAgain_us);
}

void Daemon::SetStopDeadline() {
  if (const auto deadline_us = stop_->deadline_us()) {
    loop_->SetDeadline(stop_deadline_, *deadline_us);
  } else {
    loop_->ClearDeadline(stop_deadline_);
  }
}

void Daemon::Finish() {
  if (stop_->phase() == service::StopSequence::Phase::kDone && stop_->gave_up()) {
    observer_.OnLeftBehind(FindRemaining());
  }
  loop_->Stop();
}

RunResult Daemon::Conclude() {
  job_control_->TakeBack(main_);
  const auto& status = main_.exit_status();
  if (status && !status->success()) {
    WriteTerminationLog(spec_.main.name + " " + NameWithPid(spec_.main, main_.pid()) + " " +
                        Describe(*status) + " after " + FormatDuration(main_.run_time_us()) + "\n");
  }
  RunResult result{.exit_code = spec_.main.command.empty() ? 0 : exit_status_.Code()};
  const auto deciding = exit_status_.Deciding();
  if (spec_.exit.by_signal && !standing_.pid1 && deciding &&
      deciding->how == model::ExitStatus::How::kSignal &&
      result.exit_code == deciding->ShellCode()) {
    result.die_by_signal = deciding->value;
  }
  observer_.OnExit(result.exit_code);
  return result;
}

void Daemon::WriteTerminationLog(const std::string& text) {
  const std::string path = spec_.termination_log.value_or(kDefaultTerminationLog);
  if (path.empty()) return;
  const Status written = sys::WriteTerminationLog(path, text);
  // The default is only used where a runtime made it.
  if (!written && spec_.termination_log) observer_.OnWarning(written.error());
}

void Daemon::WarnOfFailure(std::string_view what, int code) {
  const auto held_back = failures_.Allow(ops_.Now());
  if (!held_back) return;
  std::string text = std::string(what) + " failed, going on";
  if (*held_back > 0) text += " (" + std::to_string(*held_back) + " more warnings were held back)";
  observer_.OnWarning(Error::FromErrno(text, code));
}

}  // namespace reaperd::daemon
