// ControlDesk: answers what status::ControlPlane asks, from the reaper, the death desk and its parts,
// and from the run (RunControl). Holds no state of its own but the pidfds of leases and who waits for
// a list of processes.
//
// Owned by Daemon, made when somebody first asks for it; told of each reap and of each run of the
// reaper.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/census.h"
#include "daemon/death_desk.h"
#include "daemon/lease_pidfds.h"
#include "event/event_loop.h"
#include "model/control.h"
#include "model/process_id.h"
#include "model/run_spec.h"
#include "reap/reaper.h"
#include "status/control_plane.h"
#include "sys/process_ops.h"

namespace reaperd::daemon {

/// What only the run as a whole knows and can. Daemon is one.
class RunControl {
 public:
  RunControl() = default;
  RunControl(const RunControl&) = delete;
  RunControl& operator=(const RunControl&) = delete;
  virtual ~RunControl() = default;

  /// Fills in all but what the desks know.
  virtual void AddRun(model::StatusView& view) const = 0;
  [[nodiscard]] virtual model::RemainingList WhoRemains() const = 0;
  [[nodiscard]] virtual std::string Explain() = 0;
  /// To its main process. ENOENT: there is no such service; ESRCH: it does not run.
  virtual Status SignalService(const std::string& name, int signal,
                               const model::SignalSender& sender) = 0;
  /// We are about to send `signal` to `pid` at the wish of `sender`.
  virtual void NoteSignal(pid_t pid, int signal, const model::SignalSender& sender) = 0;
  virtual void BeginStop(const model::SignalSender& who) = 0;
  /// False: this voice has no level.
  virtual bool SetLogLevel(model::LogLevel level) = 0;
};

class ControlDesk final : public status::ControlPlane {
 public:
  struct Surroundings {
    event::EventLoop& loop;
    sys::ProcessOps& ops;
    reap::Reaper& reaper;
    DeathDesk& deaths;
    RunControl& run;
    bool pid1 = false;
    model::ReapMode reap = model::ReapMode::kWait;
    std::function<void()> wake;  ///< have the reaper run, and AfterRun called
  };

  explicit ControlDesk(Surroundings around);

  // --- what the daemon tells
  void OnReaped(pid_t pid) { pidfds_.Drop(pid); }
  void AfterRun() { census_.AfterRun(); }

  // --- ControlPlane
  [[nodiscard]] model::StatusView GetStatus() const override;
  [[nodiscard]] model::RecordPage ListDeaths(const model::RecordQuery& query) const override;
  [[nodiscard]] Result<model::DeathFinding> FindDeath(
      const model::DeathSelector& which) const override;
  [[nodiscard]] std::vector<model::HoldInfo> ListHeld() const override;
  [[nodiscard]] model::HoldRulesView ListHoldRules() const override;
  [[nodiscard]] Result<model::Inspection> Inspect(const model::DeathSelector& which) const override;
  [[nodiscard]] model::RemainingList ListBlockers() const override {
    return around_.run.WhoRemains();
  }
  [[nodiscard]] std::string Explain() const override { return around_.run.Explain(); }
  void ListProcesses(model::ClientId client, ProcessesHandler handler) override {
    census_.Look(client, std::move(handler));
  }
  void ListZombies(model::ClientId client, ZombiesHandler handler) override;
  Result<model::LeaseAnswer> Hold(const model::LeaseRequest& request,
                                  model::WantPidfd want) override;
  Result<model::ReleaseAnswer> Release(const model::ReleaseRequest& request) override;
  Result<model::AddedRule> AddHoldRule(std::string_view text) override;
  Status RemoveHoldRule(std::string_view name) override;
  void OnClientGone(model::ClientId client) override;
  Status Signal(const model::SignalRequest& request) override;
  Status Shutdown(const model::SignalSender& who) override;
  Status SetLogLevel(model::LogLevel level) override;

  [[nodiscard]] std::size_t watched() const { return pidfds_.size(); }

 private:
  [[nodiscard]] const reap::RecordRing& ring() const { return around_.deaths.recorder().ring(); }
  [[nodiscard]] const reap::HeldQueue& queue() const { return around_.deaths.holds().queue(); }
  /// ESHUTDOWN when nobody is held any more.
  [[nodiscard]] Status Open() const;
  /// Whether it can be meant at all: a number above 0, and no part of ourselves.
  [[nodiscard]] Status CheckPid(pid_t pid) const;
  static Result<model::ProcessIdentity> ParseId(std::string_view id);
  /// The id of an unreaped child of ours that is not leaving; if `id` is given, the one of that id.
  Result<std::string> Identify(pid_t pid, std::string_view id);
  /// Whether `id`, in whatever form, names this unreaped child.
  Status CheckId(pid_t pid, std::string_view id, const std::string& own_id) const;
  [[nodiscard]] reap::RecordRing::Record FindRecord(const model::DeathSelector& which) const;
  [[nodiscard]] model::ControlCounters Counters() const;
  Status SignalProcess(const model::SignalProcessRequest& to, const model::SignalRequest& request);
  /// What is doubtful about it, beside what was said of the others.
  [[nodiscard]] Result<std::vector<std::string>> CheckNewRule(const model::HoldRule& rule) const;
  [[nodiscard]] std::string FreeRuleName() const;
  Status Carry(const model::ReleaseRequest& request);
  void DropPidfds();

  Surroundings around_;
  LeasePidfds pidfds_;
  Census census_;
};

}  // namespace reaperd::daemon
