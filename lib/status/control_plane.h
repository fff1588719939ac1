// ControlPlane: what the status socket may ask of the daemon and tell it, in values of lib/model. The
// daemon implements it (daemon/control_desk.h); a test or a fuzzer brings its own. Nothing is
// formatted here.
//
// Called from the loop, by handlers of Priority::kClients: after the deaths of the turn. Never
// waits. What takes more than a moment has a handler, which is called once, later, from the loop;
// not at all when the run ends first.
//
// Errors have a code and a sentence for people: ESRCH (no such process, or another one by now),
// ENOENT (no such record, rule or barrier), EEXIST (the name is taken), EINVAL (that makes no
// sense), ENOSPC (a limit leaves no room), EPERM (a part of reaperd itself), EOPNOTSUPP (this
// kernel, this /proc or this mode cannot do it), ESHUTDOWN (a stop began, or main has ended: nobody
// is held any more), EAGAIN (ask again). A pidfd that cannot be opened brings its own (EMFILE …).
#pragma once

#include <sys/types.h>

#include <functional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/control.h"
#include "model/foreign_zombie.h"
#include "model/hold_info.h"
#include "model/hold_rule.h"
#include "model/lease.h"
#include "model/record_query.h"

namespace reaperd::status {

class ControlPlane {
 public:
  using ZombiesHandler = std::function<void(const Result<std::vector<model::ForeignZombie>>&)>;

  ControlPlane() = default;
  ControlPlane(const ControlPlane&) = delete;
  ControlPlane& operator=(const ControlPlane&) = delete;
  virtual ~ControlPlane() = default;

  // --- queries. Records are shared, not copied: one that is held still changes.
  [[nodiscard]] virtual model::RecordPage ListDeaths(const model::RecordQuery& query) const = 0;
  [[nodiscard]] virtual Result<model::DeathFinding> FindDeath(
      const model::DeathSelector& which) const = 0;
  /// Oldest first.
  [[nodiscard]] virtual std::vector<model::HoldInfo> ListHeld() const = 0;
  [[nodiscard]] virtual model::HoldRulesView ListHoldRules() const = 0;
  /// The last death of this pid; with the files of /proc while the zombie is there.
  [[nodiscard]] virtual Result<model::Inspection> Inspect(pid_t pid) const = 0;
  /// The children that are known: all of them after Discover.
  [[nodiscard]] virtual model::ProcessPage ListProcesses(
      const model::ProcessQuery& query) const = 0;
  [[nodiscard]] virtual model::ControlCounters Counters() const = 0;

  // --- answered later
  /// `done`: every child that there was when this was called is known, and was looked at.
  virtual void Discover(std::function<void()> done) = 0;
  /// Those that are not ours: a look that begins after this call.
  virtual void ListZombies(ZombiesHandler handler) = 0;

  // --- commands. What is released is reaped in the same turn of the loop or the next.
  /// On a child that lives or is held. Makes no hold shorter.
  virtual Result<model::LeaseAnswer> Hold(const model::LeaseRequest& request,
                                          model::WantPidfd want) = 0;
  virtual Result<model::ReleaseAnswer> Release(const model::ReleaseRequest& request) = 0;
  /// It is the last of the rules. One without a name gets one.
  virtual Result<model::AddedRule> AddHoldRule(model::HoldRule rule) = 0;
  /// Whom it holds stays until its end.
  virtual Status RemoveHoldRule(std::string_view name) = 0;
  /// Its leases end that were to last until then.
  virtual void OnClientGone(model::ClientId client) = 0;
};

}  // namespace reaperd::status
