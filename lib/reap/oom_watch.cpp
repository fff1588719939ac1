#include "reap/oom_watch.h"

#include <algorithm>

namespace reaperd::reap {

std::optional<sys::CgroupCounter> CgroupOomCounters::Find(std::string_view cgroup) {
  return tree_.OomCounter(cgroup);
}

std::optional<sys::CgroupCount> CgroupOomCounters::Read(const sys::CgroupCounter& counter) {
  const auto count = sys::ReadCgroupCounter(counter);
  if (!count) return std::nullopt;
  return *count;
}

OomEvidence OomReading::evidence() const {
  if (after <= before) return OomEvidence::kNone;
  // A counter that adds up what is below has victims whom we cannot tell apart.
  if (counter.hierarchical || sigkills > rise()) return OomEvidence::kPossible;
  const bool soon = read_us - risen_us <= kDiesSoon;
  return soon && risen_us - before_us <= kFresh ? OomEvidence::kCertain : OomEvidence::kPossible;
}

OomWatch::Saved* OomWatch::FindCounter(std::string_view path) {
  const auto at = std::find_if(groups_.begin(), groups_.end(),
                               [&](const Saved& group) { return group.counter.path == path; });
  if (at == groups_.end()) return nullptr;
  std::rotate(at, at + 1, groups_.end());
  return &groups_.back();
}

OomWatch::Saved* OomWatch::FindNoted(const std::string& cgroup) {
  const auto known = noted_.find(cgroup);
  return known == noted_.end() ? nullptr : FindCounter(known->second);
}

OomWatch::Saved* OomWatch::Find(std::string_view cgroup) {
  // Looking for the file takes several system calls, and thousands may be killed at once.
  if (Saved* const group = FindNoted(std::string(cgroup))) return group;
  const auto counter = counters_.Find(cgroup);
  return counter ? FindCounter(counter->path) : nullptr;
}

void OomWatch::Note(std::string_view cgroup, Micros now_us) {
  const std::string name(cgroup);
  if (FindNoted(name) != nullptr) return;
  const auto counter = counters_.Find(cgroup);
  if (!counter) return;
  if (FindCounter(counter->path) != nullptr) {
    Remember(name, counter->path);
    return;
  }
  const auto count = counters_.Read(*counter);
  if (!count) return;
  if (groups_.size() >= kGroups) groups_.erase(groups_.begin());
  groups_.push_back({.counter = *counter,
                     .before = *count,
                     .after = count->value,
                     .sigkills = 0,
                     .before_us = now_us,
                     .risen_us = 0});
  Remember(name, counter->path);
}

void OomWatch::Remember(const std::string& cgroup, const std::string& counter_path) {
  // A cache only, and paths of short-lived groups would fill it.
  if (noted_.size() >= kGroups && !noted_.contains(cgroup)) noted_.clear();
  noted_.insert_or_assign(cgroup, counter_path);
}

/// After its time the deaths of a reading are no more weighed with those to come.
void OomWatch::CloseReading(Saved& group, Micros now_us) {
  if (group.after == group.before.value) return;
  const bool explained = group.sigkills >= group.after - group.before.value;
  if (now_us - group.risen_us < (explained ? kSettle : kVictimDies)) return;
  group.before.value = group.after;
  group.sigkills = 0;
  group.before_us = group.risen_us;
  group.risen_us = 0;
}

bool OomWatch::Update(Saved& group, Micros now_us) {
  const auto count = counters_.Read(group.counter);
  if (!count) return false;
  if (count->identity != group.before.identity) {
    // The group is a new one of the old name, made since the last reading: it began at 0.
    group.before = {.value = 0, .identity = count->identity};
    group.after = 0;
  } else if (count->value < group.after) {
    group.before.value = group.after = count->value;
  }
  if (count->value > group.after) {
    group.after = count->value;
    group.risen_us = now_us;
  } else if (group.after == group.before.value) {
    group.before_us = now_us;
  }
  return true;
}

void OomWatch::OnCounterEvent(std::string_view cgroup, Micros now_us) {
  Saved* const group = Find(cgroup);
  if (group == nullptr) return;
  CloseReading(*group, now_us);
  const bool was_open = group->after != group->before.value;
  Update(*group, now_us);
  if (!was_open) group->before_us = now_us;
}

void OomWatch::OnSigkill(std::string_view cgroup, Micros now_us) {
  Saved* const group = Find(cgroup);
  if (group == nullptr) return;
  CloseReading(*group, now_us);
  ++group->sigkills;
}

std::optional<OomReading> OomWatch::Read(std::string_view cgroup, Micros now_us) {
  Saved* const group = Find(cgroup);
  if (group == nullptr || !Update(*group, now_us)) return std::nullopt;
  OomReading reading{.counter = group->counter,
                     .before = group->before.value,
                     .after = group->after,
                     .sigkills = group->sigkills,
                     .before_us = group->before_us,
                     .risen_us = group->risen_us,
                     .read_us = now_us};
  // Without a rise those deaths are explained: by somebody else.
  if (reading.rise() == 0) group->sigkills = 0;
  return reading;
}

void OomWatch::Load(std::vector<Saved> saved) {
  groups_ = std::move(saved);
  if (groups_.size() > kGroups) {
    groups_.erase(groups_.begin(),
                  groups_.end() - static_cast<std::vector<Saved>::difference_type>(kGroups));
  }
  noted_.clear();
}

}  // namespace reaperd::reap
