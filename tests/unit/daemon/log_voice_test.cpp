#include "daemon/log_voice.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <functional>

#include "child_process.h"

namespace reaperd::daemon {
namespace {

using model::ExitStatus;
using model::LogLevel;
using Outcome = SignalNews::Outcome;

class LogVoiceTest : public ::testing::Test {
 protected:
  LogVoiceTest() {
    spec_.main.command = {"/usr/sbin/nginx", "-g"};
    spec_.stop.signals = {SIGTERM};
  }

  /// What the voice writes, at a level.
  std::string Says(const std::function<void(RunObserver&)>& news,
                   LogLevel level = LogLevel::kInfo) {
    spec_.log_level = level;
    test::Pipe pipe = test::MakePipe();
    const UniqueFd saved(fcntl(2, F_DUPFD_CLOEXEC, 3));
    dup2(pipe.write_end.get(), 2);
    news(*MakeLogVoice(spec_));
    dup2(saved.get(), 2);
    pipe.write_end.reset();
    return test::ReadAll(pipe.read_end.get());
  }

  std::string SaysOf(const SignalNews& news, LogLevel level = LogLevel::kInfo) {
    return Says([&](RunObserver& voice) { voice.OnSignal(news); }, level);
  }

  model::RunSpec spec_;
};

TEST_F(LogVoiceTest, ARunWithoutIncidentIsSilent) {
  EXPECT_EQ(Says([&](RunObserver& voice) {
              voice.OnReady(true, false);
              voice.OnNotReaping();
              voice.OnStarted(spec_.main, 7);
              voice.OnSignal({.received = SIGHUP, .sent = SIGHUP});
              voice.OnReaped(9, ExitStatus::Killed(SIGKILL), false);
              voice.OnMainStopped(SIGTSTP, true);
              voice.OnReaped(7, ExitStatus::Exited(3), true);
              voice.OnMainEnded(spec_.main, 7, ExitStatus::Exited(3), kSecond);
              voice.OnExit(3);
            }),
            "");
}

TEST_F(LogVoiceTest, UnderDebugAllIsTold) {
  EXPECT_EQ(Says(
                [&](RunObserver& voice) {
                  voice.OnReady(true, false);
                  voice.OnReady(false, true);
                  voice.OnReady(false, false);
                  voice.OnStarted(spec_.main, 7);
                  voice.OnReaped(9, ExitStatus::Killed(SIGKILL), false);
                  voice.OnReaped(7, ExitStatus::Exited(3), true);
                  voice.OnMainEnded(spec_.main, 7, ExitStatus::Exited(3), kSecond);
                  voice.OnExit(3);
                },
                LogLevel::kDebug),
            "reaperd: debug: running as PID 1\n"
            "reaperd: debug: running as a subreaper\n"
            "reaperd: debug: running\n"
            "reaperd: debug: main nginx (pid 7) started\n"
            "reaperd: debug: reaped pid 9: SIGKILL\n"
            "reaperd: debug: main nginx (pid 7) ended: exit 3 after 1s\n"
            "reaperd: debug: exiting with 3\n");
}

TEST_F(LogVoiceTest, AStartThatFailedIsToldWithItsStep) {
  const auto failed = [&](const char* step, int code) {
    return Says([&](RunObserver& voice) { voice.OnStartFailed(spec_.main, step, code); });
  };
  EXPECT_EQ(failed("exec", EACCES),
            "reaperd: error: cannot start /usr/sbin/nginx: exec: Permission denied\n");
  EXPECT_EQ(
      failed("exec", ENOEXEC),
      "reaperd: error: cannot start /usr/sbin/nginx: exec: Exec format error (no #! line, or a "
      "program for another machine)\n");
  EXPECT_EQ(
      failed("clone", EAGAIN),
      "reaperd: error: cannot start /usr/sbin/nginx: clone: Resource temporarily unavailable (a "
      "limit on processes: pids.max of the cgroup, RLIMIT_NPROC or kernel.pid_max)\n");
  spec_.main.command = {""};
  EXPECT_EQ(failed("exec", ENOENT),
            "reaperd: error: cannot start '': exec: No such file or directory\n");
}

TEST_F(LogVoiceTest, AStopSignalIsNewsWithItsSender) {
  EXPECT_EQ(SaysOf({.received = SIGTERM, .sent = SIGTERM, .sender = {.pid = 12, .uid = 33}}),
            "reaperd: received SIGTERM from pid 12, uid 33: forwarded\n");
  EXPECT_EQ(SaysOf({.received = SIGTERM, .sent = SIGQUIT}),
            "reaperd: received SIGTERM from outside our pid namespace: forwarded as SIGQUIT\n");
  EXPECT_EQ(SaysOf({.received = SIGTERM, .sent = SIGTERM, .sender = {.from_kernel = true}}),
            "reaperd: received SIGTERM from the kernel: forwarded\n");
  EXPECT_EQ(SaysOf({.received = SIGHUP, .sent = SIGHUP}), "") << "no stop signal";
}

TEST_F(LogVoiceTest, WhatBecameOfASignalIsTold) {
  struct Row {
    Outcome outcome;
    const char* text;
  };
  for (const Row& row : {Row{Outcome::kDropped, "dropped"},
                         Row{Outcome::kDrainStarted, "draining before it is forwarded"},
                         Row{Outcome::kDrainEnded, "drain ended, forwarded"},
                         Row{Outcome::kKilledAll, "the second stop signal, killing all"},
                         Row{Outcome::kNobodyLeft, "nobody is left to get it"},
                         Row{Outcome::kIgnoredHangup, "ignored: we gave up the terminal"}}) {
    EXPECT_EQ(SaysOf({.received = SIGTERM, .sent = SIGTERM, .outcome = row.outcome}),
              "reaperd: received SIGTERM from outside our pid namespace: " + std::string(row.text) +
                  "\n");
  }
}

TEST_F(LogVoiceTest, AForwardThatFailedIsAWarningForAnySignal) {
  EXPECT_EQ(
      SaysOf({.received = SIGHUP, .sent = SIGHUP, .outcome = Outcome::kFailed, .error_code = EPERM},
             LogLevel::kWarn),
      "reaperd: warning: received SIGHUP from outside our pid namespace: cannot be forwarded: "
      "Operation not permitted\n");
}

TEST_F(LogVoiceTest, MainsDeathByASignalIsNewsUnlessAStopWasAskedFor) {
  const auto ended = [&](RunObserver& voice) {
    voice.OnMainEnded(spec_.main, 7, ExitStatus::Killed(SIGSEGV, true), 65 * kSecond);
  };
  EXPECT_EQ(Says(ended), "reaperd: main nginx (pid 7) ended: SIGSEGV (core dumped) after 1m05s\n");
  EXPECT_EQ(Says([&](RunObserver& voice) {
              voice.OnSignal({.received = SIGTERM, .sent = SIGTERM});
              ended(voice);
            }),
            "reaperd: received SIGTERM from outside our pid namespace: forwarded\n");
}

TEST_F(LogVoiceTest, AStopThatWasNotLoggedStillExplainsMainsDeath) {
  EXPECT_EQ(Says(
                [&](RunObserver& voice) {
                  voice.OnSignal({.received = SIGTERM, .sent = SIGTERM});
                  voice.OnMainEnded(spec_.main, 7, ExitStatus::Killed(SIGTERM), kSecond);
                },
                LogLevel::kWarn),
            "");
}

TEST_F(LogVoiceTest, TheSweepNamesWhoDidNotEnd) {
  EXPECT_EQ(Says([](RunObserver& voice) {
              voice.OnSweepRest(SIGTERM, {});
              voice.OnSweepRest(SIGKILL, {{.pid = 9, .comm = "old one", .state = 'S'}});
              voice.OnLeftBehind(
                  {{.pid = 9, .comm = "stuck\n", .state = 'D', .wait_channel = "nfs_wait"}});
            }),
            "reaperd: main has ended: sending SIGTERM to all that remain\n"
            "reaperd: warning: sending SIGKILL to all that remain\n"
            "reaperd: warning: did not end in time: old one (pid 9), state S\n"
            "reaperd: warning: left behind: stuck\\x0a (pid 9), state D, waiting in nfs_wait\n");
}

TEST_F(LogVoiceTest, WarningsAndTheFatalAreTold) {
  EXPECT_EQ(Says([](RunObserver& voice) {
              voice.OnWarning(Error(0, "careful"));
              voice.OnFatal(Error(0, "the end"));
            }),
            "reaperd: warning: careful\nreaperd: error: the end\n");
}

TEST(NameWithPid, IsTheBaseNamePrintable) {
  model::ServiceSpec spec;
  EXPECT_EQ(NameWithPid(spec, 7), "main (pid 7)");
  spec.command = {"/usr/bin/a\nb"};
  EXPECT_EQ(NameWithPid(spec, 7), "a\\x0ab (pid 7)");
  spec.command = {"plain"};
  EXPECT_EQ(NameWithPid(spec, 8), "plain (pid 8)");
}

}  // namespace
}  // namespace reaperd::daemon
