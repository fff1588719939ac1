#include "service/service.h"

#include <unistd.h>

#include <cerrno>

namespace reaperd::service {
namespace {

/// A filter may refuse the call, and old kernels have none.
bool RefusedByKernel(int error) {
  return error == ENOSYS || error == EPERM;
}

}  // namespace

sys::ChildReport Service::Start(const StartContext& context) {
  // Before: the exec belongs to its run, and it may be over when we run again.
  started_us_ = ops_.Now();
  sys::Spawned spawned = ops_.Spawn({.spec = &spec_,
                                     .mode = context.mode,
                                     .signal_mask = context.signal_mask,
                                     .terminal_fd = context.terminal_fd});
  if (spawned.failure.step != sys::SpawnStep::kNone) {
    state_ = ServiceState::kFailed;
    failed_pid_ = spawned.ended_pid;
    return spawned.failure;
  }
  state_ = ServiceState::kRunning;
  pid_ = spawned.pid;
  pidfd_ = std::move(spawned.pidfd);
  beginnings_ = {.shared_memory = spawned.shared, .pidfd = pidfd_.valid()};
  error_pipe_ = std::move(spawned.error_pipe);
  return {};
}

bool Service::OnReaped(const model::Death& death) {
  if (!running() || death.pid != pid_) return false;
  state_ = ServiceState::kExited;
  exit_status_ = death.status;
  ended_us_ = death.seen_us;
  return true;
}

int Service::Signal(int signal) {
  if (!running()) return ESRCH;
  if (pidfd_) {
    const int error = ops_.SignalPidfd(pidfd_.get(), signal);
    // The pid is as good, since the process is an unreaped child.
    if (pidfd_only_ || !RefusedByKernel(error)) return error;
  }
  if (pidfd_only_) return ESRCH;
  return ops_.SignalChild(pid_, signal);
}

bool Service::SignalledByPidfd() const {
  if (!pidfd_) return beginnings_ && beginnings_->pidfd;
  return !RefusedByKernel(ops_.SignalPidfd(pidfd_.get(), 0));
}

int Service::SignalGroup(int signal) {
  if (!running()) return ESRCH;
  if (pidfd_only_ && group() == pid_) {
    return pidfd_ ? ops_.SignalPidfdGroup(pidfd_.get(), signal) : ESRCH;
  }
  return ops_.SignalGroup(group(), signal);
}

pid_t Service::group() const {
  return spec_.process_group == model::ProcessGroup::kInherit ? getpgrp() : pid_;
}

}  // namespace reaperd::service
