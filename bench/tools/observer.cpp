#include "observer.h"

#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>

#include "clock.h"

namespace reaperd::bench {

namespace {

int CompareNs(const void* left, const void* right) {
  const auto a = *static_cast<const std::int64_t*>(left);
  const auto b = *static_cast<const std::int64_t*>(right);
  return a < b ? -1 : (a > b ? 1 : 0);
}

}  // namespace

Observer::Observer() : epoll_fd_(epoll_create1(EPOLL_CLOEXEC)) {
  void* memory = mmap(nullptr, sizeof(std::int64_t) * kMaxWatched, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) _exit(125);
  shared_ = static_cast<volatile std::int64_t*>(memory);
}

Observer::~Observer() {
  for (int i = 0; i < count_; ++i)
    close(fds_[i]);
  close(epoll_fd_);
  munmap(const_cast<std::int64_t*>(shared_), sizeof(std::int64_t) * kMaxWatched);
}

bool Observer::WatchFd(int pidfd) {
  if (pidfd < 0) return false;
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  event.data.u32 = static_cast<std::uint32_t>(count_);
  if (count_ >= kMaxWatched || epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, pidfd, &event) != 0) {
    close(pidfd);
    return false;
  }
  fds_[count_] = pidfd;
  reaped_ns_[count_] = 0;
  ++count_;
  return true;
}

bool Observer::Watch(pid_t pid) {
  return WatchFd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
}

void Observer::Collect(std::int64_t until_ns) {
  epoll_event events[64];
  while (reaped_ < count_ || count_ == 0) {
    const std::int64_t left_ns = until_ns - NowNs();
    if (left_ns <= 0) return;
    const timespec timeout = ToTimespec(left_ns);
    const long got =
        syscall(SYS_epoll_pwait2, epoll_fd_, events, 64, &timeout, nullptr, sizeof(long));
    const std::int64_t now_ns = NowNs();
    for (long i = 0; i < got; ++i) {
      const std::uint32_t index = events[i].data.u32;
      if ((events[i].events & EPOLLHUP) == 0 || reaped_ns_[index] != 0) continue;
      reaped_ns_[index] = now_ns;
      ++reaped_;
    }
  }
}

int Observer::Latencies(std::int64_t* out) const {
  int used = 0;
  for (int i = 0; i < count_; ++i) {
    if (reaped_ns_[i] != 0 && shared_[i] != 0) out[used++] = reaped_ns_[i] - shared_[i];
  }
  std::qsort(out, static_cast<size_t>(used), sizeof(std::int64_t), CompareNs);
  return used;
}

}  // namespace reaperd::bench
