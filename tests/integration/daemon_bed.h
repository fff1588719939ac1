// DaemonBed: a whole Daemon in this process with real children, failures on order, and an observer
// that writes down what it is told. Only within ExpectInChild: it takes over all signals.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "child_process.h"
#include "daemon/daemon.h"
#include "daemon/options.h"
#include "faulty_process_ops.h"
#include "sys/linux_process_ops.h"
#include "sys/signals.h"

namespace reaperd::daemon {

/// Everything that a run told.
class RecordingObserver final : public RunObserver {
 public:
  struct StartFailure {
    std::string service;
    std::string step;
    int code = 0;
  };

  void OnStarted(const model::ServiceSpec& /*spec*/, pid_t pid) override { started.push_back(pid); }
  void OnStartFailed(const model::ServiceSpec& spec, std::string_view step, int code) override {
    start_failures.push_back({spec.name, std::string(step), code});
  }
  void OnSignal(const SignalNews& news) override { signals.push_back(news); }
  void OnReaped(pid_t pid, const model::ExitStatus& status, bool is_main) override {
    reaped.emplace_back(pid, status);
    if (is_main) ++mains_reaped;
  }
  void OnSweepRest(int signal, const std::vector<Remaining>& /*remaining*/) override {
    sweeps.push_back(signal);
  }
  void OnLeftBehind(const std::vector<Remaining>& remaining) override {
    left_behind += remaining.size();
  }
  void OnHeld(const model::HoldInfo& hold) override { held.push_back(hold); }
  void OnReleased(const model::HoldInfo& hold, model::ReleaseReason reason) override {
    released.emplace_back(hold.record->pid, reason);
  }
  void OnBarrier(const model::BarrierResult& result) override { barriers.push_back(result); }
  void OnWarning(const Error& error) override { warnings.push_back(error); }
  void OnFatal(const Error& error) override { fatals.push_back(error); }

  std::vector<pid_t> started;
  std::vector<StartFailure> start_failures;
  std::vector<SignalNews> signals;
  std::vector<std::pair<pid_t, model::ExitStatus>> reaped;
  int mains_reaped = 0;
  std::vector<int> sweeps;
  std::size_t left_behind = 0;
  std::vector<model::HoldInfo> held;
  std::vector<std::pair<pid_t, model::ReleaseReason>> released;
  std::vector<model::BarrierResult> barriers;
  std::vector<Error> warnings;
  std::vector<Error> fatals;
};

class DaemonBed {
 public:
  /// Runs reaperd with these words after its name, and returns its exit code.
  int Run(std::vector<std::string> words) {
    words.insert(words.begin(), "reaperd");
    std::vector<char*> argv;
    for (std::string& word : words)
      argv.push_back(word.data());
    std::string path = "PATH=/usr/bin:/bin";
    std::vector<char*> environment{path.data()};
    const ParsedCommandLine parsed =
        ParseOwnCommandLine({.argv = argv, .environment = environment, .pid1 = getpid() == 1});
    EXPECT_EQ(parsed.err, "");
    const sys::InheritedSignals inherited = sys::TakeOverSignals(sys::FaultSignals::kLeave);
    Daemon daemon(ops, parsed.spec, observer, inherited);
    if (started) {
      daemon.OnStarted([&](event::EventLoop& loop) { started(daemon, loop); });
    }
    result = daemon.Run();
    return result.exit_code;
  }

  /// No child is left, and none was reaped twice.
  void ExpectAllReaped(std::size_t count) const {
    EXPECT_EQ(observer.reaped.size(), count);
    EXPECT_EQ(observer.mains_reaped, 1);
    std::map<pid_t, int> times;
    for (const auto& [pid, status] : observer.reaped)
      ++times[pid];
    for (const auto& [pid, reaps] : times)
      EXPECT_EQ(reaps, 1) << pid;
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
    EXPECT_EQ(errno, ECHILD);
  }

  sys::LinuxProcessOps kernel;
  test::FaultyProcessOps ops{kernel};
  RecordingObserver observer;
  /// Called when main runs and before the loop turns; may turn it itself.
  std::function<void(Daemon& daemon, event::EventLoop& loop)> started;
  RunResult result;
};

/// A main that leaves `count` orphans, each of which exits with 3 at a time of its own, and exits
/// with 7 itself.
inline std::string Storm(int count) {
  return "i=0; while [ $i -lt " + std::to_string(count) +
         " ]; do ( { [ $((i % 4)) = 0 ] && sleep 0.0$((i % 10)); exit 3; } & ); i=$((i+1)); done; "
         "exit 7";
}

}  // namespace reaperd::daemon
