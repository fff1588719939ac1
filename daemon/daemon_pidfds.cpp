// What Daemon does by pidfds: hearing of ends, and signals that must not reach a number's next
// owner, which where the kernel reaps is any moment's danger.
#include <unistd.h>

#include "daemon/daemon.h"
#include "sys/pidfd.h"

namespace reaperd::daemon {

std::optional<event::SourceId> Daemon::WatchPidfd(pid_t pid, int pidfd) {
  // Edge-triggered: while somebody else traces a dead main, its pidfd stays readable and waitid
  // says nothing.
  const auto source = loop_->AddIo(pidfd, EPOLLIN | EPOLLET, event::Priority::kSignals,
                                   [this, pid](std::uint32_t, event::Turn&) {
                                     reaper_.OnPidfdReadable(pid);
                                     loop_->Wake(reap_job_);
                                     return event::After::kWait;
                                   });
  if (source) return *source;
  observer_.OnWarning(source.error());
  return std::nullopt;
}

void Daemon::KnowDrain(pid_t pid) {
  model::ProcessInfo drain{.pid = pid, .role = model::Role::kHook};
  const int pidfd = drain_->pidfd();
  if (spec_.reap == model::ReapMode::kAuto && pidfd >= 0) {
    drain.pidfs_inode = sys::PidfsInode(pidfd);
    drain_source_ = WatchPidfd(pid, pidfd);
  }
  drain.shadow = model::ShadowOfCommand(spec_.stop.drain_command);
  events_.Tell([&] { return model::SpawnedEvent{.process = drain, .parent = getpid()}; });
  reaper_.Know(std::move(drain), pidfd);
}

void Daemon::UnwatchDrain() {
  if (!drain_source_) return;
  loop_->RemoveIo(*drain_source_);
  drain_source_.reset();
  drain_->ClosePidfd();
}

void Daemon::SignalGroupAtEnd() {
  if (spec_.stop.signal_group_at_end == 0) return;
  const auto number = static_cast<std::size_t>(spec_.stop.signal_group_at_end);
  const int signal = spec_.signals.rewrite[number];
  if (signal == 0) return;
  if (spec_.reap == model::ReapMode::kAuto) {
    static_cast<void>(ops_.SignalPidfdGroup(main_.pidfd(), signal));
    return;
  }
  // The group's number is not free while the group has members, and without members nobody can
  // have taken it in the moment since the reap: numbers are given out in a circle.
  static_cast<void>(ops_.SignalGroup(main_.pid(), signal));
}

pid_t Daemon::MainsSession() {
  const pid_t session = getsid(main_.pid());
  // Unless main is still there afterwards, the number may have been another's.
  if (spec_.reap == model::ReapMode::kAuto && main_.Signal(0) != 0) return -1;
  return session;
}

}  // namespace reaperd::daemon
