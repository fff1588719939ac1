// ControlDesk: answers what status::ControlPlane asks, from the reaper, the death desk and its parts.
// Holds no state of its own but the pidfds of leases and who waits for a discovery.
//
// Owned by Daemon, made when somebody first asks for it; told of each reap and of each run of the
// reaper.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/death_desk.h"
#include "daemon/lease_pidfds.h"
#include "event/event_loop.h"
#include "model/run_spec.h"
#include "reap/reaper.h"
#include "status/control_plane.h"
#include "sys/process_ops.h"

namespace reaperd::daemon {

class ControlDesk final : public status::ControlPlane {
 public:
  struct Surroundings {
    event::EventLoop& loop;
    sys::ProcessOps& ops;
    reap::Reaper& reaper;
    DeathDesk& deaths;
    model::ReapMode reap = model::ReapMode::kWait;
    std::function<void()> wake;  ///< have the reaper run, and AfterRun called
  };

  explicit ControlDesk(Surroundings around);

  // --- what the daemon tells
  void OnReaped(pid_t pid) { pidfds_.Drop(pid); }
  void AfterRun();

  // --- ControlPlane
  [[nodiscard]] model::RecordPage ListDeaths(const model::RecordQuery& query) const override;
  [[nodiscard]] Result<model::DeathFinding> FindDeath(
      const model::DeathSelector& which) const override;
  [[nodiscard]] std::vector<model::HoldInfo> ListHeld() const override;
  [[nodiscard]] model::HoldRulesView ListHoldRules() const override;
  [[nodiscard]] Result<model::Inspection> Inspect(pid_t pid) const override;
  [[nodiscard]] model::ProcessPage ListProcesses(const model::ProcessQuery& query) const override;
  [[nodiscard]] model::ControlCounters Counters() const override;
  void Discover(std::function<void()> done) override;
  void ListZombies(ZombiesHandler handler) override;
  Result<model::LeaseAnswer> Hold(const model::LeaseRequest& request,
                                  model::WantPidfd want) override;
  Result<model::ReleaseAnswer> Release(const model::ReleaseRequest& request) override;
  Result<model::AddedRule> AddHoldRule(model::HoldRule rule) override;
  Status RemoveHoldRule(std::string_view name) override;
  void OnClientGone(model::ClientId client) override;

  [[nodiscard]] std::size_t watched() const { return pidfds_.size(); }

 private:
  struct Waiting {
    std::uint64_t request = 0;  ///< of a discovery
    std::function<void()> done;
  };

  [[nodiscard]] const reap::RecordRing& ring() const { return around_.deaths.recorder().ring(); }
  [[nodiscard]] const reap::HeldQueue& queue() const { return around_.deaths.holds().queue(); }
  /// ESHUTDOWN when nobody is held any more.
  [[nodiscard]] Status Open() const;
  /// The id of an unreaped child of ours that is not leaving; if `id` is given, the one of that id.
  Result<std::string> Identify(pid_t pid, std::string_view id);
  /// Whether `id`, in whatever form, names this unreaped child.
  Status CheckId(pid_t pid, std::string_view id, const std::string& own_id) const;
  [[nodiscard]] reap::RecordRing::Record FindRecord(const model::DeathSelector& which) const;
  [[nodiscard]] model::ProcessView View(const model::ProcessInfo& process) const;
  [[nodiscard]] std::string FreeRuleName() const;
  Status Carry(const model::ReleaseRequest& request);
  void DropPidfds();

  Surroundings around_;
  LeasePidfds pidfds_;
  std::vector<Waiting> waiting_;
};

}  // namespace reaperd::daemon
