// FakeProcessOps: a small world of children in memory, a clock that stands still, and a log of
// every call. For tests of one class; what the kernel does under load is in model_kernel/.
#pragma once

#include <algorithm>
#include <cerrno>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sys/process_ops.h"

namespace reaperd::test {

struct FakeChild {
  pid_t pid = 0;
  std::optional<model::ExitStatus> end;  ///< a zombie
  int stopped_by = 0;                    ///< a stop that was not told yet
  uid_t uid = 0;
};

class FakeProcessOps : public sys::ProcessOps {
 public:
  // What the test sets and reads.
  Micros now_us = 1'000'000;
  Micros call_cost_us = 0;          ///< each wait and each part of a list takes so long
  std::vector<FakeChild> children;  ///< in the order of the kernel's list
  std::size_t part_size = 700;      ///< of a list
  bool can_list = true;
  int peek_error = 0;  ///< errno of every peek
  int wait_error = 0;  ///< errno of every other wait
  pid_t spawned_pid = 42;
  sys::ChildReport spawn_failure;
  int spawned_pidfd = -1;  ///< given away at the next Spawn
  int signal_error = 0;
  int pidfd_error = 0;
  std::vector<std::string> calls;  ///< "any", "peek 7", "reap 7", "list", "pidfd 15" …
  std::vector<sys::SpawnRequest> spawns;

  void Die(pid_t pid, model::ExitStatus status = model::ExitStatus::Exited(0), uid_t uid = 0) {
    for (FakeChild& child : children) {
      if (child.pid == pid) child.end = status, child.uid = uid;
    }
  }

  [[nodiscard]] std::vector<std::string> TakeCalls() { return std::exchange(calls, {}); }

  [[nodiscard]] Micros Now() const override { return now_us; }

  model::WaitOutcome WaitPid(pid_t pid, sys::WaitMode mode) override {
    const bool peek = mode == sys::WaitMode::kPeek;
    Log((peek ? "peek " : "reap ") + std::to_string(pid), true);
    if (const int code = peek ? peek_error : wait_error; code != 0) return Failed(code);
    const auto at = Find(pid);
    if (at == children.end()) return {.kind = model::WaitOutcome::Kind::kNoChild};
    return Tell(at, peek);
  }

  model::WaitOutcome WaitAny(sys::WaitMode mode) override {
    const bool peek = mode == sys::WaitMode::kPeek;
    Log(peek ? "peek any" : "any", true);
    if (const int code = peek ? peek_error : wait_error; code != 0) return Failed(code);
    if (children.empty()) return {.kind = model::WaitOutcome::Kind::kNoChild};
    const auto at = std::find_if(children.begin(), children.end(), [](const FakeChild& child) {
      return child.end || child.stopped_by != 0;
    });
    return at == children.end() ? model::WaitOutcome{} : Tell(at, peek);
  }

  /// By pidfd: what is told of those that the kernel reaped.
  std::map<int, model::WaitOutcome> exits;
  model::WaitOutcome ExitByPidfd(int pidfd) override {
    Log("exit of " + std::to_string(pidfd));
    const auto at = exits.find(pidfd);
    return at == exits.end() ? model::WaitOutcome{} : at->second;
  }

  sys::ListPart ListChildren(bool first_part, std::vector<pid_t>& pids) override {
    Log(first_part ? "list" : "list on", true);
    if (!can_list) return sys::ListPart::kFailed;
    if (first_part) {
      listing_.clear();
      for (const FakeChild& child : children)
        listing_.push_back(child.pid);
    }
    const std::size_t count = std::min(part_size, listing_.size());
    const auto end = listing_.begin() + static_cast<std::ptrdiff_t>(count);
    pids.insert(pids.end(), listing_.begin(), end);
    listing_.erase(listing_.begin(), end);
    return listing_.empty() ? sys::ListPart::kEnd : sys::ListPart::kMore;
  }

  std::optional<model::ProcessInfo> LookAtLiving(pid_t pid, sys::Known /*known*/) override {
    Log("look " + std::to_string(pid));
    const auto at = Find(pid);
    if (at == children.end() || at->end) return std::nullopt;
    return model::ProcessInfo{.pid = pid, .start_ticks = static_cast<std::uint64_t>(pid) * 10};
  }
  sys::ZombieFacts LookAtZombie(pid_t pid, model::Detail detail) override {
    Log("look at dead " + std::to_string(pid));
    return {.detail = detail};
  }
  sys::Spawned Spawn(const sys::SpawnRequest& request) override {
    Log("spawn");
    spawns.push_back(request);
    sys::Spawned spawned;
    spawned.failure = spawn_failure;
    if (spawn_failure.step != sys::SpawnStep::kNone) return spawned;
    spawned.pid = spawned_pid;
    spawned.pidfd = UniqueFd(std::exchange(spawned_pidfd, -1));
    return spawned;
  }

  sys::Helper SpawnHelper(const sys::HelperRequest& request) override {
    Log(std::string("helper ") + request.name);
    return {.error = ENOSYS};
  }
  int SignalPidfd([[maybe_unused]] int pidfd, int signal) override {
    Log("pidfd " + std::to_string(signal));
    return pidfd_error;
  }
  int SignalPidfdGroup([[maybe_unused]] int pidfd, int signal) override {
    Log("pidfd group " + std::to_string(signal));
    return pidfd_error;
  }
  int SignalChild(pid_t pid, int signal) override {
    Log("child " + std::to_string(pid) + " " + std::to_string(signal));
    return signal_error;
  }
  int SignalGroup(pid_t group, int signal) override {
    Log("group " + std::to_string(group) + " " + std::to_string(signal));
    return signal_error;
  }
  int SignalEverybody(int signal) override {
    Log("everybody " + std::to_string(signal));
    return signal_error;
  }

  int EpollWait(int /*epoll_fd*/, std::span<epoll_event> /*events*/, int /*timeout_ms*/) override {
    return 0;
  }
  ssize_t Read(int /*fd*/, std::span<std::byte> /*buffer*/) override { return -EAGAIN; }
  ssize_t Send(int /*fd*/, std::span<const std::byte> /*message*/) override { return -EAGAIN; }
  int SetTimer(int /*timer_fd*/, Micros /*at_us*/) override { return 0; }
  void Nap(Micros duration_us) override { now_us += duration_us; }

 private:
  using At = std::vector<FakeChild>::iterator;

  static model::WaitOutcome Failed(int code) {
    return {.kind = model::WaitOutcome::Kind::kError, .error = code};
  }

  At Find(pid_t pid) {
    return std::find_if(children.begin(), children.end(),
                        [pid](const FakeChild& child) { return child.pid == pid; });
  }

  model::WaitOutcome Tell(At at, bool peek) {
    model::WaitOutcome outcome{.pid = at->pid, .uid = at->uid};
    if (at->end) {
      outcome.kind = model::WaitOutcome::Kind::kDead;
      outcome.status = *at->end;
      if (!peek) children.erase(at);
    } else if (at->stopped_by != 0) {
      outcome.kind = model::WaitOutcome::Kind::kStopped;
      outcome.stop_signal = std::exchange(at->stopped_by, 0);
    } else {
      return {};
    }
    return outcome;
  }

  void Log(std::string call, bool costs = false) {
    calls.push_back(std::move(call));
    if (costs) now_us += call_cost_us;
  }

  std::vector<pid_t> listing_;
};

}  // namespace reaperd::test
