// DeathDesk: what is done about a death beside reaping it: its record, its hold, its line in the
// death log, and the zombies that others keep. Part of the composition root: connects lib/reap's
// recorder, hold desk and foreign zombies with the scribe and with the JSON of lib/status.
//
// Owned by Daemon, which passes on what the reaper tells, and calls AfterRun after each of its runs.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/event_feed.h"
#include "daemon/foreign_news.h"
#include "daemon/living_texts.h"
#include "daemon/run_observer.h"
#include "event/event_loop.h"
#include "model/run_spec.h"
#include "reap/foreign_zombies.h"
#include "reap/hold_desk.h"
#include "reap/kin_watch.h"
#include "reap/oom_desk.h"
#include "reap/reaper.h"
#include "reap/recorder.h"
#include "scribe/scribe.h"
#include "status/status_json.h"
#include "sys/cgroup_event_file.h"
#include "sys/output_file.h"
#include "sys/process_limits.h"
#include "sys/process_ops.h"

namespace reaperd::daemon {

class DeathDesk final : private reap::RecordObserver,
                        private reap::HoldObserver,
                        private reap::ForeignObserver,
                        private scribe::ScribeObserver {
 public:
  struct Surroundings {
    event::EventLoop& loop;
    sys::ProcessOps& ops;
    reap::Reaper& reaper;
    RunObserver& observer;
    EventFeed& events;
    bool pid1 = false;
    std::function<void()> wake;  ///< have the reaper run, and AfterRun called
    /// Main is dead and held.
    std::function<void(const model::DeathRecord& main)> on_main_held;
  };

  /// `spec` and what `around` refers to must outlive it.
  DeathDesk(const Surroundings& around, const model::RunSpec& spec, UniqueFd log);

  /// Main has been started. What would have delayed it.
  void Start() { WatchOom(); }

  // --- what the reaper tells
  bool WantsLook(Micros now_us) { return recorder_.WantsLook(now_us); }
  reap::Decision OnDeath(const model::Death& death, const model::ProcessInfo* known);
  std::shared_ptr<const model::DeathRecord> OnReaped(const model::Death& death,
                                                     const model::ProcessInfo* known);
  void OnAdopted(const model::ProcessInfo& process);
  void OnChanged(const model::ProcessInfo& process) { texts_.OnSeen(process); }
  /// True: the reaper has work, run it again.
  bool AfterRun(bool more_to_come);

  // --- what the daemon tells
  void OnSent(model::SentSignal sent) { recorder_.OnSent(std::move(sent)); }
  void OnExecFailed(pid_t pid, std::string_view step, int code);
  /// A process could not be started: EAGAIN tells that numbers are scarce.
  void OnSpawnFailed(int code);
  /// Nobody is kept any longer: a stop was asked for, or the run is over.
  void Close() { holds_.Close(model::ReleaseReason::kShutdown); }
  /// PID 1 wants to KILL everybody, which no process of ours survives either. False: the death log
  /// is still being written, ask again soon; true in the end whatever the log's disk does. After a
  /// true the KILL has to follow at once.
  [[nodiscard]] bool ReadyForKill();
  /// The loop has ended: waits, a little, until the death log is written.
  void Finish();

  /// A hold rule was added: those that live are looked at for it.
  void OnRuleAdded(const model::HoldRule& rule);

  // --- what is asked
  [[nodiscard]] reap::HoldDesk& holds() { return holds_; }
  [[nodiscard]] const reap::HoldDesk& holds() const { return holds_; }
  [[nodiscard]] const reap::Recorder& recorder() const { return recorder_; }
  [[nodiscard]] reap::ForeignZombies& foreign() { return foreign_; }
  [[nodiscard]] const reap::ForeignZombies& foreign() const { return foreign_; }
  [[nodiscard]] const model::ScribeCounters& scribe_counters() const { return scribe_.counters(); }
  /// For what is written now: the name of this run (16 hexadecimal digits) and the wall clock.
  [[nodiscard]] const status::JsonContext& Json();
  /// The sentence for the termination log.
  [[nodiscard]] std::string Note(const model::DeathRecord& main) const;
  /// Read anew, by what was mounted at the start: a few small files, and nothing that waits.
  [[nodiscard]] sys::ProcessLimits ProcessLimits();
  /// A part of ourselves.
  [[nodiscard]] bool IsHelper(pid_t pid) const { return scribe_.IsWorker(pid); }

 private:
  // --- RecordObserver
  void OnDied(const std::shared_ptr<const model::DeathRecord>& record) override;
  void OnRecorded(const std::shared_ptr<const model::DeathRecord>& record) override;
  // --- HoldObserver
  void OnHeld(const model::HoldInfo& hold) override;
  void OnReleased(const model::HoldInfo& hold, model::ReleaseReason reason) override;
  void OnBarrier(const model::BarrierResult& result) override;
  // --- ForeignObserver
  void OnForeign(const model::ForeignEvent& event) override;
  [[nodiscard]] std::vector<pid_t> Spared() const override;
  void TellMoreForeign();
  // --- ScribeObserver
  void OnScribeStarted(pid_t pid, int pidfd) override;
  void OnScribeStartFailed(const Error& error) override;
  void OnScribeLost(const scribe::ScribeLoss& loss) override;
  void OnLogLacks(std::uint64_t lines) override;
  void OnScribeEnded(pid_t pid) override;

  [[nodiscard]] scribe::ScribeSetup ScribeSetup() const;
  [[nodiscard]] reap::HoldSurroundings LimitsHere();
  void WatchKin(Micros interval_us);
  void WatchOom();
  void WatchPressure();
  void LookForPressure();

  Surroundings around_;
  const model::RunSpec& spec_;
  UniqueFd log_;
  reap::OomDesk oom_;
  scribe::Scribe scribe_;
  LivingTexts texts_;
  reap::Recorder recorder_;
  reap::HoldDesk holds_;
  reap::ForeignZombies foreign_;
  ForeignNews foreign_news_;
  event::DeadlineId foreign_rest_;
  std::optional<reap::KinWatch> kin_;  ///< --watch
  status::JsonContext json_;           ///< made by Json
  std::vector<pid_t> helpers_;         ///< that are not reaped yet
  std::optional<sys::CgroupEventFile> oom_events_;
  std::optional<sys::CgroupEventFile> pids_events_;
  bool pressure_watched_ = false;
  std::uint64_t forks_refused_ = 0;  ///< by pids_events_, at the last look
  Micros pressure_looked_us_ = 0;
  std::optional<Micros> kill_wanted_us_;  ///< since when it waits for the death log
};

}  // namespace reaperd::daemon
