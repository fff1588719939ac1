#include "daemon/daemon.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "base/text.h"
#include "daemon/auto_reap_setup.h"
#include "daemon/blockers.h"
#include "daemon/death_checks.h"
#include "daemon/log_voice.h"
#include "sys/descriptors.h"
#include "sys/pidfd.h"
#include "sys/termination_log.h"

namespace reaperd::daemon {
namespace {

constexpr char kProcRoot[] = "/proc";
/// So long may the reaping of those who were held delay what follows main's end.
constexpr Micros kReleaseAtEnd_us = 250 * kMillisecond;
constexpr char kDefaultTerminationLog[] = "/dev/termination-log";

}  // namespace

Daemon::Daemon(sys::ProcessOps& ops, const model::RunSpec& spec, RunObserver& observer,
               const sys::InheritedSignals& inherited)
    : ops_(ops),
      spec_(spec),
      observer_(observer),
      inherited_(inherited),
      main_(ops, spec.main),
      exit_status_(spec.exit),
      reaper_(ops, *this, reap::PlanLimits{}),
      events_(ops),
      started_us_(ops.Now()) {}

RunResult Daemon::Run() {
  const Status ready = SetUp();
  if (!ready) {
    observer_.OnFatal(ready.error());
    return {.exit_code = spec_.exit.own_failure};
  }
  if (const auto failed = StartMain()) {
    if (desk_) desk_->Finish();
    observer_.OnExit(*failed);
    return {.exit_code = *failed};
  }
  AfterStart();
  if (on_started_) on_started_(*loop_);
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

  if (Status holding = CheckHolding(spec_); !holding) return holding;
  if (Status watching = CheckWatching(spec_); !watching) return watching;
  if (Status socket = status_.OpenNamed(spec_.status_socket); !socket) return socket;
  auto death_log = OpenDeathLog(spec_);
  if (!death_log) return death_log.error();
  death_log_ = std::move(death_log).value();
  if (spec_.reap == model::ReapMode::kAuto) {
    if (Status reaping = SetUpAutoReap(spec_, ops_); !reaping) return reaping;
    reaper_.LetKernelReap();
    main_.SignalByPidfdOnly();
  }
  job_control_.emplace(spec_, standing_.pid1, observer_);
  stop_.emplace(service::SettleStop(spec_.stop, spec_.exit, standing_.pid1));
  observer_.OnReady(standing_.pid1, standing_.subreaper);
  for (const std::string& warning : spec_.warnings)
    observer_.OnWarning(Error(0, warning));
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
  RecordFailedMain(failure);
  WriteTerminationLog("cannot start " + Printable(spec_.main.command.front()) + ": " +
                      sys::StepName(failure.step) + ": " + ErrnoText(failure.code) + "\n");
  const bool interpreter = failure.step == sys::SpawnStep::kInterpreter;
  const bool of_command = failure.step == sys::SpawnStep::kExec || interpreter;
  const auto status =
      of_command ? model::ExecFailureStatus(spec_.exit.exec_failure, failure.code, interpreter)
                 : std::nullopt;
  return status ? model::MapStatus(spec_.exit, *status) : spec_.exit.own_failure;
}

void Daemon::MakeDesk() {
  desk_.emplace(DeathDesk::Surroundings{
                    .loop = *loop_,
                    .ops = ops_,
                    .reaper = reaper_,
                    .observer = observer_,
                    .events = events_,
                    .pid1 = standing_.pid1,
                    .wake = [this] { loop_->Wake(reap_job_); },
                    // Whoever reads of its end need not wait for the end of the hold.
                    .on_main_held = [this](const model::DeathRecord& main) { NoteMainsEnd(main); }},
                spec_, std::move(death_log_));
}

void Daemon::KnowMain() {
  model::ProcessInfo main{.pid = main_.pid(),
                          .role = model::Role::kMain,
                          .first_seen_us = main_.started_us(),
                          .service = main_.spec().name};
  if (desk_) {
    if (main_.pidfd() >= 0) main.pidfs_inode = sys::PidfsInode(main_.pidfd());
    auto shadow = std::make_shared<model::Shadow>(*model::ShadowOfCommand(main_.spec().command));
    shadow->uid = spec_.main.user ? spec_.main.user->uid : geteuid();
    main.shadow = std::move(shadow);
  }
  reaper_.Know(std::move(main), main_.pidfd());
}

void Daemon::RecordFailedMain(const sys::ChildReport& failure) {
  if (!WantsDeathDesk(spec_) || main_.failed_pid() == 0) return;
  MakeDesk();
  const model::ProcessInfo known{.pid = main_.failed_pid(),
                                 .first_sight = model::FirstSight::kSpawn,
                                 .role = model::Role::kMain,
                                 .first_seen_us = main_.started_us(),
                                 .shadow = model::ShadowOfCommand(spec_.main.command),
                                 .service = spec_.main.name};
  desk_->OnExecFailed(known.pid, sys::StepName(failure.step), failure.code);
  desk_->OnReaped({.pid = known.pid,
                   .status = model::ExitStatus::Exited(sys::kFailedChildCode),
                   .uid = getuid(),
                   .seen_us = ops_.Now(),
                   .usage = std::nullopt},
                  &known);
}

bool Daemon::IsHelper(pid_t pid) const {
  return desk_ && desk_->IsHelper(pid);
}

model::RemainingList Daemon::WhoRemains() const {
  return FindRemaining([this](pid_t pid) { return IsHelper(pid) || reaper_.plan().WasSeen(pid); });
}

void Daemon::AfterStart() {
  loop_->OnFailure([this](std::string_view what, int code) { WarnOfFailure(what, code); });
  signals_->OnFailure([this](std::string_view what, int code) { WarnOfFailure(what, code); });
  reap_job_ =
      loop_->AddJob(event::Priority::kDeaths, [this](event::Turn& turn) { return Reap(turn); });
  reap_deadline_ = loop_->AddDeadline([this] { loop_->Wake(reap_job_); });
  stop_deadline_ = loop_->AddDeadline([this] { Act(stop_->OnDeadline(ops_.Now())); });
  kill_again_ = loop_->AddDeadline([this] { KillAll(); });
  if (WantsDeathDesk(spec_) || spec_.status_socket.Wanted(standing_.pid1)) MakeDesk();
  tree_.emplace(*loop_, ops_, standing_.pid1, kProcRoot,
                [this](const service::TreeOutcome& outcome) { OnTreeSignalled(outcome); });
  tree_->Spare([this](pid_t pid) { return IsHelper(pid); });
  drain_.emplace(*loop_, ops_, observer_, [this] { Act(stop_->OnDrainCommandEnded(ops_.Now())); });
  drain_->OnFailure([this](pid_t pid, const sys::ChildReport& failure) {
    if (!desk_) return;
    if (pid == 0) {
      desk_->OnSpawnFailed(failure.code);
    } else {
      desk_->OnExecFailed(pid, sys::StepName(failure.step), failure.code);
    }
  });
  if (main_.running()) KnowMain();
  if (desk_) desk_->Start();
  if (main_.pidfd() >= 0) main_source_ = WatchPidfd(main_.pid(), main_.pidfd());
  ServeStatus();
  if (spec_.change_to_root) static_cast<void>(!chdir("/"));
  if (spec_.close_inherited_descriptors) sys::CloseInheritedDescriptors();
  loop_->Wake(reap_job_);
}

reap::Rest Daemon::RunReaper(event::Turn& turn) {
  for (;;) {
    const reap::Rest rest = reaper_.Run(turn);
    const bool again = desk_ && desk_->AfterRun(rest.more);
    if (!again || rest.more) return {.more = rest.more || again, .until_us = rest.until_us};
  }
}

reap::Rest Daemon::RunReaperToRest(event::Turn& turn) {
  reap::Rest rest;
  do {
    rest = RunReaper(turn);
  } while (rest.more && !turn.OverNow());
  return rest;
}

event::After Daemon::Reap(event::Turn& turn) {
  reap::Rest rest = RunReaper(turn);
  // What follows main's end depends on whether anybody is left: signals wait for that.
  if (main_ended_us_ && rest.more) rest = RunReaperToRest(turn);
  if (main_ended_us_ && !no_child_left_ && !rest.more) {
    // A put-off sweep has not told it.
    reaper_.OnSweepWanted();
    rest = RunReaperToRest(turn);
  }
  // Those who were held until main's end go before us, each with its line in the death log. In a
  // flood there is always one more: what follows main's end does not wait for long.
  const bool releasing = main_ended_us_ && rest.more && reaper_.plan().IsReapDue();
  if (releasing && ops_.Now() - *main_ended_us_ < kReleaseAtEnd_us) return event::After::kMore;
  if (rest.until_us) {
    loop_->SetDeadline(reap_deadline_, *rest.until_us);
  } else {
    loop_->ClearDeadline(reap_deadline_);
  }
  TellStopSequence(rest.more);
  if (control_) control_->AfterRun();
  return rest.more ? event::After::kMore : event::After::kWait;
}

void Daemon::TellStopSequence(bool reaping_goes_on) {
  const Micros now_us = ops_.Now();
  if (std::exchange(main_ended_us_, std::nullopt)) {
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

reap::Decision Daemon::OnDeath(const model::Death& death, const model::ProcessInfo* known) {
  // A report of a failed exec is in its pipe by now, and explains the death.
  if (drain_) drain_->OnDeath(death.pid);
  return desk_->OnDeath(death, known);
}

void Daemon::OnReaped(const model::Death& reaped, const model::ProcessInfo* known) {
  model::Death death = reaped;
  if (drain_) drain_->OnDeath(death.pid);
  std::shared_ptr<const model::DeathRecord> record;
  if (desk_) record = desk_->OnReaped(death, known);
  if (control_) control_->OnReaped(death.pid);
  if (record) death.seen_us = record->died_us;  // it may have been held since
  const bool is_main = main_.OnReaped(death);
  const bool is_drain = drain_ && drain_->OnReaped(death);
  if (known != nullptr && known->role == model::Role::kHelper) return;
  observer_.OnReaped(death.pid, death.status, is_main);
  if (is_drain) UnwatchDrain();
  if (!is_drain) exit_status_.OnReaped(death.status, is_main);
  if (!is_main) return;
  SignalGroupAtEnd();
  if (main_source_) loop_->RemoveIo(*main_source_);
  main_source_.reset();
  main_.ClosePidfd();
  main_record_ = record;
  // The run is over, but for those that --wait-for all waits for.
  if (desk_ && spec_.exit.wait_for == model::WaitFor::kMain) desk_->Close();
  observer_.OnMainEnded(spec_.main, main_.pid(), death.status, main_.run_time_us());
  main_ended_us_ = ops_.Now();
}

void Daemon::OnAdopted(const model::ProcessInfo& process) {
  desk_->OnAdopted(process);
}

void Daemon::OnOnlyHeldLeft() {
  // With --wait-for all the run would wait for them.
  if (desk_ && !main_.running()) desk_->Close();
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
        if (pid != 0) KnowDrain(pid);
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
      SignalAll({action.signal, SIGCONT}, model::SentSignal::Purpose::kForwarded);
      return;
    case Kind::kTerminateAll:
      observer_.OnSweepRest(SIGTERM, {});
      SignalAll({SIGTERM, SIGCONT}, model::SentSignal::Purpose::kStop);
      return;
    case Kind::kKillAll:
      observer_.OnSweepRest(SIGKILL, WhoRemains().processes);
      KillAll();
      return;
    case Kind::kFinish:
      Finish();
      return;
  }
}

void Daemon::SetStopDeadline() {
  if (std::exchange(told_phase_, stop_->phase()) != stop_->phase()) {
    events_.Tell([this] { return model::StoppingEvent{.phase = told_phase_}; });
  }
  if (const auto deadline_us = stop_->deadline_us()) {
    loop_->SetDeadline(stop_deadline_, *deadline_us);
  } else {
    loop_->ClearDeadline(stop_deadline_);
  }
}

void Daemon::Finish() {
  if (stop_->phase() == service::StopSequence::Phase::kDone && stop_->gave_up()) {
    observer_.OnLeftBehind(WhoRemains().processes);
  }
  loop_->Stop();
}

RunResult Daemon::Conclude() {
  status_.Stop(events_);
  job_control_->TakeBack(main_);
  if (desk_) desk_->Finish();
  const auto& status = main_.exit_status();
  if (main_record_) {
    NoteMainsEnd(*main_record_);
  } else if (status && !status->success()) {
    WriteTerminationLog(spec_.main.name + " " + NameWithPid(spec_.main, main_.pid()) + " " +
                        Describe(*status) + " after " + FormatDuration(main_.run_time_us()) + "\n");
  }
  RunResult result{.exit_code = spec_.main.command.empty() ? 0 : exit_status_.Code()};
  const auto deciding = exit_status_.Deciding();
  if (spec_.exit.oom_status && main_record_ && deciding == main_.exit_status() &&
      main_record_->verdict.cause == model::Cause::kOomKill) {
    result.exit_code = *spec_.exit.oom_status;
  }
  if (spec_.exit.by_signal && !standing_.pid1 && deciding &&
      deciding->how == model::ExitStatus::How::kSignal &&
      result.exit_code == deciding->ShellCode()) {
    result.die_by_signal = deciding->value;
  }
  observer_.OnExit(result.exit_code);
  return result;
}

void Daemon::NoteMainsEnd(const model::DeathRecord& main) {
  if (main.end.success() || std::exchange(end_noted_, true)) return;
  WriteTerminationLog(desk_->Note(main) + "\n");
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
