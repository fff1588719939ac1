// The part of HeldQueue about rules and barriers, and what outlives an exec.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "reap/held_queue.h"
#include "reap/hold_match.h"

namespace reaperd::reap {

using model::HoldEnd;
using model::ReleaseReason;

namespace {

bool IsFedBy(const BarrierState& barrier, const model::HoldRule& rule) {
  return rule.end == HoldEnd::kBarrier && rule.barrier == barrier.spec.name;
}

}  // namespace

// --- rules

void HeldQueue::AddGroup(model::HoldRule rule) {
  by_group_.emplace(++last_group_, rule);
  rule_groups_.push_back(last_group_);
  rules_.push_back(std::move(rule));
}

Status HeldQueue::AddRule(model::HoldRule rule) {
  if (rule.name.empty() || rule.name == kLeaseRule) {
    return Error(EINVAL, "a hold rule cannot be named \"" + rule.name + '"');
  }
  for (const model::HoldRule& other : rules_) {
    if (other.name == rule.name) {
      return Error(EEXIST, "there is a hold rule named \"" + rule.name + "\" already");
    }
  }
  if (rule.end == HoldEnd::kBarrier && !barriers_.contains(rule.barrier)) {
    return Error(ENOENT, "no barrier named \"" + rule.barrier + '"');
  }
  AddGroup(std::move(rule));
  return {};
}

Status HeldQueue::RemoveRule(std::string_view name) {
  const auto rule = std::find_if(rules_.begin(), rules_.end(),
                                 [&](const model::HoldRule& other) { return other.name == name; });
  if (rule == rules_.end()) {
    return Error(ENOENT, "no hold rule named \"" + std::string(name) + '"');
  }
  // Whoever was waited for need not matter any more.
  if (rule->end == HoldEnd::kBarrier) barriers_.find(rule->barrier)->second.witness.reset();
  const auto group = rule_groups_.begin() + (rule - rules_.begin());
  const HoldGroup removed = *group;
  rule_groups_.erase(group);
  rules_.erase(rule);
  DropIfDone(removed);
  return {};
}

void HeldQueue::DropIfDone(HoldGroup group) {
  if (store_.CountOf(group) == 0 && !IsLive(group)) by_group_.erase(group);
}

bool HeldQueue::IsLive(HoldGroup group) const {
  return std::find(rule_groups_.begin(), rule_groups_.end(), group) != rule_groups_.end();
}

std::vector<Held*> HeldQueue::HeldBy(std::span<const HoldGroup> groups) const {
  std::vector<Held*> all;
  for (const HoldGroup group : groups) {
    for (Held* held = store_.OldestOf(group); held != nullptr;
         held = HeldStore::NewerOfGroup(*held))
      all.push_back(held);
  }
  std::sort(all.begin(), all.end(),
            [](const Held* a, const Held* b) { return a->seq() < b->seq(); });
  return all;
}

const model::HoldRule& HeldQueue::RuleOf(const Held& held) const {
  return by_group_.find(held.group)->second;
}

// --- barriers

const BarrierState& HeldQueue::BarrierOf(const model::HoldRule& rule) const {
  return barriers_.find(rule.barrier)->second;
}

void HeldQueue::FinishBarrier(BarrierState& barrier, Completion completion, ReleaseReason reason,
                              Micros now_us) {
  std::vector<HoldGroup> groups;
  for (const auto& [group, rule] : by_group_) {
    if (IsFedBy(barrier, rule)) groups.push_back(group);
  }
  const std::vector<Held*> held_on = HeldBy(groups);
  std::vector<BarrierState::Gone> members = std::move(barrier.gone);
  members.reserve(members.size() + held_on.size());
  for (const Held* const held : held_on)
    members.push_back({held->seq(), MemberOf(*held->info.record, reason)});
  std::sort(members.begin(), members.end(),
            [](const auto& a, const auto& b) { return a.seq < b.seq; });

  model::BarrierResult result{.barrier = barrier.spec.name,
                              .complete = completion == Completion::kComplete};
  result.unlisted = barrier.unlisted;
  result.members.reserve(members.size());
  for (BarrierState::Gone& member : members)
    result.members.push_back(std::move(member.member));
  results_.push_back(std::move(result));

  barrier = BarrierState(barrier.spec);
  for (Held* const held : held_on) {
    held->info.barrier.clear();  // it does not leave before the others
    EndClaim(*held, reason, now_us);
  }
}

std::vector<model::BarrierView> HeldQueue::Barriers() const {
  std::vector<model::BarrierView> views;
  for (const auto& [name, barrier] : barriers_) {
    views.push_back(
        {.barrier = barrier.spec, .dead = barrier.dead, .deadline_us = barrier.deadline_us});
  }
  return views;
}

bool HeldQueue::WantsLiving() const {
  return std::any_of(barriers_.begin(), barriers_.end(),
                     [](const auto& entry) { return entry.second.wants_look(); });
}

bool HeldQueue::OnLivingSeen(const model::ProcessInfo& process) {
  // A table of children may still list the dead that are held.
  if (store_.Find(process.pid) != nullptr) return true;
  for (auto& entry : barriers_) {
    BarrierState& barrier = entry.second;
    if (!barrier.wants_look()) continue;
    const bool could_match =
        std::any_of(rules_.begin(), rules_.end(), [&](const model::HoldRule& rule) {
          return IsFedBy(barrier, rule) && CouldMatch(rule, process);
        });
    if (could_match) barrier.witness = process.pid;
  }
  return WantsLiving();
}

void HeldQueue::OnAllSeen(Micros now_us) {
  for (auto& [name, barrier] : barriers_) {
    if (!barrier.wants_look()) continue;
    FinishBarrier(barrier, Completion::kComplete, ReleaseReason::kBarrier, now_us);
  }
}

void HeldQueue::OnLiving(std::span<const model::ProcessInfo> living, Micros now_us) {
  for (const model::ProcessInfo& process : living) {
    if (!OnLivingSeen(process)) break;
  }
  OnAllSeen(now_us);
}

// --- what outlives an exec

HeldState HeldQueue::Save() const {
  HeldState state{.limits = limits_, .surroundings = surroundings_};
  std::map<HoldGroup, std::size_t> places;
  for (const auto& [group, rule] : by_group_) {
    places.emplace(group, state.rules.size());
    state.rules.push_back({.rule = rule, .removed = !IsLive(group)});
  }
  for (const auto& [name, barrier] : barriers_)
    state.barriers.push_back(barrier);
  state.held.reserve(size());
  for (const Held* held = store_.oldest(); held != nullptr; held = HeldStore::Newer(*held)) {
    HeldState::Held saved{.info = held->info};
    if (held->group != kLeaseGroup) saved.rule = places.find(held->group)->second;
    state.held.push_back(std::move(saved));
  }
  state.leases = leases_.Save();
  state.closed = closed_;
  state.counters = counters_;
  state.releases = releases_;
  state.results = results_;
  return state;
}

void HeldQueue::Load(const HeldState& state) {
  store_.Clear();
  rules_.clear();
  rule_groups_.clear();
  by_group_.clear();
  barriers_.clear();
  limits_ = state.limits;
  surroundings_ = state.surroundings;
  UpdateCap();
  const HoldGroup first = last_group_ + 1;
  for (const HeldState::Rule& rule : state.rules) {
    if (rule.removed) {
      by_group_.emplace(++last_group_, rule.rule);
    } else {
      AddGroup(rule.rule);
    }
  }
  for (const BarrierState& barrier : state.barriers)
    barriers_.emplace(barrier.spec.name, barrier);
  leases_.Load(state.leases);
  for (const HeldState::Held& held : state.held) {
    const HoldGroup group = held.rule ? first + static_cast<HoldGroup>(*held.rule) : kLeaseGroup;
    Refresh(store_.Insert(held.info, group));
  }
  closed_ = state.closed;
  counters_ = state.counters;
  releases_ = state.releases;
  results_ = state.results;
}

}  // namespace reaperd::reap
