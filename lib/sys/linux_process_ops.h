// LinuxProcessOps: the kernel itself. What a kernel or a seccomp filter lacks is noticed at the
// first refusal and replaced for good: waitid by wait4 (which cannot peek), pidfds by nothing.
#pragma once

#include <optional>

#include "base/clock.h"
#include "sys/children_list.h"
#include "sys/process_look.h"
#include "sys/process_ops.h"

namespace reaperd::sys {

class LinuxProcessOps final : public ProcessOps {
 public:
  /// `proc_root` is "/proc" but in tests.
  explicit LinuxProcessOps(const char* proc_root = "/proc");

  [[nodiscard]] Micros Now() const override { return clock_.Now(); }
  [[nodiscard]] Micros CpuTime() const override;
  model::WaitOutcome WaitPid(pid_t pid, WaitMode mode) override;
  model::WaitOutcome WaitAny(WaitMode mode) override;
  model::WaitOutcome ExitByPidfd(int pidfd) override;
  ListPart ListChildren(bool first_part, std::vector<pid_t>& pids) override;
  std::optional<model::ProcessInfo> LookAtLiving(pid_t pid, Known known) override {
    return look_.Living(pid, known);
  }
  ZombieFacts LookAtZombie(pid_t pid, model::Detail detail) override {
    return look_.Zombie(pid, detail);
  }
  Spawned Spawn(const SpawnRequest& request) override { return sys::Spawn(request); }
  Helper SpawnHelper(const HelperRequest& request) override { return sys::SpawnHelper(request); }
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

  [[nodiscard]] bool has_waitid() const { return has_waitid_; }

 private:
  static model::WaitOutcome WaitById(int id_type, pid_t pid, int options);
  static model::WaitOutcome WaitByWait4(pid_t pid);
  model::WaitOutcome Wait(int id_type, pid_t pid, WaitMode mode, int any_kind);

  BootClock clock_;
  ChildrenList children_;
  ProcessLook look_;
  bool has_waitid_ = true;
  bool has_wall_ = true;  ///< waitid knows __WALL
};

}  // namespace reaperd::sys
