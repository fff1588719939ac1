#include "reap/oom_desk.h"

#include <algorithm>

namespace reaperd::reap {

const sys::CgroupTree& OomDesk::tree() {
  if (!tree_) tree_ = sys::CgroupTree::Read(proc_root_);
  return *tree_;
}

OomWatch& OomDesk::watch() {
  if (!watch_) {
    counters_.emplace(tree());
    watch_.emplace(*counters_);
    // The baseline of what is ours, before anybody can have been taken.
    if (const auto& own = tree().own().memory()) watch_->Note(*own, clock_.Now());
    // To read what is in it already may take longer than one may wait.
    log_.emplace(sys::OurPidNamespace(proc_root_), log_path_);
    log_->SkipToEnd();
  }
  return *watch_;
}

std::optional<sys::CgroupCounter> OomDesk::OwnCounter() {
  const auto& own = tree().own().memory();
  return own ? tree().OomCounter(*own) : std::nullopt;
}

void OomDesk::OnOwnCounterEvent() {
  if (const auto& own = tree().own().memory()) watch().OnCounterEvent(*own, clock_.Now());
}

void OomDesk::OnSeen(const std::string& cgroup, Micros now_us) {
  watch().Note(cgroup, now_us);
}

std::optional<std::string> OomDesk::CgroupOf(const model::DeathRecord& record) {
  return record.cgroup ? record.cgroup : tree().own().memory();
}

void OomDesk::OnSigkill(const model::DeathRecord& record, Micros now_us) {
  readings_.clear();
  log_parts_left_ = kLogParts;
  if (const auto cgroup = CgroupOf(record)) watch().OnSigkill(*cgroup, now_us);
}

const OomReading* OomDesk::ReadOnce(const std::string& cgroup, Micros now_us) {
  const auto [at, is_new] = readings_.try_emplace(cgroup);
  if (is_new) at->second = watch().Read(cgroup, now_us);
  return at->second ? &*at->second : nullptr;
}

OomFacts OomDesk::Facts(const model::DeathRecord& record, Micros now_us) {
  OomFacts facts;
  if (const auto cgroup = CgroupOf(record)) {
    facts.cgroup = *cgroup;
    if (const OomReading* const reading = ReadOnce(*cgroup, now_us)) {
      const std::string& path = reading->counter.path;
      facts.counter = path.substr(path.rfind('/') + 1) + " " + reading->counter.key;
      facts.before = reading->before;
      facts.after = reading->after;
      facts.sigkills = reading->sigkills;
      facts.rise = reading->evidence() == OomEvidence::kCertain ? OomFacts::Rise::kCertain
                                                                : OomFacts::Rise::kPossible;
    }
  }
  // The log is asked only where there is something to be told apart.
  const bool risen = facts.before && facts.after && *facts.after > *facts.before;
  if (facts.before && !risen) return facts;
  watch();  // opens the log
  // The line that names the victim is the last of some sixty.
  while (log_->ReadNew(clock_) == sys::KernelLog::Read::kMore && log_parts_left_ > 0)
    --log_parts_left_;
  const auto victim = log_->Names(record.pid, record.comm, record.started_us.value_or(0));
  if (victim) facts.kernel_log = "killed process " + victim->comm;
  return facts;
}

}  // namespace reaperd::reap
