// OomDesk: whether memory had run out, from what the kernel shows: the counters of cgroups
// (reap::OomWatch) and, where it can be read, the kernel's log. Owned by the composition root.
//
// Start it when nobody of ours can have been taken yet: a rise is seen only against an earlier
// reading. Reads /proc/self/mountinfo then, once, which can wait for a mount.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/clock.h"
#include "reap/oom_watch.h"
#include "reap/recorder.h"
#include "sys/cgroup.h"
#include "sys/kernel_log.h"

namespace reaperd::reap {

class OomDesk final : public OomJudge {
 public:
  /// `clock` must outlive it.
  OomDesk(const Clock& clock, std::string proc_root, std::string log_path = "/dev/kmsg")
      : clock_(clock), proc_root_(std::move(proc_root)), log_path_(std::move(log_path)) {}

  /// The baseline: the counter of our own group as it stands, and the end of the kernel's log.
  /// Without it the first question does the same, too late for that death.
  void Start() { watch(); }

  void OnSeen(const std::string& cgroup, Micros now_us) override;
  void OnSigkill(const model::DeathRecord& record, Micros now_us) override;
  OomFacts Facts(const model::DeathRecord& record, Micros now_us) override;

  /// What is mounted here; reads it if that was not done yet.
  const sys::CgroupTree& tree();
  /// The counter of our own cgroup, for who can be told when it rises; nullopt: none is visible.
  std::optional<sys::CgroupCounter> OwnCounter();
  /// It may have risen.
  void OnOwnCounterEvent();

  /// What outlives an exec of ourselves, and back. The kernel's log is read from then on.
  [[nodiscard]] std::vector<OomWatch::Saved> Save() const {
    return watch_ ? watch_->Save() : std::vector<OomWatch::Saved>{};
  }
  void Load(std::vector<OomWatch::Saved> saved) { watch().Load(std::move(saved)); }

 private:
  OomWatch& watch();
  const OomReading* ReadOnce(const std::string& cgroup, Micros now_us);
  /// That of the record, else ours: children stay in it unless somebody moves them.
  std::optional<std::string> CgroupOf(const model::DeathRecord& record);

  const Clock& clock_;
  std::string proc_root_;
  std::string log_path_;
  std::optional<sys::CgroupTree> tree_;
  std::optional<CgroupOomCounters> counters_;
  std::optional<OomWatch> watch_;
  /// Those that died together are judged by one reading of each group.
  std::map<std::string, std::optional<OomReading>> readings_;
  std::optional<sys::KernelLog> log_;
  /// Of at most KernelLog::kReadTime each, for all that died together: a flooded log holds up little.
  static constexpr int kLogParts = 10;
  int log_parts_left_ = 0;
};

}  // namespace reaperd::reap
