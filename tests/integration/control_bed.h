// ControlBed: a Daemon with a main that waits, children of this process whose ends the test decides,
// and a script that speaks to the control plane between the turns of the loop. Only within
// ExpectInChild.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon_bed.h"
#include "reap_bed.h"
#include "status/control_plane.h"
#include "sys/procfs.h"

namespace reaperd::daemon {

class ControlBed {
 public:
  using Words = std::vector<std::string>;

  /// `options` of reaperd. The script runs when main runs; then main is killed. The exit code.
  int Run(Words options, const std::function<void()>& script) {
    options.insert(options.end(), {"--", "sleep", "1000"});
    bed.started = [&](Daemon& daemon, event::EventLoop& loop) {
      control_ = daemon.control();
      loop_ = &loop;
      limit_ = loop.AddDeadline([] {});
      script();
      if (bed.observer.mains_reaped == 0) kill(main(), SIGKILL);
    };
    return bed.Run(std::move(options));
  }

  // --- for the script
  [[nodiscard]] status::ControlPlane& control() { return *control_; }
  [[nodiscard]] bool has_control() const { return control_ != nullptr; }
  [[nodiscard]] event::EventLoop& loop() { return *loop_; }
  [[nodiscard]] pid_t main() const { return bed.observer.started.at(0); }

  bool RunUntil(const std::function<bool()>& condition, Micros timeout_us = 10 * kSecond) {
    const Micros end_us = loop_->Now() + timeout_us;
    while (!condition()) {
      if (loop_->Now() >= end_us) return false;
      loop_->SetDeadline(limit_, end_us);
      loop_->RunOnce();
    }
    return true;
  }
  bool RunUntilHeld(pid_t pid) {
    return RunUntil([&] { return FindHeld(pid).has_value(); });
  }
  bool RunUntilReaped(pid_t pid) {
    return RunUntil([&] { return Reaped(pid); });
  }
  [[nodiscard]] bool Reaped(pid_t pid) const {
    return std::any_of(bed.observer.reaped.begin(), bed.observer.reaped.end(),
                       [pid](const auto& entry) { return entry.first == pid; });
  }
  [[nodiscard]] std::optional<model::HoldInfo> FindHeld(pid_t pid) {
    for (const model::HoldInfo& hold : control_->ListHeld()) {
      if (hold.record->pid == pid) return hold;
    }
    return std::nullopt;
  }
  [[nodiscard]] std::optional<model::ReleaseReason> ReasonOf(pid_t pid) const {
    for (const auto& [released, reason] : bed.observer.released) {
      if (released == pid) return reason;
    }
    return std::nullopt;
  }
  /// All our descendants, by a look that begins now: every child was looked at by then.
  model::ProcessList Discover() {
    model::ProcessList processes;
    control_->ListProcesses(0, [&](const auto& list) { processes = list.value(); });
    EXPECT_FALSE(processes) << "later, from the loop";
    EXPECT_TRUE(RunUntil([&] { return processes != nullptr; }));
    return processes;
  }
  [[nodiscard]] std::optional<model::ProcessView> FindProcess(pid_t pid) {
    const model::ProcessList processes = Discover();
    for (const model::ProcessView& view : *processes) {
      if (view.pid == pid) return view;
    }
    return std::nullopt;
  }
  [[nodiscard]] model::ControlCounters Counters() const { return control_->GetStatus().counters; }
  /// As ListProcesses tells it.
  std::string IdOf(pid_t pid) {
    const auto view = FindProcess(pid);
    EXPECT_TRUE(view.has_value());
    return view ? view->id : "";
  }
  Result<model::LeaseAnswer> Lease(const model::LeaseRequest& request) {
    return control_->Hold(request, model::WantPidfd::kNo);
  }

  DaemonBed bed;

 private:
  status::ControlPlane* control_ = nullptr;
  event::EventLoop* loop_ = nullptr;
  event::DeadlineId limit_ = 0;
};

/// A child of ours that exits with `code` when the test says so.
class WaitingChild {
 public:
  explicit WaitingChild(int code = 3) : pid_(gate_.Fork(1, code).front()) {}
  [[nodiscard]] pid_t pid() const { return pid_; }
  /// Returns when it is a zombie.
  void Die() {
    gate_.Open();
    EXPECT_TRUE(test::Eventually([this] { return test::StateOf(pid_) == 'Z'; }));
  }

 private:
  reap::Gate gate_;
  pid_t pid_;
};

/// The errno of a refusal; 0 when it was none.
template <typename T>
int CodeOf(const Result<T>& result) {
  if (result) return 0;
  EXPECT_FALSE(result.error().message().empty());
  return result.error().code();
}

/// `script` between the turns of a daemon with these options.
inline void WithControl(const ControlBed::Words& options,
                        const std::function<void(ControlBed&)>& script) {
  test::ExpectInChild([&] {
    ControlBed bed;
    EXPECT_EQ(bed.Run(options, [&] { script(bed); }), 137);
  });
}

/// Its id in the form that every kernel has.
inline std::string IdByStart(pid_t pid) {
  const auto stat = sys::ReadStat("/proc", pid);
  return "s" + std::to_string(pid) + ":" + std::to_string(stat ? stat->start_ticks : 0);
}

}  // namespace reaperd::daemon
