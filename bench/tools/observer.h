// Sees when processes that are not our children get reaped, without disturbing who reaps them.
//
// A pidfd in an edge-triggered epoll reports IN at the death and HUP at the reap (Linux 6.15 and
// later; older kernels never report HUP and Reaped() stays 0). Only a sample of a crowd is watched:
// each watched reap runs a wake-up inside the reaper's own system call and would count as its CPU.

#pragma once

#include <sys/types.h>

#include <cstdint>

namespace reaperd::bench {

class Observer {
 public:
  static constexpr int kMaxWatched = 1024;

  Observer();
  ~Observer();
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;

  /// Watches a pid (dead or alive). False when full or when the pid is gone.
  bool Watch(pid_t pid);
  /// Takes over `pidfd`.
  bool WatchFd(int pidfd);
  /// Where the process watched last shall leave the time of its death call.
  volatile std::int64_t* DeathSlot(int index) { return &shared_[index]; }
  void SetDeath(int index, std::int64_t ns) { shared_[index] = ns; }

  /// Collects events until `until_ns` or until all watched are reaped.
  void Collect(std::int64_t until_ns);

  int Watched() const { return count_; }
  int Reaped() const { return reaped_; }
  /// Sorted latencies death → reaped in ns; returns how many.
  int Latencies(std::int64_t* out) const;

 private:
  int epoll_fd_ = -1;
  int count_ = 0;
  int reaped_ = 0;
  int fds_[kMaxWatched];
  std::int64_t reaped_ns_[kMaxWatched];
  volatile std::int64_t* shared_ = nullptr;  // written by the dying processes
};

}  // namespace reaperd::bench
