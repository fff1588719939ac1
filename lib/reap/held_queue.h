// HeldQueue: decides who of the dead is held and when each of them goes. Owned by the daemon's hold
// desk, which asks it about every death, tells it what happens and what time it is, and carries out
// the releases. Pure: no effects, no clock.
//
// Claims. A held one is held by the first rule that matched, by leases, or both. When the rule lets
// it go (time, keep, barrier, successor, or the rule was released on request) while a lease lasts,
// the lease holds it on; it is listed under "lease" then. Budget, pressure, a request for the pid
// itself, and the end of all holding know no lease.
//
// Promises:
//  - never more held than cap(), nobody longer than the limits' time, and who has to make room is
//    the oldest;
//  - each held one is released exactly once, with one reason, in the order of TakeReleases;
//  - the members of a barrier are released in one batch with one result, which tells also of those
//    that had to go before. A death that matched but could not be held at all (cap or keep is 0)
//    counts and is told there, too;
//  - after Close nobody is held.
//
// Traps for the caller:
//  - take the releases only after the plan has heard kHold: a death may be held and released by the
//    same OnDeath (a barrier is complete with it);
//  - tell Forget each reap, also where OnDeath was not asked;
//  - `now_us` (CLOCK_BOOTTIME) never goes back; DeathRecord::seq rises with each death.
//
// O(log n) or O(1) for each that is held or released; what is said about a barrier costs its
// members. Errors have a code: ESRCH, ENOENT, EEXIST, EINVAL, ENOSPC, ESHUTDOWN.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "model/death_record.h"
#include "model/hold_info.h"
#include "model/hold_rule.h"
#include "model/lease.h"
#include "model/process_info.h"
#include "reap/barrier_state.h"
#include "reap/held_state.h"
#include "reap/held_store.h"
#include "reap/leases.h"

namespace reaperd::reap {

/// The name under which is listed whom leases alone hold. No rule may have it.
inline constexpr std::string_view kLeaseRule = "lease";

using model::Leased;
using model::LeaseRequest;

class HeldQueue {
 public:
  static constexpr std::uint32_t kMaxHeld = 64;
  static constexpr std::uint32_t kMaxHeldAsPid1 = 16;  ///< when no pids.max is visible

  explicit HeldQueue(const model::HoldSpec& spec);

  /// Whom the budget does not allow any more goes.
  void SetSurroundings(const HoldSurroundings& surroundings);
  [[nodiscard]] std::size_t cap() const { return cap_; }
  /// A rule or a lease could match a death: drives PlanLimits::may_hold.
  [[nodiscard]] bool MayHold() const;

  /// True: hold it. The record is the one of the zombie, not yet reaped.
  bool OnDeath(std::shared_ptr<const model::DeathRecord> record, Micros now_us);
  /// It was reaped: leases on it end. Was it still held here (the plan had to let it go), it counts
  /// as released by the budget.
  void Forget(pid_t pid);

  /// Keeps a zombie, or a process when it dies, from being reaped. The caller has made sure that
  /// this pid is an unreaped child and has this id. Makes no hold shorter.
  Result<Leased> Hold(const LeaseRequest& request, Micros now_us);
  void OnDisconnect(ClientId client, Micros now_us);

  /// A held one, whoever holds it, or the leases on a living one. An empty id is any.
  Status Release(pid_t pid, std::string_view id);
  /// All by this rule ("lease": all that leases alone hold), also by one that was removed.
  Status ReleaseRule(std::string_view name, Micros now_us);
  /// Its members; ENOENT: no such barrier.
  Status ReleaseBarrier(std::string_view name, Micros now_us);
  void ReleaseAll(model::ReleaseReason reason);
  /// The same, and nobody is held from now on.
  void Close(model::ReleaseReason reason);

  /// A successor of the service's main process runs.
  void OnReplaced(std::string_view service, Micros now_us);
  /// Process numbers are scarce: half of the held, rounded up.
  void OnPressure();
  void OnTime(Micros now_us);
  /// When OnTime wants to be called; nullopt: never.
  [[nodiscard]] std::optional<Micros> NextDeadline() const;

  /// A barrier with `all` may be complete: show it the living, in one turn, by OnLiving, or each by
  /// OnLivingSeen until that says no and then OnAllSeen. One that could match is remembered, so
  /// that this is wanted again only when that one is dead.
  [[nodiscard]] bool WantsLiving() const;
  void OnLiving(std::span<const model::ProcessInfo> living, Micros now_us);
  /// False: enough is known.
  bool OnLivingSeen(const model::ProcessInfo& process);
  void OnAllSeen(Micros now_us);

  /// EEXIST, EINVAL (no name, or "lease"), ENOENT (no such barrier). It is the last of the rules.
  Status AddRule(model::HoldRule rule);
  /// Whom it holds stays until its end.
  Status RemoveRule(std::string_view name);
  [[nodiscard]] const std::vector<model::HoldRule>& rules() const { return rules_; }

  /// By that of rules(), now.
  [[nodiscard]] std::size_t HeldByRule(std::size_t index) const {
    return store_.CountOf(rule_groups_[index]);
  }

  std::vector<model::Release> TakeReleases();
  std::vector<model::BarrierResult> TakeBarrierResults();

  /// Oldest first.
  [[nodiscard]] std::vector<model::HoldInfo> List() const;
  /// nullptr: not held. Valid until it is released.
  [[nodiscard]] const model::HoldInfo* Find(pid_t pid) const;
  [[nodiscard]] std::size_t size() const { return store_.size(); }
  [[nodiscard]] bool closed() const { return closed_; }
  /// Nobody is held or leased, and no barrier counts: there is nothing to forget.
  [[nodiscard]] bool IsIdle() const {
    return store_.size() == 0 && leases_.size() == 0 && barriers_.empty();
  }
  [[nodiscard]] std::size_t lease_count() const { return leases_.size(); }
  [[nodiscard]] bool HasLease(pid_t pid) const { return leases_.Has(pid, {}); }
  [[nodiscard]] const model::HoldLimits& limits() const { return limits_; }
  [[nodiscard]] std::vector<model::BarrierView> Barriers() const;
  [[nodiscard]] const model::HoldCounters& counters() const { return counters_; }

  /// What outlives an exec of ourselves, and back; Load forgets all that was.
  [[nodiscard]] HeldState Save() const;
  void Load(const HeldState& state);

 private:
  enum class Completion { kComplete, kEarly };

  void AddGroup(model::HoldRule rule);
  [[nodiscard]] bool IsLive(HoldGroup group) const;
  /// Oldest first.
  [[nodiscard]] std::vector<Held*> HeldBy(std::span<const HoldGroup> groups) const;
  [[nodiscard]] const model::HoldRule& RuleOf(const Held& held) const;
  [[nodiscard]] const BarrierState& BarrierOf(const model::HoldRule& rule) const;

  /// Why the rule must not hold anybody; nullopt: it may.
  [[nodiscard]] std::optional<model::ReleaseReason> Refusal(const model::HoldRule& rule) const;
  void MakeRoom(HoldGroup group, Micros now_us);
  void Insert(std::shared_ptr<const model::DeathRecord> record, HoldGroup group, Micros now_us);
  /// Due time and the time that is told, after a claim changed.
  void Refresh(Held& held);

  /// The rule's claim is over.
  void EndClaim(Held& held, model::ReleaseReason reason, Micros now_us);
  void LetGo(Held& held, model::ReleaseReason reason);
  void LetOldestGo(std::size_t count, model::ReleaseReason reason);
  void LeaveBarrier(Held& held, model::ReleaseReason reason);
  void DropIfDone(HoldGroup group);
  /// Its members go; it starts anew.
  void FinishBarrier(BarrierState& barrier, Completion completion, model::ReleaseReason reason,
                     Micros now_us);
  [[nodiscard]] Micros LatestEnd(const model::HoldInfo& info) const;
  void UpdateCap();

  std::vector<model::HoldRule> rules_;
  std::vector<HoldGroup> rule_groups_;             ///< of each of rules_
  std::map<HoldGroup, model::HoldRule> by_group_;  ///< and of those removed that hold somebody
  HoldGroup last_group_ = kLeaseGroup;
  std::map<std::string, BarrierState, std::less<>> barriers_;
  model::HoldLimits limits_;
  HoldSurroundings surroundings_;
  std::size_t cap_ = 0;
  bool closed_ = false;

  HeldStore store_;
  Leases leases_;
  model::HoldCounters counters_;
  std::vector<model::Release> releases_;
  std::vector<model::BarrierResult> results_;
};

}  // namespace reaperd::reap
