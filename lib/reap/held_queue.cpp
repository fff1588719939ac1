#include "reap/held_queue.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <utility>

#include "reap/hold_match.h"

namespace reaperd::reap {
namespace {

using model::HoldEnd;
using model::ReleaseReason;

Error NotHeld(pid_t pid) {
  return {ESRCH, "pid " + std::to_string(pid) + " is not held"};
}

Error NoSuch(std::string_view what, std::string_view name) {
  return {ENOENT, "no " + std::string(what) + " named \"" + std::string(name) + '"'};
}

}  // namespace

HeldQueue::HeldQueue(const model::HoldSpec& spec) : limits_(spec.limits) {
  for (const model::Barrier& barrier : spec.barriers)
    barriers_.emplace(barrier.name, barrier);
  for (const model::HoldRule& rule : spec.rules) {
    // One that is not described waits for a request or for the limits' time.
    if (rule.end == HoldEnd::kBarrier) {
      barriers_.emplace(rule.barrier, model::Barrier{.name = rule.barrier});
    }
    AddGroup(rule);
  }
  UpdateCap();
}

// --- budget

void HeldQueue::SetSurroundings(const HoldSurroundings& surroundings) {
  surroundings_ = surroundings;
  UpdateCap();
  if (size() > cap_) LetOldestGo(size() - cap_, ReleaseReason::kBudget);
}

void HeldQueue::UpdateCap() {
  const auto& limit = surroundings_.process_limit;
  // A runtime may have set one above our cgroup namespace; kernel.pid_max tells nothing of that.
  const bool cautious = surroundings_.pid1 && !surroundings_.pids_max;
  const std::uint32_t most = limits_.max_held.value_or(cautious ? kMaxHeldAsPid1 : kMaxHeld);
  cap_ = most;
  if (!limit) return;
  const double share = std::floor(limits_.max_share_of_pids * static_cast<double>(*limit));
  const double room = share - surroundings_.own_processes;
  cap_ = room > 0 ? static_cast<std::size_t>(std::min<double>(room, most)) : 0;
}

void HeldQueue::OnPressure() {
  LetOldestGo((size() + 1) / 2, ReleaseReason::kPressure);
}

void HeldQueue::LetOldestGo(std::size_t count, ReleaseReason reason) {
  for (; count > 0; --count)
    LetGo(*store_.oldest(), reason);
}

// --- deaths

bool HeldQueue::MayHold() const {
  return !closed_ && (!rules_.empty() || leases_.living() > 0);
}

bool HeldQueue::OnDeath(std::shared_ptr<const model::DeathRecord> record, Micros now_us) {
  if (closed_) return false;
  const pid_t pid = record->pid;
  for (auto& [name, barrier] : barriers_)
    barrier.OnDeath(pid);
  if (store_.Find(pid) != nullptr) return true;

  const auto index = FirstMatch(rules_, *record);
  const model::HoldRule* const rule = index ? &rules_[*index] : nullptr;
  const auto refusal = rule != nullptr ? Refusal(*rule) : std::nullopt;
  BarrierState* barrier = nullptr;
  if (rule != nullptr && rule->end == HoldEnd::kBarrier) {
    barrier = &barriers_.find(rule->barrier)->second;
    barrier->Join(now_us, limits_.max_time_us);
    if (refusal) barrier->OnGone(*record, *refusal);
  }

  const bool by_rule = rule != nullptr && !refusal;
  const bool held = by_rule || (cap_ > 0 && leases_.Has(pid, record->id));
  if (held) {
    Insert(std::move(record), by_rule ? rule_groups_[*index] : kLeaseGroup, now_us);
  } else {
    leases_.Drop(pid);
  }
  if (barrier != nullptr && barrier->counted()) {
    FinishBarrier(*barrier, Completion::kComplete, ReleaseReason::kBarrier, now_us);
  }
  return held;
}

std::optional<ReleaseReason> HeldQueue::Refusal(const model::HoldRule& rule) const {
  if (cap_ == 0) return ReleaseReason::kBudget;
  if (rule.keep == 0U) return ReleaseReason::kKeep;
  return std::nullopt;
}

void HeldQueue::Insert(std::shared_ptr<const model::DeathRecord> record, HoldGroup group,
                       Micros now_us) {
  MakeRoom(group, now_us);
  model::HoldInfo info{.record = std::move(record), .rule = std::string(kLeaseRule)};
  info.since_us = now_us;
  if (const auto rule = by_group_.find(group); rule != by_group_.end()) {
    info.rule = rule->second.name;
    if (rule->second.end == HoldEnd::kBarrier) info.barrier = rule->second.barrier;
  }
  Held& held = store_.Insert(std::move(info), group);
  leases_.Start(held.pid(), now_us, LatestEnd(held.info));
  Refresh(held);
  ++counters_.held;
}

void HeldQueue::MakeRoom(HoldGroup group, Micros now_us) {
  if (const auto rule = by_group_.find(group); rule != by_group_.end() && rule->second.keep) {
    while (store_.CountOf(group) >= *rule->second.keep)
      EndClaim(*store_.OldestOf(group), ReleaseReason::kKeep, now_us);
  }
  if (size() >= cap_) LetOldestGo(size() - cap_ + 1, ReleaseReason::kBudget);
}

void HeldQueue::Forget(pid_t pid) {
  for (auto& [name, barrier] : barriers_)
    barrier.OnDeath(pid);
  if (Held* const held = store_.Find(pid)) {
    LetGo(*held, ReleaseReason::kBudget);
  } else {
    leases_.Drop(pid);
  }
}

// --- how long

Micros HeldQueue::LatestEnd(const model::HoldInfo& info) const {
  return AddTime(info.since_us, limits_.max_time_us);
}

void HeldQueue::Refresh(Held& held) {
  const auto lease = leases_.EndOf(held.pid());
  if (held.group == kLeaseGroup) {
    const Micros end_us = lease ? lease->end_us : held.info.since_us;
    held.info.until_us = lease && lease->timed ? std::optional(end_us) : std::nullopt;
    store_.SetDue(held, end_us);
    return;
  }
  const model::HoldRule& rule = RuleOf(held);
  std::optional<Micros> due_us = LatestEnd(held.info);
  std::optional<Micros> until_us;
  if (rule.end == HoldEnd::kTime && rule.for_us) {
    due_us = until_us = std::min(AddTime(held.info.since_us, *rule.for_us), *due_us);
  } else if (rule.end == HoldEnd::kBarrier) {
    due_us.reset();  // the barrier's deadline is never later than its members' latest end
    const BarrierState& barrier = BarrierOf(rule);
    if (barrier.spec.timeout_us) until_us = barrier.deadline_us;
  }
  store_.SetDue(held, due_us);
  // When the rule's time is over the lease takes over, if it lasts longer.
  if (until_us && lease) {
    until_us = lease->timed ? std::optional(std::max(*until_us, lease->end_us)) : std::nullopt;
  }
  held.info.until_us = until_us;
}

std::optional<Micros> HeldQueue::NextDeadline() const {
  std::optional<Micros> next_us;
  if (const Held* const held = store_.first_due()) next_us = held->due_us;
  for (const auto& [name, barrier] : barriers_) {
    if (barrier.deadline_us && (!next_us || *barrier.deadline_us < *next_us)) {
      next_us = barrier.deadline_us;
    }
  }
  return next_us;
}

void HeldQueue::OnTime(Micros now_us) {
  for (auto next_us = NextDeadline(); next_us && *next_us <= now_us; next_us = NextDeadline()) {
    Held* const held = store_.first_due();
    if (held != nullptr && held->due_us == *next_us) {
      if (held->group == kLeaseGroup) {
        LetGo(*held, ReleaseReason::kLeaseEnd);
      } else {
        EndClaim(*held, ReleaseReason::kTimeout, now_us);
      }
      continue;
    }
    const auto barrier = std::find_if(barriers_.begin(), barriers_.end(), [&](const auto& entry) {
      return entry.second.deadline_us == next_us;
    });
    FinishBarrier(barrier->second, Completion::kEarly, ReleaseReason::kBarrier, now_us);
  }
}

// --- ends

void HeldQueue::EndClaim(Held& held, ReleaseReason reason, Micros now_us) {
  const auto lease = leases_.EndOf(held.pid());
  if (!lease || lease->end_us <= now_us) {
    LetGo(held, reason);
    return;
  }
  LeaveBarrier(held, reason);
  const HoldGroup group = held.group;
  held.info.rule = kLeaseRule;
  store_.Move(held, kLeaseGroup);
  DropIfDone(group);
  Refresh(held);
}

void HeldQueue::LetGo(Held& held, ReleaseReason reason) {
  LeaveBarrier(held, reason);
  releases_.push_back({.pid = held.pid(), .reason = reason});
  ++counters_.released[static_cast<std::size_t>(reason)];
  leases_.Drop(held.pid());
  const HoldGroup group = held.group;
  store_.Erase(held);
  DropIfDone(group);
}

void HeldQueue::LeaveBarrier(Held& held, ReleaseReason reason) {
  if (held.info.barrier.empty()) return;
  barriers_.find(held.info.barrier)->second.OnGone(*held.info.record, reason);
  held.info.barrier.clear();
}

void HeldQueue::OnReplaced(std::string_view service, Micros now_us) {
  std::vector<HoldGroup> groups;
  for (const auto& [group, rule] : by_group_) {
    if (rule.end == HoldEnd::kReplaced) groups.push_back(group);
  }
  for (Held* const held : HeldBy(groups)) {
    if (held->info.record->service == service) EndClaim(*held, ReleaseReason::kReplaced, now_us);
  }
}

// --- requests

Result<Leased> HeldQueue::Hold(const LeaseRequest& request, Micros now_us) {
  if (closed_) return Error(ESHUTDOWN, "nobody is held any more: the run ends");
  if (request.for_us && *request.for_us <= 0) return Error(EINVAL, "a lease needs a time above 0");
  if (cap_ == 0) return Error(ENOSPC, "nobody may be held: the limits leave no room");
  Lease lease{.pid = request.pid,
              .id = request.id,
              .client = request.client,
              .for_us = request.for_us,
              .until_disconnect = request.until_disconnect};
  Held* const held = store_.Find(request.pid);
  if (held != nullptr) {
    if (!request.id.empty() && request.id != held->info.record->id) return NotHeld(request.pid);
    const Micros latest_us = LatestEnd(held->info);
    lease.end_us =
        request.for_us ? std::min(AddTime(now_us, *request.for_us), latest_us) : latest_us;
  }
  if (!leases_.Put(lease)) return Error(ENOSPC, "there are too many leases");
  if (held == nullptr) return Leased{};
  Refresh(*held);
  return Leased{.held = true, .until_us = held->info.until_us};
}

void HeldQueue::OnDisconnect(ClientId client, Micros now_us) {
  for (const pid_t pid : leases_.OnDisconnect(client)) {
    Held* const held = store_.Find(pid);
    if (held == nullptr) continue;
    const auto left = leases_.EndOf(pid);
    if (held->group == kLeaseGroup && (!left || left->end_us <= now_us)) {
      LetGo(*held, ReleaseReason::kLeaseEnd);
    } else {
      Refresh(*held);
    }
  }
}

Status HeldQueue::Release(pid_t pid, std::string_view id) {
  if (Held* const held = store_.Find(pid)) {
    if (!id.empty() && id != held->info.record->id) return NotHeld(pid);
    LetGo(*held, ReleaseReason::kRequest);
    return {};
  }
  if (!leases_.Has(pid, id)) return NotHeld(pid);
  leases_.Drop(pid);
  return {};
}

Status HeldQueue::ReleaseRule(std::string_view name, Micros now_us) {
  if (name == kLeaseRule) {
    for (Held* const held : HeldBy(std::vector{kLeaseGroup}))
      LetGo(*held, ReleaseReason::kRequest);
    return {};
  }
  std::vector<HoldGroup> groups;
  for (const auto& [group, rule] : by_group_) {
    if (rule.name == name) groups.push_back(group);
  }
  if (groups.empty()) return NoSuch("hold rule", name);
  for (Held* const held : HeldBy(groups))
    EndClaim(*held, ReleaseReason::kRequest, now_us);
  return {};
}

Status HeldQueue::ReleaseBarrier(std::string_view name, Micros now_us) {
  const auto barrier = barriers_.find(name);
  if (barrier == barriers_.end()) return NoSuch("barrier", name);
  if (!barrier->second.empty()) {
    FinishBarrier(barrier->second, Completion::kEarly, ReleaseReason::kRequest, now_us);
  }
  return {};
}

void HeldQueue::ReleaseAll(ReleaseReason reason) {
  for (auto& [name, barrier] : barriers_) {
    // Whom a lease holds on goes with the rest below.
    if (!barrier.empty()) FinishBarrier(barrier, Completion::kEarly, reason, 0);
  }
  LetOldestGo(size(), reason);
}

void HeldQueue::Close(ReleaseReason reason) {
  closed_ = true;
  ReleaseAll(reason);
  leases_.Clear();
}

std::vector<model::Release> HeldQueue::TakeReleases() {
  return std::exchange(releases_, {});
}

std::vector<model::BarrierResult> HeldQueue::TakeBarrierResults() {
  return std::exchange(results_, {});
}

// --- views

std::vector<model::HoldInfo> HeldQueue::List() const {
  std::vector<model::HoldInfo> list;
  list.reserve(size());
  for (const Held* held = store_.oldest(); held != nullptr; held = HeldStore::Newer(*held))
    list.push_back(held->info);
  return list;
}

const model::HoldInfo* HeldQueue::Find(pid_t pid) const {
  const Held* const held = store_.Find(pid);
  return held == nullptr ? nullptr : &held->info;
}

}  // namespace reaperd::reap
