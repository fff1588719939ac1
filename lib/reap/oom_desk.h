// OomDesk: whether memory had run out, from what the kernel shows: the counters of cgroups
// (reap::OomWatch) and, where it can be read, the kernel's log. Owned by the composition root.
//
// Where cgroups are mounted is read at the first process that is seen.
#pragma once

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
  OomDesk(const Clock& clock, std::string proc_root)
      : clock_(clock), proc_root_(std::move(proc_root)) {}

  void OnSeen(const std::string& cgroup, Micros now_us) override;
  void OnSigkill(const model::DeathRecord& record, Micros now_us) override;
  OomFacts Facts(const model::DeathRecord& record, Micros now_us) override;

  /// What is mounted here; reads it if that was not done yet.
  const sys::CgroupTree& tree();
  /// The counter of our own cgroup, for who can be told when it rises; nullopt: none is visible.
  std::optional<sys::CgroupCounter> OwnCounter();
  /// Of our own cgroup, in which the children are unless somebody moves them.
  void TakeBaseline() { watch(); }
  /// It may have risen.
  void OnOwnCounterEvent();

 private:
  OomWatch& watch();
  /// That of the record, else ours: children stay in it unless somebody moves them.
  std::optional<std::string> CgroupOf(const model::DeathRecord& record);

  const Clock& clock_;
  std::string proc_root_;
  std::optional<sys::CgroupTree> tree_;
  std::optional<CgroupOomCounters> counters_;
  std::optional<OomWatch> watch_;
  std::optional<sys::KernelLog> log_;
};

}  // namespace reaperd::reap
