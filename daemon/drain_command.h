// DrainCommand: the command that runs while a stop drains. Started in the background: a child stuck
// before its exec must not stop the reaping.
#pragma once

#include <functional>
#include <memory>

#include "daemon/run_observer.h"
#include "event/event_loop.h"
#include "model/run_spec.h"
#include "service/service.h"

namespace reaperd::daemon {

class DrainCommand {
 public:
  using EndedHandler = std::function<void()>;

  /// All must outlive it. `ended`: it ran to its end, or could not be started.
  DrainCommand(event::EventLoop& loop, sys::ProcessOps& ops, RunObserver& observer,
               EndedHandler ended);
  ~DrainCommand();
  DrainCommand(const DrainCommand&) = delete;
  DrainCommand& operator=(const DrainCommand&) = delete;

  /// Runs spec.stop.drain_command with main's surroundings, in a group of its own. Returns its pid,
  /// 0 if it could not be started; `ended` is told in a later turn then.
  pid_t Start(const model::RunSpec& spec, const sigset_t& signal_mask);
  /// It could not be started; `pid` is 0 when there was no child at all.
  using FailureHandler = std::function<void(pid_t pid, const sys::ChildReport& failure)>;
  void OnFailure(FailureHandler handler) { on_failure_ = std::move(handler); }
  /// Of the running command; -1: none.
  [[nodiscard]] int pidfd() const { return service_ ? service_->pidfd() : -1; }
  /// `pid` is dead: if it is its own, what it reported is told now.
  void OnDeath(pid_t pid);
  /// True if `death` is its own.
  bool OnReaped(const model::Death& death);
  /// Its time is over: KILL to its group, if it still runs.
  void End();
  /// The source that watches it was removed.
  void ClosePidfd() { service_->ClosePidfd(); }

 private:
  event::After OnErrorPipe();
  void CloseErrorPipe();
  void Ended();

  event::EventLoop& loop_;
  sys::ProcessOps& ops_;
  RunObserver& observer_;
  EndedHandler ended_;
  FailureHandler on_failure_;
  std::unique_ptr<service::Service> service_;
  std::optional<event::SourceId> error_source_;
  event::DeadlineId start_deadline_;
  event::SourceId ended_job_;
};

}  // namespace reaperd::daemon
