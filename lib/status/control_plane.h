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
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "model/control.h"
#include "model/event.h"
#include "model/foreign_zombie.h"
#include "model/hold_info.h"
#include "model/lease.h"
#include "model/record_query.h"

namespace reaperd::status {

class ControlPlane {
 public:
  using ZombiesHandler = std::function<void(const Result<model::ForeignList>&)>;
  using ProcessesHandler = std::function<void(const Result<model::ProcessList>&)>;

  ControlPlane() = default;
  ControlPlane(const ControlPlane&) = delete;
  ControlPlane& operator=(const ControlPlane&) = delete;
  virtual ~ControlPlane() = default;

  // --- queries. Records are shared, not copied: one that is held still changes.
  [[nodiscard]] virtual model::StatusView GetStatus() const = 0;
  [[nodiscard]] virtual model::RecordPage ListDeaths(const model::RecordQuery& query) const = 0;
  [[nodiscard]] virtual Result<model::DeathFinding> FindDeath(
      const model::DeathSelector& which) const = 0;
  /// Oldest first.
  [[nodiscard]] virtual std::vector<model::HoldInfo> ListHeld() const = 0;
  [[nodiscard]] virtual model::HoldRulesView ListHoldRules() const = 0;
  /// As FindDeath; with the files of /proc while the zombie is there.
  [[nodiscard]] virtual Result<model::Inspection> Inspect(
      const model::DeathSelector& which) const = 0;
  /// A few of them.
  [[nodiscard]] virtual model::RemainingList ListBlockers() const = 0;
  /// For people; several lines.
  [[nodiscard]] virtual std::string Explain() const = 0;

  // --- answered later
  // A client waits for one answer of each at a time: else EAGAIN, at once. None comes after
  // OnClientGone.
  /// All our descendants, by a look that begins after this call.
  virtual void ListProcesses(model::ClientId client, ProcessesHandler handler) = 0;
  /// Those that are not ours: a look that begins after this call.
  virtual void ListZombies(model::ClientId client, ZombiesHandler handler) = 0;

  // --- commands. What is released is reaped in the same turn of the loop or the next.
  /// On a child that lives or is held. Makes no hold shorter.
  virtual Result<model::LeaseAnswer> Hold(const model::LeaseRequest& request,
                                          model::WantPidfd want) = 0;
  virtual Result<model::ReleaseAnswer> Release(const model::ReleaseRequest& request) = 0;
  /// In the short form. It is the last of the rules. One without a name gets one.
  virtual Result<model::AddedRule> AddHoldRule(std::string_view rule) = 0;
  /// Whom it holds stays until its end.
  virtual Status RemoveHoldRule(std::string_view name) = 0;
  /// It is not answered any more, and its leases end that were to last until then.
  virtual void OnClientGone(model::ClientId client) = 0;
  virtual Status Signal(const model::SignalRequest& request) = 0;
  /// Begins a stop, as the first of the stop signals would; `who` asks.
  virtual Status Shutdown(const model::SignalSender& who) = 0;
  virtual Status SetLogLevel(model::LogLevel level) = 0;
};

/// Takes what happens, while somebody follows (daemon to status).
class EventSink {
 public:
  EventSink() = default;
  EventSink(const EventSink&) = delete;
  EventSink& operator=(const EventSink&) = delete;
  virtual ~EventSink() = default;

  /// False: nobody wants the body of the next event, which is to be given as Skip.
  [[nodiscard]] virtual bool Wanted() const = 0;
  virtual void OnEvent(Micros at_us, model::EventBody body) = 0;
  /// An event that nobody sees: it has a number all the same.
  virtual void Skip() = 0;
};

}  // namespace reaperd::status
