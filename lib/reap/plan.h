// Plan: decides which system call the reaper makes next. It makes none itself: everything it knows
// it was told, so it runs against a model kernel by the million (tests/unit/reap).
//
// The facts behind it (docs/kernel-facts.md#sigchld-coalesces, #cost-of-waiting,
// #a-held-zombie-hides-the-rest):
//  - SIGCHLD coalesces: a record is a hint that names one death of perhaps thousands, or none.
//  - waitid(P_PID) costs the same with 10 or 20 000 children; waitid(P_ALL) walks every live
//    child in front of the first zombie, so its cost is measured and, when it is high, a scan (list
//    the children, wait for each by pid) takes its place.
//  - a held zombie makes P_ALL useless: it would be returned for ever. Then the scan is the truth.
//
// Promises, whatever the kernel answers:
//  - a death that a SIGCHLD was sent for is found, however many signals were lost;
//  - when the last child was reaped, a look that finds none follows; when the last but held ones
//    was, a list that has these alone;
//  - a held pid is never asked to be reaped before OnRelease;
//  - a death that was looked at is not looked at again, and not reaped before it is decided;
//  - fruitless looking is paced: at most 1 % of the time by P_ALL, 5 % by scan while something may
//    be held, as far as the cost is believed (BelievedCost, kDearestLook_us);
//  - when nothing is due, Next says so and no deadline is left (idle is idle).
// One thread. Owned by reap::Reaper.
#pragma once

#include <sys/types.h>

#include <algorithm>
#include <optional>
#include <span>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "model/wait_outcome.h"

namespace reaperd::reap {

/// What is known of the kernel and wanted by the user; may change between calls.
struct PlanLimits {
  /// A rule, a lease or a barrier could match: look before reaping, and never use P_ALL.
  bool may_hold = false;
  /// Whoever writes the record wants /proc/<pid> first: look before reaping. May change from call
  /// to call (SetPeekFirst).
  bool peek_first = false;
  /// The children can be listed (children file, or a walk of /proc).
  bool can_list = true;
  /// waitid takes WNOWAIT. Without it nothing can be looked at without reaping it.
  bool can_peek = true;

  Micros walk_limit_us = 12;  ///< P_ALL dearer than this is dear
  /// So many dear walks in a row that each found a death make room for a scan. A scan costs about
  /// 25 walks: fewer finds than these are lost signals of a trickle, or an interrupt, and a scan
  /// for them would cost more than it saves.
  int dear_walks_for_scan = 8;
  Micros walk_pause_factor = 100;      ///< pause after a fruitless P_ALL, times its cost
  Micros scan_pause_factor = 3;        ///< pause after a scan, times what it cost for nothing
  Micros hold_scan_pause_factor = 20;  ///< the same while something may be held
  Micros pause_max_us = 500 * kMillisecond;
  /// A shorter pause is none: a timer and a wake-up cost more than the probe that they save.
  Micros pause_min_us = 200;
  Micros fair_reap_us = 8;  ///< what a scan may spend on each death that it finds
  /// After so many live ones in a row a scan asks P_ALL, where that is allowed, whether there is
  /// any zombie left at all.
  int barren_waits = 1000;
  Micros error_pause_us = 10 * kMillisecond;  ///< after an error of the kernel
  /// Where something may be held a list is tried so often before it is given up, which lets all go.
  int list_tries = 3;
  Micros list_again_us = kSecond;  ///< so long a list that was given up is not tried again
};

struct Action {
  enum class Kind {
    kPeek,     ///< waitid(P_PID, pid, WNOWAIT); then OnWaited, and OnDecided if it is dead
    kReap,     ///< waitid(P_PID, pid): look and reap in one call; then OnWaited
    kPeekAny,  ///< waitid(P_ALL, WNOWAIT); then OnWaited, and OnDecided if one is dead
    kReapAny,  ///< waitid(P_ALL): look and reap in one call; then OnWaited
    kList,     ///< read the next part of the list of children; then OnListed
    kRest,     ///< nothing to do before `until_us`, or before the next On… if it is empty
  };

  Kind kind = Kind::kRest;
  pid_t pid = 0;
  bool seen = false;               ///< kReap: its death was peeked at before
  bool first_part = false;         ///< kList: begin a new list
  std::optional<Micros> until_us;  ///< kRest: CLOCK_BOOTTIME

  bool operator==(const Action&) const = default;
};

enum class Decision { kReap, kHold };

/// What a walk costs, without the times when others had the CPU: the clock runs on when we are
/// preempted, and a pause made of that would let the dead of a busy machine wait for half a second.
/// Such times come singly, so the cost is believed to have doubled at most since the last walk.
class BelievedCost {
 public:
  Micros Of(Micros measured_us) {
    last_us_ = std::min(measured_us, std::max(kAtOnce_us, 2 * last_us_));
    return last_us_;
  }

 private:
  static constexpr Micros kAtOnce_us = 30;  ///< up to that anything is believed
  Micros last_us_ = 0;
};

/// The same for a look by pid, which costs under 1 us however many children there are.
inline constexpr Micros kDearestLook_us = 50;

class Plan {
 public:
  /// A new plan looks for children that died before it existed.
  explicit Plan(PlanLimits limits) : limits_(limits) {}

  [[nodiscard]] const PlanLimits& limits() const { return limits_; }
  /// Switching to may_hold or back makes a sweep due; what is held stays held, unless the children
  /// cannot be listed any more (see OnListFailed).
  void SetLimits(const PlanLimits& limits);
  /// PlanLimits::peek_first alone, which makes nothing due.
  void SetPeekFirst(bool wanted) { limits_.peek_first = wanted; }

  /// A SIGCHLD arrived and named `pid` (0 when it is unknown), or `pid`'s pidfd became readable.
  void OnHint(pid_t pid);
  /// A decision depends on whether a child is left: the next look is not put off.
  void OnSweepWanted();
  /// The hold of `pid` is over: reap it.
  void OnRelease(pid_t pid);

  /// The next call to make. Ask again after each answer.
  [[nodiscard]] Action Next(Micros now_us);

  /// The answer to kPeek, kReap, kPeekAny or kReapAny, and what the call cost.
  void OnWaited(const Action& action, const model::WaitOutcome& outcome, Micros cost_us,
                Micros now_us);
  /// After a kPeek or kPeekAny that found a death: what the hold rules say. Where children cannot be listed
  /// (any more), kHold is taken for kReap.
  void OnDecided(pid_t pid, Decision decision);
  /// The answer to kList: a part of the list, whether more follows, what the call cost.
  void OnListed(std::span<const pid_t> pids, bool more, Micros cost_us);
  /// The list could not be read. Given up (PlanLimits::list_tries), reaping goes on by P_ALL, which
  /// bears no held zombie: all that are held are released. Memory or descriptors that ran out do
  /// not mean without a list for ever: after a while the next need tries again.
  void OnListFailed(Micros now_us);

  /// A hold can be kept: also where a list was given up, when it is time to try again.
  [[nodiscard]] bool CanHold(Micros now_us) const {
    return limits_.can_peek && (limits_.can_list || MayListAgain(now_us));
  }

  /// What outlives an exec of ourselves: who was seen dead, so that nobody is seen twice. The rest
  /// the first sweep finds out.
  struct State {
    std::vector<pid_t> held;
    std::vector<pid_t> to_reap;
  };
  [[nodiscard]] State Save() const { return {{held_.begin(), held_.end()}, to_reap_}; }
  /// Into a new plan.
  void Load(const State& state) {
    held_ = {state.held.begin(), state.held.end()};
    to_reap_ = state.to_reap;
    if (!limits_.can_list) ReleaseAll();
  }

  [[nodiscard]] bool IsHeld(pid_t pid) const { return held_.contains(pid); }
  /// Its death was looked at and decided; it is held or about to be reaped.
  [[nodiscard]] bool WasSeen(pid_t pid) const;
  [[nodiscard]] std::size_t held_count() const { return held_.size(); }
  /// Some are looked at and decided, or released, and not yet reaped.
  [[nodiscard]] bool IsReapDue() const { return !to_reap_.empty(); }
  /// A scan or a probe is under way or due.
  [[nodiscard]] bool sweep_due() const { return sweep_due_ || scan_.stage != Stage::kNone; }

 private:
  enum class Stage { kNone, kDue, kListing, kLooking };

  struct Scan {
    Stage stage = Stage::kNone;
    /// Taken from the back: adopted children are appended to the kernel's list, so the orphans of a
    /// burst are at its end, behind everything that lives long.
    std::vector<pid_t> pids;
    int barren = 0;  ///< live ones in a row
    Micros cost_us = 0;
    Micros found = 0;  ///< deaths reaped and stops told
  };

  /// Something is or could be held, so P_ALL could return the same zombie for ever.
  [[nodiscard]] bool MayHold() const;
  [[nodiscard]] bool MayWalk() const;
  [[nodiscard]] Action Walk() const;
  [[nodiscard]] bool MustPeek() const;
  [[nodiscard]] Action Look(pid_t pid) const;
  /// It came from the list that is being gone through, not from a hint or a decision meanwhile.
  [[nodiscard]] bool IsOfScan(const Action& action) const;
  [[nodiscard]] std::optional<Action> NextOfScan(Micros now_us);
  void StartScan();
  void EndScan(Micros now_us);
  void OnWalked(const model::WaitOutcome& outcome, Micros cost_us, Micros now_us);
  void OnError(const Action& action, Micros now_us);
  void PassBy(const Action& action);
  void ReleaseAll();
  [[nodiscard]] bool MayListAgain(Micros now_us) const {
    return list_again_us_ && now_us >= *list_again_us_;
  }
  /// No sweep for so long; an earlier pause that ends later stays.
  void Pause(Micros pause_us, Micros now_us);

  PlanLimits limits_;
  std::vector<pid_t> hints_;        ///< bounded: beyond kMaxHints the sweep finds them
  std::vector<pid_t> to_reap_;      ///< looked at and decided, or released
  Micros retry_not_before_us_ = 0;  ///< reaping one of them failed
  std::unordered_set<pid_t> held_;
  bool sweep_due_ = true;
  Micros sweep_not_before_us_ = 0;
  Scan scan_;
  int dear_walks_ = 0;  ///< in a row
  BelievedCost fruitless_walk_;
  int lists_failed_ = 0;                 ///< in a row
  std::optional<Micros> list_again_us_;  ///< nullopt: not given up
};

}  // namespace reaperd::reap
