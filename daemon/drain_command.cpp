#include "daemon/drain_command.h"

#include <signal.h>

#include <cerrno>

namespace reaperd::daemon {
namespace {

/// From clone to exec. Longer means a hung mount or the like; the drain does not wait for it.
constexpr Micros kStartTimeout_us = 10 * kSecond;

}  // namespace

DrainCommand::DrainCommand(event::EventLoop& loop, sys::ProcessOps& ops, RunObserver& observer,
                           EndedHandler ended)
    : loop_(loop),
      ops_(ops),
      observer_(observer),
      ended_(std::move(ended)),
      start_deadline_(loop.AddDeadline([this] {
        observer_.OnWarning(Error(0, "the drain command was not executed in time"));
        End();
      })),
      ended_job_(loop.AddJob(event::Priority::kJobs, [this](event::Turn&) {
        ended_();
        return event::After::kWait;
      })) {}

DrainCommand::~DrainCommand() {
  CloseErrorPipe();
}

pid_t DrainCommand::Start(const model::RunSpec& spec, const sigset_t& signal_mask) {
  model::ServiceSpec drain = spec.main;
  drain.name = "drain";
  drain.command = spec.stop.drain_command;
  drain.process_group = model::ProcessGroup::kOwn;
  service_ = std::make_unique<service::Service>(ops_, std::move(drain));
  if (spec.reap == model::ReapMode::kAuto) service_->SignalByPidfdOnly();
  const sys::ChildReport failure = service_->Start(
      {.mode = sys::SpawnMode::kInBackground, .signal_mask = signal_mask, .terminal_fd = -1});
  if (failure.step != sys::SpawnStep::kNone) {
    observer_.OnStartFailed(service_->spec(), sys::StepName(failure.step), failure.code);
    if (on_failure_) on_failure_(0, failure);
    loop_.Wake(ended_job_);
    return 0;
  }
  const auto source = loop_.AddIo(service_->error_pipe(), EPOLLIN, event::Priority::kJobs,
                                  [this](std::uint32_t, event::Turn&) { return OnErrorPipe(); });
  if (source) {
    error_source_ = *source;
    loop_.SetDeadline(start_deadline_, loop_.Now() + kStartTimeout_us);
  } else {
    observer_.OnWarning(source.error());
    service_->CloseErrorPipe();
  }
  return service_->pid();
}

event::After DrainCommand::OnErrorPipe() {
  sys::ChildReport report;
  const ssize_t got =
      ops_.Read(service_->error_pipe(), std::as_writable_bytes(std::span(&report, 1)));
  if (got == -EAGAIN || got == -EINTR) return event::After::kWait;
  // End of file: the exec closed it.
  if (got == static_cast<ssize_t>(sizeof report)) {
    observer_.OnStartFailed(service_->spec(), sys::StepName(report.step), report.code);
    if (on_failure_) on_failure_(service_->pid(), report);
  }
  CloseErrorPipe();
  return event::After::kWait;
}

void DrainCommand::CloseErrorPipe() {
  loop_.ClearDeadline(start_deadline_);
  if (!error_source_) return;
  loop_.RemoveIo(*error_source_);
  error_source_.reset();
  service_->CloseErrorPipe();
}

void DrainCommand::OnDeath(pid_t pid) {
  // A report of a failed exec is in the pipe by now.
  if (service_ && service_->pid() == pid && error_source_) OnErrorPipe();
}

bool DrainCommand::OnReaped(const model::Death& death) {
  if (!service_ || !service_->OnReaped(death)) return false;
  loop_.Wake(ended_job_);
  return true;
}

void DrainCommand::End() {
  if (!service_ || !service_->running()) return;
  // The group first: it may not exist yet, and the leader is not gone before it is reaped.
  static_cast<void>(service_->SignalGroup(SIGKILL));
  static_cast<void>(service_->Signal(SIGKILL));
}

}  // namespace reaperd::daemon
