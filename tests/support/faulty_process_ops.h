// FaultyProcessOps: the real kernel with failures on order. Forwards every call, except those that
// it was told to fail; a failed call is not made, so what it would have told is still there.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <vector>

#include "sys/process_ops.h"

namespace reaperd::test {

enum class Call {
  kPeek,  ///< WaitPid that leaves the zombie
  kReap,  ///< WaitPid that takes it
  kWaitAny,
  kExitByPidfd,
  kListChildren,
  kSpawn,
  kSpawnHelper,
  kSignalPidfd,  ///< or its group
  kSignalChild,
  kSignalGroup,
  kSignalEverybody,
  kEpollWait,
  kRead,
  kSend,
  kSetTimer,
};
constexpr std::size_t kCallCount = 15;

struct Fault {
  Call call = Call::kReap;
  int code = 0;  ///< errno; ListChildren fails without one
  std::uint64_t first =
      1;  ///< number of the first call that fails, counted from when it was ordered
  std::uint64_t count = std::numeric_limits<std::uint64_t>::max();  ///< how many fail
  std::uint64_t every = 1;  ///< of those, only each so manieth
};

class FaultyProcessOps final : public sys::ProcessOps {
 public:
  /// `real` must outlive it.
  explicit FaultyProcessOps(sys::ProcessOps& real) : real_(real) {}

  void Fail(const Fault& fault);
  /// No more failures.
  void Heal() { orders_.clear(); }
  /// Lists children by `list` (which must outlive this) instead of the real way.
  void ListBy(sys::ChildrenList& list) { list_ = &list; }

  [[nodiscard]] std::uint64_t calls(Call call) const { return calls_[Index(call)]; }
  [[nodiscard]] std::uint64_t failed(Call call) const { return failed_[Index(call)]; }

  /// As if something had taken so long.
  void Pass(Micros time_us) { passed_us_ += time_us; }

  [[nodiscard]] Micros Now() const override { return real_.Now() + passed_us_; }
  [[nodiscard]] Micros CpuTime() const override { return real_.CpuTime(); }
  model::WaitOutcome WaitPid(pid_t pid, sys::WaitMode mode) override;
  model::WaitOutcome WaitAny(sys::WaitMode mode) override;
  model::WaitOutcome ExitByPidfd(int pidfd) override;
  sys::ListPart ListChildren(bool first_part, std::vector<pid_t>& pids) override;
  std::optional<model::ProcessInfo> LookAtLiving(pid_t pid, sys::Known known) override {
    return real_.LookAtLiving(pid, known);
  }
  sys::ZombieFacts LookAtZombie(pid_t pid, model::Detail detail) override {
    return real_.LookAtZombie(pid, detail);
  }
  sys::Spawned Spawn(const sys::SpawnRequest& request) override;
  sys::Helper SpawnHelper(const sys::HelperRequest& request) override;
  int SignalPidfd(int pidfd, int signal) override;
  int SignalPidfdGroup(int pidfd, int signal) override;
  int SignalChild(pid_t pid, int signal) override;
  int SignalGroup(pid_t group, int signal) override;
  int SignalEverybody(int signal) override;
  int EpollWait(int epoll_fd, std::span<epoll_event> events, int timeout_ms) override;
  ssize_t Read(int fd, std::span<std::byte> buffer) override;
  ssize_t Send(int fd, std::span<const std::byte> message) override;
  int SetTimer(int timer_fd, Micros at_us) override;
  void Nap(Micros duration_us) override;

  [[nodiscard]] std::uint64_t naps() const { return naps_; }

 private:
  struct Order {
    Fault fault;
    std::uint64_t seen = 0;
  };

  static std::size_t Index(Call call) { return static_cast<std::size_t>(call); }
  /// Counts the call; the errno with which it is to fail, or 0.
  int CodeFor(Call call);

  sys::ProcessOps& real_;
  Micros passed_us_ = 0;
  sys::ChildrenList* list_ = nullptr;
  std::vector<Order> orders_;
  std::array<std::uint64_t, kCallCount> calls_{};
  std::array<std::uint64_t, kCallCount> failed_{};
  std::uint64_t naps_ = 0;
};

}  // namespace reaperd::test
