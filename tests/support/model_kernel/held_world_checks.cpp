// What must be after each step of a life.
#include <algorithm>

#include "model_kernel/held_world.h"

namespace reaperd::test {

using model::HoldEnd;
using model::ReleaseReason;

namespace {

constexpr Micros kNever = 0;  ///< no deadline

bool IsSame(const model::HoldInfo& a, const model::HoldInfo& b) {
  return a.record == b.record && a.rule == b.rule && a.barrier == b.barrier &&
         a.since_us == b.since_us && a.until_us == b.until_us;
}

bool IsSame(const model::BarrierResult& a, const model::BarrierResult& b) {
  return a.barrier == b.barrier && a.complete == b.complete && a.members == b.members &&
         a.unlisted == b.unlisted;
}

template <typename T>
bool AreSame(const std::vector<T>& a, const std::vector<T>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const T& x, const T& y) { return IsSame(x, y); });
}

}  // namespace

// --- what must be

void HeldWorld::Expect(bool promise, const std::string& what) {
  if (!promise && violation_.empty()) violation_ = what + " at " + std::to_string(now_us_) + " us";
}

bool HeldWorld::IsLeased(pid_t pid) const {
  return std::any_of(leases_.begin(), leases_.end(), [&](const auto& entry) {
    return entry.first.first == pid && entry.second.end_us.value_or(0) > now_us_;
  });
}

bool HeldWorld::HasLease(pid_t pid) const {
  return std::any_of(leases_.begin(), leases_.end(),
                     [&](const auto& entry) { return entry.first.first == pid; });
}

void HeldWorld::ForgetLeases(pid_t pid) {
  std::erase_if(leases_, [&](const auto& entry) { return entry.first.first == pid; });
}

HeldWorld::Infos HeldWorld::Snapshot() const {
  Infos infos;
  for (model::HoldInfo& info : queue_->List())
    infos.emplace(info.record->pid, std::move(info));
  return infos;
}

void HeldWorld::Check(const std::set<ReleaseReason>& allowed) {
  const std::vector<model::Release> releases = queue_->TakeReleases();
  const std::vector<model::BarrierResult> results = queue_->TakeBarrierResults();
  Expect(releases == reloaded_->TakeReleases(), "releases others after an exec");
  Expect(AreSame(results, reloaded_->TakeBarrierResults()), "tells otherwise after an exec");
  std::set<pid_t> released;
  for (const model::Release& release : releases) {
    Expect(allowed.contains(release.reason), "released for a reason that does not fit");
    CheckRelease(release, before_);
    released.insert(release.pid);
    ++seen_.counters.released[static_cast<std::size_t>(release.reason)];
  }
  for (const model::BarrierResult& result : results)
    CheckResult(result, released);
  CheckViews();
  before_ = Snapshot();
}

void HeldWorld::CheckRelease(const model::Release& release, const Infos& before) {
  const auto at = std::find(held_.begin(), held_.end(), release.pid);
  if (at == held_.end()) return Expect(false, "released who is not held");
  const ReleaseReason reason = release.reason;
  const model::HoldInfo& info = before.find(release.pid)->second;
  const bool first = at == held_.begin();
  if (reason == ReleaseReason::kBudget || reason == ReleaseReason::kPressure) {
    Expect(first, "released one that is not the oldest");
  } else if (reason == ReleaseReason::kKeep) {
    const bool oldest = std::none_of(held_.begin(), at, [&](pid_t pid) {
      const model::HoldInfo& older = before.find(pid)->second;
      return older.rule == info.rule && !IsLeased(pid);
    });
    Expect(oldest, "released one that is not the oldest of its rule");
  } else if (reason == ReleaseReason::kTimeout) {
    const Micros max_us = spec_.limits.max_time_us;
    const Micros for_us = rules_[info.rule].for_us.value_or(max_us);
    Expect(now_us_ >= info.since_us + std::min(for_us, max_us), "released before its time");
  } else if (reason == ReleaseReason::kReplaced) {
    Expect(rules_[info.rule].end == HoldEnd::kReplaced && info.record->service == "web",
           "released who was not replaced");
  }
  const bool forced = reason == ReleaseReason::kBudget || reason == ReleaseReason::kPressure ||
                      reason == ReleaseReason::kRequest || reason == ReleaseReason::kShutdown;
  Expect(forced || !IsLeased(release.pid), "released who is leased");
  held_.erase(at);
  ids_.erase(release.pid);
  ForgetLeases(release.pid);
}

void HeldWorld::CheckResult(const model::BarrierResult& result, const std::set<pid_t>& released) {
  ++(result.complete ? seen_.complete : seen_.early);
  std::vector<pid_t> pids;
  for (const auto& member : result.members) {
    pids.push_back(member.pid);
    const auto info = before_.find(member.pid);
    const bool was_member = info != before_.end() && info->second.barrier == result.barrier &&
                            info->second.record->id == member.id;
    if (was_member) {
      Expect(released.contains(member.pid) || queue_->Find(member.pid) != nullptr,
             "lost a member of a barrier");
    }
  }
  std::vector<pid_t>& expected = members_[result.barrier];
  Expect(pids == expected, "told of other members than the barrier had");
  const model::Barrier& barrier = barriers_[result.barrier];
  if (result.complete && barrier.count) {
    Expect(pids.size() == *barrier.count, "completed at another count");
  }
  Expect(!result.complete || !barrier.all || !IsWaitedFor(result.barrier), "did not wait for all");
  expected.clear();
  for (const model::HoldInfo& info : queue_->List())
    Expect(info.barrier != result.barrier, "left a member of a barrier behind");
}

bool HeldWorld::IsWaitedFor(const std::string& barrier) const {
  for (const model::HoldRule& rule : queue_->rules()) {
    if (rule.end != HoldEnd::kBarrier || rule.barrier != barrier) continue;
    const std::string& glob = rule.match.comm.front();
    for (const auto& [pid, process] : living_) {
      if (glob == "*" || glob == process.comm) return true;
    }
  }
  return false;
}

void HeldWorld::CheckViews() {
  const std::vector<model::HoldInfo> list = queue_->List();
  Expect(AreSame(list, reloaded_->List()), "lists others after an exec");
  Expect(queue_->NextDeadline() == reloaded_->NextDeadline(), "another deadline after an exec");
  Expect(queue_->WantsLiving() == reloaded_->WantsLiving(), "wants otherwise after an exec");
  for (const auto& [name, barrier] : barriers_) {
    if (!barrier.all || members_[name].empty() || queue_->WantsLiving()) continue;
    Expect(IsWaitedFor(name), "waits for nobody");
  }
  Expect(queue_->MayHold() == reloaded_->MayHold(), "may hold otherwise after an exec");
  Expect(queue_->counters() == reloaded_->counters(), "counts otherwise after an exec");
  Expect(queue_->lease_count() == leases_.size(), "lost or kept a lease");
  Expect(std::equal(list.begin(), list.end(), held_.begin(), held_.end(),
                    [](const auto& info, pid_t pid) { return info.record->pid == pid; }),
         "lists others than are held, or in another order");
  for (const model::HoldInfo& info : list) {
    const auto before = before_.find(info.record->pid);
    if (before == before_.end() || before->second.rule == info.rule) continue;
    Expect(info.rule == "lease" && IsLeased(info.record->pid), "changed who holds");
    ++seen_.handed_on;
  }

  std::size_t cap =
      spec_.limits.max_held.value_or(surroundings_.pid1 && !surroundings_.pids_max ? 16 : 64);
  if (surroundings_.process_limit) {
    const std::uint64_t share = *surroundings_.process_limit / 4;
    const std::uint64_t own = surroundings_.own_processes;
    cap = std::min<std::size_t>(cap, share > own ? share - own : 0);
  }
  Expect(queue_->cap() == cap, "another cap");
  Expect(list.size() <= cap, "holds more than it may");
  Expect(!closed_ || list.empty(), "holds after the end");
}

void HeldWorld::CheckTimes() {
  Expect(queue_->NextDeadline().value_or(now_us_ + 1) > now_us_, "left a deadline in the past");
  Expect(held_.empty() || queue_->NextDeadline().value_or(kNever) != kNever, "holds for ever");
  for (const model::HoldInfo& info : queue_->List()) {
    Expect(now_us_ < info.since_us + spec_.limits.max_time_us, "holds longer than the limits");
    Expect(!info.until_us || now_us_ < *info.until_us, "holds longer than it says");
    if (info.rule == "lease") Expect(IsLeased(info.record->pid), "holds without a lease");
  }
}

}  // namespace reaperd::test
