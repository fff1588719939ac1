// HeldWorld: a random life around two HeldQueues that are told the same. One of them is saved and
// loaded into a new one now and then, which must change nothing; what both say is compared with a
// simple ledger of who died, who is held, and which leases run.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "model_kernel/random.h"
#include "reap/held_queue.h"

namespace reaperd::test {

/// Counts of what happened, so that a run in which nothing happens cannot pass.
struct HeldSeen {
  std::uint64_t lives = 0;
  std::uint64_t steps = 0;
  std::uint64_t reloads = 0;
  std::uint64_t handed_on = 0;  ///< a lease took over
  std::uint64_t complete = 0;   ///< barriers
  std::uint64_t early = 0;
  model::HoldCounters counters;
};

class HeldWorld {
 public:
  HeldWorld(std::uint64_t seed, HeldSeen& seen);

  /// What was violated, or "".
  std::string Live(int steps);

 private:
  struct Process {
    std::string id;
    std::string comm;
    std::string service;
  };
  struct Lease {
    std::optional<Micros> for_us;
    bool tied = true;
    std::optional<Micros> end_us;
  };
  using Infos = std::map<pid_t, model::HoldInfo>;

  model::HoldSpec DrawSpec();
  model::HoldRule DrawRule();
  std::optional<Micros> DrawTime(int percent);
  pid_t AnyPid() { return static_cast<pid_t>(random_.Between(1, 60)); }

  template <typename Tell>
  void TellBoth(const Tell& tell) {
    tell(*queue_);
    tell(*reloaded_);
  }

  void Step();
  void Happen();
  void Reload();
  void Bear();
  void Die();
  void Ask();
  void Disconnect();
  void Release();
  void ChangeRules();
  void ChangeSurroundings();
  void ShowLiving();
  void Close();

  void Check(const std::set<model::ReleaseReason>& allowed);
  void CheckRelease(const model::Release& release, const Infos& before);
  void CheckResult(const model::BarrierResult& result, const std::set<pid_t>& released);
  void CheckViews();
  void CheckTimes();
  void Expect(bool promise, const std::string& what);
  [[nodiscard]] bool HasLease(pid_t pid) const;
  void ForgetLeases(pid_t pid);
  /// A lease of the ledger lasts beyond now.
  [[nodiscard]] bool IsLeased(pid_t pid) const;
  /// Somebody lives who could match a rule of this barrier.
  [[nodiscard]] bool IsWaitedFor(const std::string& barrier) const;
  [[nodiscard]] Infos Snapshot() const;

  Random random_;
  HeldSeen& seen_;
  model::HoldSpec spec_;
  std::unique_ptr<reap::HeldQueue> queue_;
  std::unique_ptr<reap::HeldQueue> reloaded_;
  reap::HoldSurroundings surroundings_;
  Micros now_us_ = 1000 * kSecond;
  std::uint64_t last_seq_ = 0;
  int last_rule_ = 0;
  bool closed_ = false;

  std::map<pid_t, Process> living_;
  std::vector<pid_t> held_;  ///< oldest first
  std::map<pid_t, std::string> ids_;
  std::map<std::pair<pid_t, reap::ClientId>, Lease> leases_;
  std::map<std::string, std::vector<pid_t>> members_;  ///< of barriers, also those that had to go
  std::map<std::string, model::HoldRule> rules_;       ///< also removed ones
  std::map<std::string, model::Barrier> barriers_;
  Infos before_;
  std::string violation_;
};

}  // namespace reaperd::test
