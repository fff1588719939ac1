// Reaper: carries out what reap::Plan decides, and tells what it found. The only one who waits.
//
// Owned by the composition root, runs as a job of the event loop: whoever hears of a SIGCHLD, a
// readable pidfd or the end of a hold tells it, wakes the job, and Run does the rest within the
// turn.
#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "event/turn.h"
#include "model/counters.h"
#include "model/death.h"
#include "reap/discovery.h"
#include "reap/kin_table.h"
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

  /// The next death is to be shown as a zombie (OnDeath) before it is reaped.
  [[nodiscard]] virtual bool WantsLook([[maybe_unused]] Micros now_us) { return false; }
  /// A death was seen and the zombie is still there. Asked under may_hold and after WantsLook.
  /// `known`: what we knew of it, nullptr when only its death told us.
  virtual Decision OnDeath([[maybe_unused]] const model::Death& death,
                           [[maybe_unused]] const model::ProcessInfo* known) {
    return Decision::kReap;
  }
  /// The zombie is gone; its pid may be reused from now on.
  virtual void OnReaped(const model::Death& death, const model::ProcessInfo* known) = 0;
  virtual void OnStopped([[maybe_unused]] pid_t pid, [[maybe_unused]] int signal) {}
  /// A child that we did not make was seen for the first time. Discovery only; told when it was
  /// looked at, and without a shadow if it was dead by then.
  virtual void OnAdopted([[maybe_unused]] const model::ProcessInfo& process) {}
  /// It was looked at again, and has become another program since.
  virtual void OnChanged([[maybe_unused]] const model::ProcessInfo& process) {}
  /// There is no child left. Told at most once until there may be one again.
  virtual void OnNoChildLeft() {}
  /// All children that are left are held.
  virtual void OnOnlyHeldLeft() {}
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
  /// Before anything else, and for good: the kernel reaps (sys::LetKernelReap). What was dead before
  /// is found as ever; of the rest only those are told that Know was given a pidfd of. Children are
  /// not searched for, since nobody would tell us when they are gone.
  void LetKernelReap() { kernel_reaps_ = true; }
  /// Run lists all children and looks at all that are new, whatever it costs. The number is for
  /// IsDiscovered, which says when that was done.
  std::uint64_t RequestDiscovery() { return discovery_.OnRequest(); }
  /// The same, and those that are known are looked at again: exec and prctl change names.
  std::uint64_t RequestLookAgain();
  /// A child in the table, which surely runs something else by now.
  void RequestLookAt(pid_t pid);
  [[nodiscard]] bool IsDiscovered(std::uint64_t request) const {
    return !discovering_ || discovery_.IsAnswered(request);
  }

  enum class Standing {
    kStranger,  ///< no child of ours, or not any more
    kAlive,     ///< it is in the table, and was looked at
    kDead,      ///< a zombie that is not reaped yet, whether its death was seen or not
  };
  /// What `pid` is now. Not from within Run. The errors are those of waitid.
  Result<Standing> Examine(pid_t pid);

  /// What is known of children from before they came to us; must outlive the last Run.
  void ConsultKin(const KinTable* kin) { kin_ = kin; }
  /// Orphans may have come, though nothing was heard: the next Run searches for them, within the
  /// limits of discovery.
  void OnWatch() { discovery_.OnSigchld(); }

  void OnSigchld(pid_t hint);
  /// `pid`'s pidfd became readable. If waitid gives nothing, somebody else traces it: the SIGCHLD
  /// that comes when the tracer lets go brings us back, so nothing spins.
  void OnPidfdReadable(pid_t pid) {
    if (pidfds_.contains(pid)) {
      readable_.push_back(pid);
    } else {
      plan_.OnHint(pid);
    }
  }
  void OnRelease(pid_t pid) { plan_.OnRelease(pid); }
  /// A decision depends on whether a child is left: the next Run finds out, whatever it costs.
  void OnSweepWanted() { plan_.OnSweepWanted(); }

  /// A child that we made, at `first_seen_us` (0: now). Of a helper (Role::kHelper) it is also known that it is no child that
  /// anybody waits for: it does not count for OnNoChildLeft.
  /// `pidfd` (-1: none) tells its end where the kernel reaps; it stays open until OnReaped.
  void Know(model::ProcessInfo made, int pidfd = -1);
  /// Something about a living child was learned later (ProcessTable::ChangeShadow).
  template <typename F>
  bool ChangeShadow(pid_t pid, std::uint64_t start_ticks, F change) {
    return table_.ChangeShadow(pid, start_ticks, change);
  }

  Rest Run(event::Turn& turn);

  [[nodiscard]] const model::ReapCounters& counters() const { return counters_; }
  [[nodiscard]] const ProcessTable& table() const { return table_; }
  [[nodiscard]] const Plan& plan() const { return plan_; }
  /// A rule, a lease or a barrier could match from now on, or no longer.
  void SetMayHold(bool may_hold);

  /// What outlives an exec of ourselves, and back, into a reaper that has not run yet. Not where the
  /// kernel reaps: pidfds are for who opened them to take along.
  struct State {
    std::vector<model::ProcessInfo> children;
    Plan::State seen;
    model::ReapCounters counters;
  };
  [[nodiscard]] State Save() const { return {table_.Save(), plan_.Save(), counters_}; }
  void Load(const State& state);

 private:
  void Wait(const Action& action);
  void ListPart(const Action& action);
  void OnDead(const Action& action, bool seen, const model::WaitOutcome& outcome);
  enum class Gone { kPerhaps, kSurely };
  void AskPidfd(pid_t pid, Gone gone);
  void OnReapedByKernel(pid_t pid, const model::ExitStatus& status);
  void HintAllWithPidfd();
  void NoChildLeft();
  void CountListed(bool end);
  /// Also when signals have not been heard for too long.
  bool IsOver(event::Turn& turn) const;
  bool Discover(event::Turn& turn);
  bool ListForDiscovery(event::Turn& turn);
  /// Of the list of children, into part_.
  sys::ListPart ReadPart(bool first_part);
  /// Somebody was reaped since the list was begun: it may lack an entry.
  [[nodiscard]] bool IsListTorn() const;
  void AddListed(model::FirstSight sight);
  void LookAt(pid_t pid);
  /// What passed since now_us_, which it sets.
  Micros TakeTime();

  sys::ProcessOps& ops_;
  ReapObserver& observer_;
  Plan plan_;
  Discovery discovery_;
  ProcessTable table_;
  const KinTable* kin_ = nullptr;
  model::ReapCounters counters_;
  Micros now_us_ = 0;   ///< the end of the last call is the start of the next
  Micros deaf_us_ = 0;  ///< what looks took in this Run that were dear or found nothing
  bool discovering_ = false;
  bool may_have_children_ = true;
  std::vector<pid_t> part_;               ///< reused: a part of a list
  std::size_t listed_ = 0;                ///< pids in the list that is being read
  std::uint64_t reaped_before_list_ = 0;  ///< counters_.reaped then
  std::vector<pid_t> to_look_;            ///< known, but not looked at yet
  std::vector<pid_t> helpers_;
  bool kernel_reaps_ = false;
  std::unordered_map<pid_t, int> pidfds_;   ///< only where the kernel reaps
  std::vector<pid_t> readable_;             ///< of these; to be asked in the next Run
  std::optional<Micros> ask_pidfds_at_us_;  ///< one is gone, and its status is not there yet
  struct Pass {
    Micros cost_us = 0;
    std::size_t looks = 0;
    bool running = false;  ///< the turn may end before it does
    bool listing = false;  ///< the list has been begun
    bool listed = false;   ///< it was read, or was not due when the pass began
  };
  Pass pass_;  ///< of discovery
};

}  // namespace reaperd::reap
