// LeasePidfds: pidfds of the living on whom somebody has a lease, so that their deaths are told at
// once and by name, however many SIGCHLDs are lost. A help, no more: without one the death is found
// by SIGCHLD, so what fails here fails silently.
//
// Owned by ControlDesk. Only for unreaped children.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <map>

#include "base/unique_fd.h"
#include "event/event_loop.h"

namespace reaperd::daemon {

class LeasePidfds {
 public:
  /// Clients must not use up our descriptors.
  static constexpr std::size_t kMost = 256;

  /// `loop` must outlive it. `on_readable` is told a pid that is dead, or traced and dead.
  LeasePidfds(event::EventLoop& loop, std::function<void(pid_t)> on_readable)
      : loop_(loop), on_readable_(std::move(on_readable)) {}
  LeasePidfds(const LeasePidfds&) = delete;
  LeasePidfds& operator=(const LeasePidfds&) = delete;
  ~LeasePidfds() {
    DropUnless([](pid_t) { return false; });
  }

  /// Nothing happens if it is watched already.
  void Watch(pid_t pid);
  void Drop(pid_t pid);
  template <typename Predicate>
  void DropUnless(Predicate wanted) {
    for (auto at = watched_.begin(); at != watched_.end();)
      at = wanted(at->first) ? std::next(at) : Erase(at);
  }
  [[nodiscard]] std::size_t size() const { return watched_.size(); }

 private:
  struct Watched {
    UniqueFd pidfd;
    event::SourceId source = 0;
  };
  using ByPid = std::map<pid_t, Watched>;

  ByPid::iterator Erase(ByPid::iterator at);

  event::EventLoop& loop_;
  std::function<void(pid_t)> on_readable_;
  ByPid watched_;
};

}  // namespace reaperd::daemon
