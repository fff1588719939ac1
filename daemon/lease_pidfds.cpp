#include "daemon/lease_pidfds.h"

#include <sys/epoll.h>

#include <utility>

#include "sys/pidfd.h"

namespace reaperd::daemon {

void LeasePidfds::Watch(pid_t pid) {
  if (watched_.size() >= kMost || watched_.contains(pid)) return;
  UniqueFd pidfd = sys::OpenPidfd(pid);
  if (!pidfd) return;
  // Edge-triggered: of a dead one that somebody else traces it stays readable, and waitid says
  // nothing.
  const auto source = loop_.AddIo(pidfd.get(), EPOLLIN | EPOLLET, event::Priority::kDeaths,
                                  [this, pid](std::uint32_t, event::Turn&) {
                                    on_readable_(pid);
                                    return event::After::kWait;
                                  });
  if (source) watched_.emplace(pid, Watched{.pidfd = std::move(pidfd), .source = *source});
}

void LeasePidfds::Drop(pid_t pid) {
  const auto at = watched_.find(pid);
  if (at != watched_.end()) Erase(at);
}

LeasePidfds::ByPid::iterator LeasePidfds::Erase(ByPid::iterator at) {
  loop_.RemoveIo(at->second.source);  // before it is closed: a client may hold another of it
  return watched_.erase(at);
}

}  // namespace reaperd::daemon
