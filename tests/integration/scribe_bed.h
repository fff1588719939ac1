// ScribeBed: a Scribe on a loop of this process with a real worker, failures on order, and an
// observer that reaps as the daemon does. Only within ExpectInChild.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "child_process.h"
#include "event/event_loop.h"
#include "eventually.h"
#include "faulty_process_ops.h"
#include "scribe/scribe.h"
#include "sys/linux_process_ops.h"
#include "sys/output_file.h"
#include "sys/signals.h"

namespace reaperd::scribe {

inline std::string NumberedLine(int number) {
  return "{\"n\":" + std::to_string(number) + "}";
}

class ScribeBed final : public ScribeObserver {
 public:
  /// For workers that are to be silent; the others get more time: the machine may be busy.
  static constexpr Micros kShort_us = 250 * kMillisecond;
  static constexpr Micros kLong_us = 10 * kSecond;

  explicit ScribeBed(LogTarget log = {}, Micros reply_time_us = kLong_us,
                     decltype(ScribeSetup::worker_main) worker_main = RunWorker) {
    sys::TakeOverSignals(sys::FaultSignals::kLeave);
    loop_ = event::EventLoop::Create(ops).value();
    limit_ = loop_->AddDeadline([] {});
    scribe = std::make_unique<Scribe>(*loop_, ops, *this,
                                      ScribeSetup{.worker = {.log = log, .proc_root = "/proc"},
                                                  .reply_time_us = reply_time_us,
                                                  .worker_main = std::move(worker_main)});
  }
  explicit ScribeBed(const std::string& path, Micros reply_time_us = kLong_us)
      : ScribeBed(sys::OpenLogFile(path).value(), reply_time_us) {}

  /// Turns until `condition` holds; false when it did not within the time.
  bool RunUntil(const std::function<bool()>& condition, Micros timeout_us = 10 * kSecond) {
    const Micros end_us = loop_->Now() + timeout_us;
    while (!condition()) {
      if (loop_->Now() >= end_us) return false;
      loop_->SetDeadline(limit_, end_us);
      loop_->RunOnce();
    }
    loop_->ClearDeadline(limit_);
    return true;
  }

  /// The answer to a read.
  std::optional<ProcessText> Ask(TextKind kind, pid_t pid, std::uint64_t ticks) {
    std::optional<ProcessText> answer;
    bool answered = false;
    const auto handler = [&](std::optional<ProcessText> text) {
      answer = std::move(text);
      answered = true;
    };
    if (kind == TextKind::kCmdline) {
      scribe->ReadCmdline(pid, ticks, handler);
    } else {
      scribe->ReadEnviron(pid, ticks, handler);
    }
    EXPECT_FALSE(answered) << "called while it was being asked";
    EXPECT_TRUE(RunUntil([&] { return answered; }));
    return answer;
  }

  /// Starts the worker and waits until it works.
  void WarmUp() {
    ASSERT_TRUE(Ask(TextKind::kCmdline, getpid(), OwnTicks()));
    ASSERT_NE(scribe->pid(), 0);
  }

  /// It stands still until somebody continues it. False: it did not within the time.
  bool StopWorker() {
    kill(scribe->pid(), SIGSTOP);
    return test::Eventually([this] { return test::StateOf(scribe->pid()) == 'T'; });
  }

  static std::uint64_t OwnTicks() { return sys::ReadStat("/proc", getpid()).value().start_ticks; }

  [[nodiscard]] bool Reaped(pid_t pid) const {
    return std::find(reaped.begin(), reaped.end(), pid) != reaped.end();
  }

  [[nodiscard]] Micros Now() const { return loop_->Now(); }
  [[nodiscard]] std::uint64_t turns() const { return loop_->turns(); }

  // --- ScribeObserver
  void OnScribeStarted(pid_t pid, int pidfd) override {
    started.push_back(pid);
    has_pidfd = pidfd >= 0;
  }
  void OnScribeStartFailed(const Error& error) override { start_failures.push_back(error.code()); }
  void OnScribeLost(const ScribeLoss& loss) override { losses.push_back(loss); }
  void OnLogLacks(std::uint64_t lines) override { lacks = lines; }
  void OnScribeEnded(pid_t pid) override {
    ++ended;
    if (!reap_at_once) return;
    siginfo_t info{};
    if (waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | __WALL) < 0) {
      ADD_FAILURE() << "worker " << pid << " cannot be waited for: " << errno;
    } else if (info.si_pid == pid) {
      reaped.push_back(pid);
      scribe->OnReaped(pid);
    }
  }

  std::vector<pid_t> started;
  bool has_pidfd = false;
  std::vector<int> start_failures;
  std::vector<ScribeLoss> losses;
  std::uint64_t lacks = 0;
  int ended = 0;
  bool reap_at_once = true;
  std::vector<pid_t> reaped;

 private:
  ScribeBed(sys::OutputFile log, Micros reply_time_us)
      : ScribeBed(LogTarget{.kind = LogTarget::Kind::kOurs, .fd = log.fd.get()}, reply_time_us) {
    log_ = std::move(log);
  }

  sys::LinuxProcessOps kernel_;
  sys::OutputFile log_;
  std::unique_ptr<event::EventLoop> loop_;
  event::DeadlineId limit_ = 0;

 public:
  test::FaultyProcessOps ops{kernel_};
  std::unique_ptr<Scribe> scribe;
};

}  // namespace reaperd::scribe
