// Daemon: the composition root. Makes everything, connects it, and runs one RunSpec to its end.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "base/rate_limit.h"
#include "daemon/control_desk.h"
#include "daemon/death_desk.h"
#include "daemon/drain_command.h"
#include "daemon/event_feed.h"
#include "daemon/job_control.h"
#include "daemon/pid1_setup.h"
#include "daemon/run_observer.h"
#include "daemon/signal_actions.h"
#include "daemon/status_desk.h"
#include "event/event_loop.h"
#include "event/signal_source.h"
#include "model/run_spec.h"
#include "reap/reaper.h"
#include "service/exit_status_policy.h"
#include "service/service.h"
#include "service/stop_sequence.h"
#include "service/tree_signaller.h"
#include "sys/process_ops.h"
#include "sys/signals.h"

namespace reaperd::daemon {

/// How the process is to end.
struct RunResult {
  int exit_code = 0;
  int die_by_signal = 0;  ///< --exit-by-signal; 0: exit with the code
};

class Daemon final : private reap::ReapObserver, private RunControl {
 public:
  /// `ops`, `spec` and `observer` must outlive it. `inherited`: from sys::TakeOverSignals.
  Daemon(sys::ProcessOps& ops, const model::RunSpec& spec, RunObserver& observer,
         const sys::InheritedSignals& inherited);

  /// Starts main and returns when the run is over. Nothing is started if anything that was asked
  /// for cannot be had; after the start no error ends the run.
  RunResult Run();

  /// What the status socket speaks to: from the start of main to the end of Run. nullptr when
  /// nothing wants a DeathDesk (--records off and no more).
  [[nodiscard]] status::ControlPlane* control();
  /// Called when main was started, before the loop turns: for those who speak to control().
  using StartedHandler = std::function<void(event::EventLoop& loop)>;
  void OnStarted(StartedHandler handler) { on_started_ = std::move(handler); }

 private:
  // --- before and at the start
  Status SetUp();
  /// The exit code when main could not be started.
  std::optional<int> StartMain();
  void AfterStart();

  // --- the loop's handlers
  void OnSignal(const event::SignalRecord& record);
  void OnStopSignal(const event::SignalRecord& record, const SignalPlan& plan);
  void TellSignal(const SignalNews& news);
  /// With its name, if it still has one: it may be gone by now, or its number another's, so nothing
  /// rests on it.
  static model::SignalSender Named(model::SignalSender sender);
  /// So that the reaper hears of its end. nullopt: SIGCHLD has to do.
  std::optional<event::SourceId> WatchPidfd(pid_t pid, int pidfd);
  void UnwatchDrain();
  void SignalGroupAtEnd();
  event::After Reap(event::Turn& turn);
  reap::Rest RunReaper(event::Turn& turn);
  /// Until it rests, or the turn is over.
  reap::Rest RunReaperToRest(event::Turn& turn);

  // --- reap::ReapObserver
  bool WantsLook(Micros now_us) override { return desk_ && desk_->WantsLook(now_us); }
  reap::Decision OnDeath(const model::Death& death, const model::ProcessInfo* known) override;
  void OnReaped(const model::Death& reaped, const model::ProcessInfo* known) override;
  void OnAdopted(const model::ProcessInfo& process) override;
  void OnChanged(const model::ProcessInfo& process) override { desk_->OnChanged(process); }
  void OnOnlyHeldLeft() override;
  void OnStopped(pid_t pid, int signal) override;
  void OnNoChildLeft() override { no_child_left_ = true; }
  void OnWaitFailed(int code) override { WarnOfFailure("waitid", code); }

  // --- RunControl
  void AddRun(model::StatusView& view) const override;
  /// Ourselves excepted.
  [[nodiscard]] model::RemainingList WhoRemains() const override;
  [[nodiscard]] std::string Explain() override;
  Status SignalService(const std::string& name, int signal,
                       const model::SignalSender& sender) override;
  void NoteSignal(pid_t pid, int signal, const model::SignalSender& sender) override;
  void BeginStop(const model::SignalSender& who) override;
  bool SetLogLevel(model::LogLevel level) override;

  /// As far as this run has met with it.
  [[nodiscard]] Place PlaceNow();

  // --- what follows
  void TellStopSequence(bool reaping_goes_on);
  void Act(const service::StopActions& actions);
  void Act(const service::StopAction& action);
  /// To the target of forwarded signals. 0 or an errno.
  int Forward(int signal, const model::SignalSender* sender = nullptr);
  /// 0: its leader is outside our pid namespace; -1: main is gone.
  pid_t MainsSession();
  void SignalAll(std::vector<int> signals, model::SentSignal::Purpose purpose);
  void KillAll();
  /// So that a death by it can be told from others.
  void NoteSent(int signal, model::SentSignal::Purpose purpose, const model::SignalSender* sender);
  void OnTreeSignalled(const service::TreeOutcome& outcome);
  void Finish();
  RunResult Conclude();
  [[nodiscard]] bool IsHelper(pid_t pid) const;
  void MakeDesk();
  void ServeStatus();
  void KnowMain();
  void KnowDrain(pid_t pid);
  /// Main could not be started: for the death log.
  void RecordFailedMain(const sys::ChildReport& failure);
  void NoteMainsEnd(const model::DeathRecord& main);
  void WriteTerminationLog(const std::string& text);
  void WarnOfFailure(std::string_view what, int code);
  void SetStopDeadline();

  sys::ProcessOps& ops_;
  const model::RunSpec& spec_;
  RunObserver& observer_;
  sys::InheritedSignals inherited_;
  Standing standing_;
  std::unique_ptr<event::EventLoop> loop_;
  std::unique_ptr<event::SignalSource> signals_;
  std::optional<JobControl> job_control_;
  std::optional<service::StopSequence> stop_;
  std::optional<service::TreeSignaller> tree_;
  std::optional<DrainCommand> drain_;
  service::Service main_;
  service::ExitStatusPolicy exit_status_;
  reap::Reaper reaper_;
  UniqueFd death_log_;
  EventFeed events_;
  std::optional<DeathDesk> desk_;       ///< made after the start; nullopt: nothing wants one
  std::optional<ControlDesk> control_;  ///< made when somebody asks for it
  StatusDesk status_;
  StartedHandler on_started_;
  std::shared_ptr<const model::DeathRecord> main_record_;
  Micros started_us_ = 0;
  model::RunPhase told_phase_ = model::RunPhase::kRunning;
  event::SourceId reap_job_ = 0;
  event::DeadlineId reap_deadline_ = 0;
  event::DeadlineId stop_deadline_ = 0;
  event::DeadlineId kill_again_ = 0;
  std::optional<event::SourceId> main_source_;
  std::optional<event::SourceId> drain_source_;  ///< only where the kernel reaps
  RateLimit failures_{5, 10 * kSecond};
  bool asked_to_end_ = false;            ///< what remains had a signal before the KILL
  bool end_noted_ = false;               ///< in the termination log
  std::optional<Micros> main_ended_us_;  ///< and the stop sequence has not been told
  bool no_child_left_ = false;           ///< the same
};

}  // namespace reaperd::daemon
