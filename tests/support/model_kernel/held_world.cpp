// What happens in a life: see held_world_checks.cpp for what must be.
#include "model_kernel/held_world.h"

#include <algorithm>
#include <array>

#include "reap/hold_match.h"

namespace reaperd::test {

using model::HoldEnd;
using model::ReleaseReason;
using reap::HeldQueue;

// --- what there is

HeldWorld::HeldWorld(std::uint64_t seed, HeldSeen& seen) : random_(seed), seen_(seen) {
  spec_ = DrawSpec();
  queue_ = std::make_unique<HeldQueue>(spec_);
  reloaded_ = std::make_unique<HeldQueue>(spec_);
  ++seen_.lives;
}

std::optional<Micros> HeldWorld::DrawTime(int percent) {
  if (!random_.Chance(percent)) return std::nullopt;
  return random_.Between(1, 60) * kSecond;
}

model::HoldRule HeldWorld::DrawRule() {
  model::HoldRule rule;
  rule.name = "rule" + std::to_string(++last_rule_);
  rule.match.comm = {std::string(1, static_cast<char>('a' + random_.Below(4)))};
  if (random_.Chance(20)) rule.match.comm = {"*"};
  rule.end = std::array{HoldEnd::kTime, HoldEnd::kReleased, HoldEnd::kReplaced,
                        HoldEnd::kBarrier}[random_.Below(4)];
  if (rule.end == HoldEnd::kTime) rule.for_us = DrawTime(80);
  if (rule.end == HoldEnd::kBarrier) rule.barrier = random_.Chance(50) ? "x" : "y";
  if (random_.Chance(30)) rule.keep = static_cast<std::uint32_t>(random_.Below(5));
  rules_[rule.name] = rule;
  return rule;
}

model::HoldSpec HeldWorld::DrawSpec() {
  model::HoldSpec spec;
  for (const char* name : {"x", "y"}) {
    model::Barrier barrier{.name = name, .timeout_us = DrawTime(50)};
    if (random_.Chance(50)) {
      barrier.all = true;
    } else {
      barrier.count = static_cast<std::uint32_t>(random_.Between(1, 8));
    }
    spec.barriers.push_back(barrier);
    barriers_[name] = barrier;
  }
  for (std::uint64_t rules = random_.Below(5); rules > 0; --rules)
    spec.rules.push_back(DrawRule());
  if (random_.Chance(70)) spec.limits.max_held = static_cast<std::uint32_t>(random_.Below(20));
  spec.limits.max_time_us = random_.Between(20, 100) * kSecond;
  return spec;
}

// --- what happens

std::string HeldWorld::Live(int steps) {
  const int end = random_.Chance(30) ? steps * 3 / 4 : steps;
  for (int i = 0; i < steps && violation_.empty(); ++i) {
    if (i == end) Close();
    Step();
  }
  return violation_;
}

void HeldWorld::Step() {
  ++seen_.steps;
  if (random_.Chance(5)) Reload();
  if (random_.Chance(50)) now_us_ += random_.Between(0, 5 * kSecond);
  TellBoth([&](HeldQueue& queue) { queue.OnTime(now_us_); });
  Check({ReleaseReason::kTimeout, ReleaseReason::kLeaseEnd, ReleaseReason::kBarrier});
  CheckTimes();
  Happen();
}

void HeldWorld::Happen() {
  const std::uint64_t draw = random_.Below(100);
  if (draw < 25) return Bear();
  if (draw < 60) return Die();
  if (draw < 70) return Ask();
  if (draw < 73) return Disconnect();
  if (draw < 85) return Release();
  if (draw < 89) return ChangeRules();
  if (draw < 93) return ChangeSurroundings();
  ShowLiving();
}

void HeldWorld::Reload() {
  ++seen_.reloads;
  auto loaded = std::make_unique<HeldQueue>(model::HoldSpec{});
  loaded->Load(reloaded_->Save());
  reloaded_ = std::move(loaded);
}

void HeldWorld::Bear() {
  const pid_t pid = AnyPid();
  if (living_.contains(pid) || ids_.contains(pid)) return;
  living_[pid] = {"i" + std::to_string(++last_seq_),
                  std::string(1, static_cast<char>('a' + random_.Below(6))),
                  random_.Chance(50) ? "web" : ""};
}

void HeldWorld::Die() {
  const auto victim = living_.lower_bound(AnyPid());
  if (victim == living_.end()) return;
  const auto [pid, process] = *victim;
  living_.erase(victim);
  if (random_.Chance(5)) {  // reaped, and nobody asked
    TellBoth([&, dead = pid](HeldQueue& queue) { queue.Forget(dead); });
    std::erase_if(leases_,
                  [&, dead = pid](const auto& entry) { return entry.first.first == dead; });
    return Check({});
  }
  model::DeathRecord record{.seq = ++last_seq_, .pid = pid, .id = process.id};
  record.comm = process.comm;
  record.service = process.service;
  const auto shared = std::make_shared<const model::DeathRecord>(record);

  const auto match = reap::FirstMatch(queue_->rules(), record);
  const model::HoldRule* const rule = match ? &queue_->rules()[*match] : nullptr;
  if (rule != nullptr && rule->end == HoldEnd::kBarrier && !closed_) {
    members_[rule->barrier].push_back(pid);
  }
  const bool leased = HasLease(pid);
  const bool expected = !closed_ && queue_->cap() > 0 && ((rule && rule->keep != 0U) || leased);
  const bool held = queue_->OnDeath(shared, now_us_);
  Expect(held == expected, expected ? "did not hold" : "held without a reason");
  Expect(reloaded_->OnDeath(shared, now_us_) == held, "decides otherwise after an exec");
  if (held) {
    held_.push_back(pid);
    ids_[pid] = process.id;
    before_[pid] = {.record = shared, .rule = rule != nullptr ? rule->name : "lease"};
    before_[pid].barrier = rule != nullptr && rule->keep != 0U ? rule->barrier : "";
    before_[pid].since_us = now_us_;
  } else {
    ForgetLeases(pid);
  }
  for (auto& [key, lease] : leases_) {
    if (key.first != pid) continue;
    const Micros latest = now_us_ + spec_.limits.max_time_us;
    lease.end_us = lease.for_us ? std::min(now_us_ + *lease.for_us, latest) : latest;
  }
  Check({ReleaseReason::kKeep, ReleaseReason::kBudget, ReleaseReason::kBarrier});
}

void HeldWorld::Ask() {
  pid_t pid = AnyPid();
  if (!held_.empty() && random_.Chance(40)) pid = held_[random_.Below(held_.size())];
  const bool is_held = ids_.contains(pid);
  const auto process = living_.find(pid);
  if (!is_held && process == living_.end()) return;
  const reap::LeaseRequest request{.pid = pid,
                                   .id = is_held ? ids_[pid] : process->second.id,
                                   .client = random_.Below(4),
                                   .for_us = DrawTime(80),
                                   .until_disconnect = random_.Chance(50)};
  const auto answer = queue_->Hold(request, now_us_);
  Expect(answer.ok() == reloaded_->Hold(request, now_us_).ok(), "asks otherwise after an exec");
  Expect(answer.ok() == (!closed_ && queue_->cap() > 0), "refused, or did not, a lease");
  if (answer.ok()) {
    Expect(answer->held == is_held, "mistakes the living for the dead");
    const auto [at, made] = leases_.try_emplace({pid, request.client});
    Lease& lease = at->second;
    lease.tied = lease.tied && request.until_disconnect;
    if (made) {
      lease.for_us = request.for_us;
    } else {
      lease.for_us = lease.for_us && request.for_us
                         ? std::optional(std::max(*lease.for_us, *request.for_us))
                         : std::nullopt;
    }
    if (is_held) {
      const Micros latest = before_[pid].since_us + spec_.limits.max_time_us;
      const Micros end = request.for_us ? std::min(now_us_ + *request.for_us, latest) : latest;
      lease.end_us = std::max(end, lease.end_us.value_or(0));
    }
  }
  Check({});
}

void HeldWorld::Disconnect() {
  const reap::ClientId client = random_.Below(4);
  TellBoth([&](HeldQueue& queue) { queue.OnDisconnect(client, now_us_); });
  std::erase_if(leases_, [&](const auto& entry) {
    return entry.first.second == client && entry.second.tied;
  });
  Check({ReleaseReason::kLeaseEnd});
}

void HeldWorld::Release() {
  switch (random_.Below(6)) {
    case 0: {
      const pid_t pid = AnyPid();
      const bool known = ids_.contains(pid) || HasLease(pid);
      TellBoth([&](HeldQueue& queue) {
        Expect(queue.Release(pid, "").ok() == known, "mistakes who is held");
      });
      ForgetLeases(pid);
      return Check({ReleaseReason::kRequest});
    }
    case 1: {
      const std::string name = random_.Chance(10)
                                   ? "lease"
                                   : "rule" + std::to_string(random_.Between(1, last_rule_ + 1));
      TellBoth([&](HeldQueue& queue) { (void)queue.ReleaseRule(name, now_us_); });
      return Check({ReleaseReason::kRequest});
    }
    case 2:
      TellBoth([&](HeldQueue& queue) { (void)queue.ReleaseBarrier("x", now_us_); });
      return Check({ReleaseReason::kRequest});
    case 3:
      TellBoth([&](HeldQueue& queue) { queue.OnReplaced("web", now_us_); });
      return Check({ReleaseReason::kReplaced});
    case 4: {
      const std::size_t half = held_.size() / 2;
      TellBoth([&](HeldQueue& queue) { queue.OnPressure(); });
      Check({ReleaseReason::kPressure});
      return Expect(held_.size() == half, "did not release half");
    }
    default:
      if (!random_.Chance(10)) return;
      TellBoth([&](HeldQueue& queue) { queue.ReleaseAll(ReleaseReason::kRequest); });
      Check({ReleaseReason::kRequest});
      return Expect(held_.empty(), "did not release all");
  }
}

void HeldWorld::ChangeRules() {
  if (random_.Chance(50) && queue_->rules().size() < 6) {
    const model::HoldRule rule = DrawRule();
    TellBoth([&](HeldQueue& queue) { Expect(queue.AddRule(rule).ok(), "refuses a rule"); });
  } else if (!queue_->rules().empty()) {
    const std::string name = queue_->rules()[random_.Below(queue_->rules().size())].name;
    TellBoth([&](HeldQueue& queue) { Expect(queue.RemoveRule(name).ok(), "keeps a rule"); });
  }
  Check({});
}

void HeldWorld::ChangeSurroundings() {
  surroundings_ = {.pid1 = random_.Chance(50),
                   .own_processes = static_cast<std::uint32_t>(random_.Below(10))};
  if (random_.Chance(50)) surroundings_.process_limit = random_.Below(100);
  surroundings_.pids_max = surroundings_.process_limit && random_.Chance(50);
  TellBoth([&](HeldQueue& queue) { queue.SetSurroundings(surroundings_); });
  Check({ReleaseReason::kBudget});
}

void HeldWorld::ShowLiving() {
  if (!queue_->WantsLiving()) return;
  std::vector<model::ProcessInfo> living;
  for (const auto& [pid, process] : living_) {
    model::Shadow shadow;
    shadow.comm = process.comm;
    living.push_back({.pid = pid, .shadow = std::make_shared<const model::Shadow>(shadow)});
  }
  TellBoth([&](HeldQueue& queue) { queue.OnLiving(living, now_us_); });
  Check({ReleaseReason::kBarrier});
  Expect(!queue_->WantsLiving(), "wants what it was shown");
}

void HeldWorld::Close() {
  closed_ = true;
  TellBoth([](HeldQueue& queue) { queue.Close(ReleaseReason::kShutdown); });
  leases_.clear();
  Check({ReleaseReason::kShutdown});
}

}  // namespace reaperd::test
