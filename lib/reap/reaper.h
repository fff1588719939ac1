// Reaper: carries out what reap::Plan decides, and tells what it found. The only one who waits.
//
// Owned by the composition root, runs as a job of the event loop: whoever hears of a SIGCHLD, a
// readable pidfd or the end of a hold tells it, wakes the job, and Run does the rest within the
// turn.
#pragma once

#include <optional>
#include <vector>

#include "event/turn.h"
#include "model/counters.h"
#include "model/death.h"
#include "reap/discovery.h"
#include "reap/plan.h"
#include "reap/process_table.h"
#include "sys/process_ops.h"

namespace reaperd::reap {

/// Who is told. Called during Run; must not block. May call the reaper's On… and Know functions.
class ReapObserver {
 public:
  ReapObserver() = default;
  ReapObserver(const ReapObserver&) = delete;
  ReapObserver& operator=(const ReapObserver&) = delete;
  virtual ~ReapObserver() = default;

  /// A death was seen and the zombie is still there. Asked only under may_hold or peek_first.
  virtual Decision OnDeath([[maybe_unused]] const model::Death& death) { return Decision::kReap; }
  /// The zombie is gone; its pid may be reused from now on.
  virtual void OnReaped(const model::Death& death) = 0;
  virtual void OnStopped([[maybe_unused]] pid_t pid, [[maybe_unused]] int signal) {}
  /// A child that we did not make was seen for the first time, alive or dead. Discovery only.
  virtual void OnAdopted([[maybe_unused]] const model::ProcessInfo& process) {}
  /// There is no child left. Told at most once until there may be one again.
  virtual void OnNoChildLeft() {}
  /// A wait failed with something else than ECHILD and is tried again later.
  virtual void OnWaitFailed([[maybe_unused]] int code) {}
};

/// What is left to do after Run.
struct Rest {
  bool more = false;               ///< the turn was over before the work was
  std::optional<Micros> until_us;  ///< call again then, if nothing happens before
};

class Reaper {
 public:
  /// Both must outlive the reaper.
  Reaper(sys::ProcessOps& ops, ReapObserver& observer, PlanLimits limits)
      : ops_(ops), observer_(observer), plan_(limits) {}

  /// Off by default: it costs a list of children now and then, and only shadows and news need it.
  void EnableDiscovery() { discovering_ = true; }
  void RequestDiscovery() { discovery_.OnRequest(); }

  void OnSigchld(pid_t hint);
  /// `pid`'s pidfd became readable. If waitid gives nothing, somebody else traces it: the SIGCHLD
  /// that comes when the tracer lets go brings us back, so nothing spins.
  void OnPidfdReadable(pid_t pid) { plan_.OnHint(pid); }
  void OnRelease(pid_t pid) { plan_.OnRelease(pid); }
  /// A decision depends on whether a child is left: the next Run finds out, whatever it costs.
  void OnSweepWanted() { plan_.OnSweepWanted(); }

  /// A child that we made.
  void Know(pid_t pid);

  Rest Run(event::Turn& turn);

  [[nodiscard]] const model::ReapCounters& counters() const { return counters_; }
  [[nodiscard]] const ProcessTable& table() const { return table_; }
  [[nodiscard]] const Plan& plan() const { return plan_; }

 private:
  void Wait(const Action& action);
  void ListPart(const Action& action);
  void OnDead(const Action& action, const model::WaitOutcome& outcome);
  void NoChildLeft();
  bool Discover(event::Turn& turn);
  void AddListed();

  sys::ProcessOps& ops_;
  ReapObserver& observer_;
  Plan plan_;
  Discovery discovery_;
  ProcessTable table_;
  model::ReapCounters counters_;
  Micros now_us_ = 0;  ///< the end of the last call is the start of the next
  bool discovering_ = false;
  bool may_have_children_ = true;
  std::vector<pid_t> part_;                  ///< reused: a part of a list
  std::size_t listed_ = 0;                   ///< pids in the list that is being read
  std::optional<Micros> discovery_cost_us_;  ///< a discovery is under way and has cost this
};

}  // namespace reaperd::reap
