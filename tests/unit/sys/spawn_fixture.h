// SpawnTest: starts a service spec in every way there is and looks at what became of it.
#pragma once

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "child_process.h"
#include "refuse_calls.h"
#include "sys/spawn.h"
#include "temp_dir.h"

namespace reaperd::sys {

/// The ways to start a child.
struct Way {
  const char* name;
  SpawnMode mode;
  std::vector<test::RefusedCall> refused;  ///< what the kernel does not have
};

inline void PrintTo(const Way& way, std::ostream* out) {
  *out << way.name;
}

inline std::vector<Way> AllWays() {
  const test::RefusedCall no_sharing{
      .number = SYS_clone, .code = EPERM, .argument = 0, .mask = CLONE_VFORK};
  const test::RefusedCall no_pidfd{
      .number = SYS_clone, .code = EINVAL, .argument = 0, .mask = CLONE_PIDFD};
  return {
      {"Sharing", SpawnMode::kWaitForExec, {}},
      {"SharingWithoutPidfd", SpawnMode::kWaitForExec, {no_pidfd}},
      {"CopyingAndWaiting", SpawnMode::kWaitForExec, {no_sharing}},
      {"ForkAndWaiting", SpawnMode::kWaitForExec, {no_sharing, no_pidfd}},
      {"InBackground", SpawnMode::kInBackground, {}},
      {"ForkInBackground", SpawnMode::kInBackground, {no_pidfd}},
  };
}

/// How a start went, whichever way it was: the report of a background start is waited for.
struct Started {
  pid_t pid = 0;
  bool has_pidfd = false;
  ChildReport failure;
};

class SpawnTest : public ::testing::TestWithParam<Way> {
 protected:
  /// Runs `body` in a child of its own that has this way only.
  void Run(const std::function<void()>& body) {
    test::ExpectInChild([&] {
      if (!GetParam().refused.empty()) {
        ASSERT_TRUE(test::RefuseCalls(GetParam().refused));
      }
      body();
    });
  }

  static model::ServiceSpec Spec(std::vector<std::string> command) {
    model::ServiceSpec spec;
    spec.command = std::move(command);
    spec.environment = {"PATH=/usr/bin:/bin"};
    return spec;
  }

  static Started Start(const model::ServiceSpec& spec, const SpawnRequest& extra = {}) {
    SpawnRequest request = extra;
    request.spec = &spec;
    request.mode = GetParam().mode;
    Spawned spawned = Spawn(request);
    Started started{
        .pid = spawned.pid, .has_pidfd = spawned.pidfd.valid(), .failure = spawned.failure};
    EXPECT_EQ(spawned.error_pipe.valid(),
              request.mode == SpawnMode::kInBackground && spawned.pid > 0);
    if (!spawned.error_pipe.valid()) return started;
    const std::string report = test::ReadAll(spawned.error_pipe.get());
    if (report.empty()) return started;
    EXPECT_EQ(report.size(), sizeof started.failure);
    std::memcpy(&started.failure, report.data(), sizeof started.failure);
    const int status = test::WaitStatus(started.pid);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 127);
    started.pid = 0;
    return started;
  }

  /// Starts it, expects that it exits with `code`.
  static void ExpectExit(const model::ServiceSpec& spec, int code, const SpawnRequest& extra = {}) {
    const Started started = Start(spec, extra);
    EXPECT_EQ(started.failure.step, SpawnStep::kNone)
        << StepName(started.failure.step) << ' ' << started.failure.code;
    ASSERT_GT(started.pid, 0);
    const int status = test::WaitStatus(started.pid);
    EXPECT_TRUE(WIFEXITED(status)) << status;
    EXPECT_EQ(WEXITSTATUS(status), code);
  }

  /// Starts it, expects that `step` failed and that nothing was left behind.
  static void ExpectFailure(const model::ServiceSpec& spec, SpawnStep step, int code) {
    const Started started = Start(spec);
    EXPECT_STREQ(StepName(started.failure.step), StepName(step));
    EXPECT_EQ(started.failure.code, code);
    EXPECT_EQ(started.pid, 0);
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "a child was left behind";
    EXPECT_EQ(errno, ECHILD);
  }

  test::TempDir dir_;
};

inline std::string NameOfWay(const ::testing::TestParamInfo<Way>& param) {
  return param.param.name;
}

}  // namespace reaperd::sys
