// ReapBed: event loop, signals and reaper of this process with real children; holds whom it is told
// to hold. Only within ExpectInChild.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "child_process.h"
#include "event/event_loop.h"
#include "event/signal_source.h"
#include "faulty_process_ops.h"
#include "reap/reaper.h"
#include "sys/linux_process_ops.h"
#include "sys/signals.h"

namespace reaperd::reap {

class ReapBed final : public ReapObserver {
 public:
  /// Of the plan: shorter than usual, so that tests of idleness need not wait for it.
  static constexpr Micros kLongestPause_us = 50 * kMillisecond;

  explicit ReapBed(const PlanLimits& limits) : reaper(ops, *this, Hurried(limits)) {
    sys::TakeOverSignals(sys::FaultSignals::kLeave);
    loop_ = event::EventLoop::Create(ops).value();
    signals_ = event::SignalSource::Create(*loop_, ops,
                                           sys::OpenSignalFd(sys::FaultSignals::kLeave).value(),
                                           [this](const event::SignalRecord& record) {
                                             if (record.signal != SIGCHLD) return;
                                             reaper.OnSigchld(record.sender);
                                             loop_->Wake(job_);
                                           })
                   .value();
    job_ =
        loop_->AddJob(event::Priority::kDeaths, [this](event::Turn& turn) { return Reap(turn); });
    pause_ = loop_->AddDeadline([this] { loop_->Wake(job_); });
    limit_ = loop_->AddDeadline([] {});
    loop_->Wake(job_);
  }

  /// Turns until `condition` holds; false when it did not within the time.
  bool RunUntil(const std::function<bool()>& condition, Micros timeout_us = 10 * kSecond) {
    const Micros end_us = loop_->Now() + timeout_us;
    while (!condition()) {
      if (loop_->Now() >= end_us) return false;
      loop_->SetDeadline(limit_, end_us);
      loop_->RunOnce();
    }
    return true;
  }

  /// True when there comes a while with no more turns than a late signal and the end of the while
  /// make: whoever polls, at whatever pace the plan has, takes more. Not at once: a walk of /proc on
  /// a machine with many processes is long.
  bool ComesToRest() {
    for (int window = 0; window < 20; ++window) {
      const std::uint64_t before = loop_->turns();
      RunUntil([] { return false; }, 8 * kLongestPause_us);
      if (loop_->turns() - before <= 3) return true;
    }
    return false;
  }

  void Release(pid_t pid) {
    reaper.OnRelease(pid);
    loop_->Wake(job_);
  }

  [[nodiscard]] event::EventLoop& loop() { return *loop_; }
  [[nodiscard]] bool Reaped(pid_t pid) const { return reaped.count(pid) > 0; }

  // --- ReapObserver
  Decision OnDeath(const model::Death& death, const model::ProcessInfo*) override {
    ++seen[death.pid];
    // The zombie and all that /proc tells of it are still there.
    if (check_zombies) {
      EXPECT_EQ(test::StateOf(death.pid), 'Z');
    }
    return to_hold.count(death.pid) > 0 ? Decision::kHold : Decision::kReap;
  }
  void OnReaped(const model::Death& death, const model::ProcessInfo*) override {
    EXPECT_TRUE(reaped.emplace(death.pid, death.status).second) << death.pid << " was reaped twice";
  }
  void OnAdopted(const model::ProcessInfo& process) override { adopted.insert(process.pid); }
  void OnNoChildLeft() override { ++nobody_left; }
  void OnWaitFailed(int code) override { failures.push_back(code); }

 private:
  static PlanLimits Hurried(PlanLimits limits) {
    limits.pause_max_us = kLongestPause_us;
    return limits;
  }

  sys::LinuxProcessOps kernel_;
  std::unique_ptr<event::EventLoop> loop_;

 public:
  test::FaultyProcessOps ops{kernel_};
  Reaper reaper;
  bool check_zombies = true;
  std::set<pid_t> to_hold;
  std::map<pid_t, int> seen;
  std::map<pid_t, model::ExitStatus> reaped;
  std::set<pid_t> adopted;
  int nobody_left = 0;
  std::vector<int> failures;

 private:
  event::After Reap(event::Turn& turn) {
    const Rest rest = reaper.Run(turn);
    if (rest.until_us) {
      loop_->SetDeadline(pause_, *rest.until_us);
    } else {
      loop_->ClearDeadline(pause_);
    }
    return rest.more ? event::After::kMore : event::After::kWait;
  }

  std::unique_ptr<event::SignalSource> signals_;
  event::SourceId job_ = 0;
  event::DeadlineId pause_ = 0;
  event::DeadlineId limit_ = 0;
};

/// What children wait for before they end.
class Gate {
 public:
  /// Children that exit with `code` once it is open.
  std::vector<pid_t> Fork(int count, int code) {
    std::vector<pid_t> pids;
    for (int i = 0; i < count; ++i) {
      pids.push_back(test::Fork([&] {
        // Not by read: of many readers a write wakes one, and who wakes the next depends on the
        // kernel. poll wakes them all.
        pollfd open{.fd = pipe_.read_end.get(), .events = POLLIN, .revents = 0};
        return poll(&open, 1, -1) == 1 ? code : 99;
      }));
    }
    return pids;
  }

  /// Lets all out at once.
  void Open() { EXPECT_EQ(write(pipe_.write_end.get(), ".", 1), 1); }

 private:
  test::Pipe pipe_ = test::MakePipe();
};

}  // namespace reaperd::reap
