// CgroupEventFile: a counter of a cgroup kept open, with a descriptor that becomes ready when it
// changes. For pids.events (held zombies use up what others need) and memory.events.local.
//
// Only v2 tells: epoll with kEvents, once for each change, also without a read between. v1 is
// silent, by poll and by inotify (docs/kernel-facts.md#events-of-cgroups): `notifies` says so, and
// whoever needs the value asks. Changes that follow within 10 ms may come as one. A file that is
// removed is told as a change, too; Read then fails with ENODEV.
#pragma once

#include <sys/epoll.h>

#include <cstdint>

#include "base/result.h"
#include "base/unique_fd.h"
#include "sys/cgroup.h"

namespace reaperd::sys {

class CgroupEventFile {
 public:
  static constexpr std::uint32_t kEvents = EPOLLPRI | EPOLLET;

  /// Opens and reads once: unread, a file is ready at once.
  static Result<CgroupEventFile> Open(CgroupCounter counter);

  [[nodiscard]] int descriptor() const { return fd_.get(); }
  [[nodiscard]] bool notifies() const { return counter_.v2; }
  [[nodiscard]] const CgroupCounter& counter() const { return counter_; }

  /// The value now.
  [[nodiscard]] Result<std::uint64_t> Read() const;

 private:
  CgroupEventFile(CgroupCounter counter, UniqueFd fd)
      : counter_(std::move(counter)), fd_(std::move(fd)) {}

  CgroupCounter counter_;
  UniqueFd fd_;
};

}  // namespace reaperd::sys
