#include "daemon/log_voice.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <memory>

#include "child_process.h"

namespace reaperd::daemon {
namespace {

using model::ExitStatus;
using model::LogLevel;
using Outcome = model::SignalOutcome;

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
  EXPECT_EQ(SaysOf({.received = SIGTERM, .sent = SIGTERM, .sender = {.kernel = true}}),
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
                         Row{Outcome::kIgnored, "ignored: we gave up the terminal"}}) {
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

std::shared_ptr<model::DeathRecord> Worker() {
  auto record = std::make_shared<model::DeathRecord>();
  record->seq = 12;
  record->pid = 7;
  record->comm = "worker";
  record->end = ExitStatus::Exited(1);
  record->verdict = {.cause = model::Cause::kExitError, .evidence = "exit code 1"};
  return record;
}

TEST_F(LogVoiceTest, TellsWhoIsHeldWhyByWhomAndForHowLong) {
  const auto says = [&](const model::HoldInfo& hold) {
    return Says([&](RunObserver& voice) { voice.OnHeld(hold); });
  };
  const std::string begin = "reaperd: holding worker (pid 7) (exit 1, exit-error) by crashes";
  model::HoldInfo hold{.record = Worker(), .rule = "crashes", .since_us = 5 * kSecond};
  EXPECT_EQ(says(hold), begin + "\n");
  hold.until_us = 35 * kSecond;
  EXPECT_EQ(says(hold), begin + " for 30s\n");
  hold.barrier = "jobs";
  EXPECT_EQ(says(hold), begin + " until barrier jobs\n");
}

TEST_F(LogVoiceTest, NamesOfTheHeldAreHostileOrNotKnown) {
  auto record = Worker();
  record->comm = "a\nb";
  record->end = ExitStatus::Killed(SIGSEGV, true);
  record->verdict.cause = model::Cause::kCoreDump;
  const auto says = [&] {
    return Says([&](RunObserver& voice) { voice.OnHeld({.record = record, .rule = "all"}); });
  };
  EXPECT_EQ(says(), "reaperd: holding a\\x0ab (pid 7) (SIGSEGV (core dumped), core-dump) by all\n");
  record->comm = "";
  EXPECT_EQ(says(),
            "reaperd: holding a process (pid 7) (SIGSEGV (core dumped), core-dump) by all\n");
}

TEST_F(LogVoiceTest, TellsWhyOneWasReleased) {
  EXPECT_EQ(
      Says([](RunObserver& voice) {
        voice.OnReleased({.record = Worker(), .rule = "crashes"}, model::ReleaseReason::kTimeout);
        voice.OnReleased({.record = Worker(), .rule = "crashes"}, model::ReleaseReason::kPressure);
      }),
      "reaperd: released worker (pid 7): timeout\n"
      "reaperd: released worker (pid 7): pressure\n");
}

TEST_F(LogVoiceTest, TellsWhatABarrierCollected) {
  model::BarrierResult result{.barrier = "jobs", .complete = true};
  result.members.resize(10);
  const auto says = [&] { return Says([&](RunObserver& voice) { voice.OnBarrier(result); }); };
  EXPECT_EQ(says(), "reaperd: barrier jobs complete: 10 dead\n");
  result.complete = false;
  result.unlisted = 3;
  EXPECT_EQ(says(), "reaperd: barrier jobs ended before it was complete: 13 dead\n");
}

TEST_F(LogVoiceTest, HoldsAreNoWarnings) {
  EXPECT_EQ(Says(
                [](RunObserver& voice) {
                  voice.OnHeld({.record = Worker(), .rule = "crashes"});
                  voice.OnReleased({.record = Worker()}, model::ReleaseReason::kRequest);
                  voice.OnBarrier({.barrier = "jobs"});
                },
                LogLevel::kWarn),
            "");
}

TEST_F(LogVoiceTest, TheHeldAreMachineReadable) {
  spec_.log_format = model::LogFormat::kJson;
  const model::HoldInfo hold{.record = Worker(), .rule = "crashes"};
  const std::string held = Says([&](RunObserver& voice) { voice.OnHeld(hold); });
  const std::string released =
      Says([&](RunObserver& voice) { voice.OnReleased(hold, model::ReleaseReason::kBudget); });
  for (const char* part : {R"("pid":7)", R"("seq":12)", R"("comm":"worker")", R"("rule":"crashes")",
                           R"("cause":"exit-error")", R"("evidence":"exit code 1")"}) {
    EXPECT_NE(held.find(part), std::string::npos) << part << " in " << held;
    EXPECT_NE(released.find(part), std::string::npos) << part << " in " << released;
  }
  EXPECT_NE(held.find(R"("event":"held")"), std::string::npos) << held;
  EXPECT_NE(released.find(R"("released_by":"budget")"), std::string::npos) << released;
}

TEST_F(LogVoiceTest, AdoptionsAndDeathsAreForDebugging) {
  const auto news = [](RunObserver& voice) {
    voice.OnAdopted({.pid = 7});
    model::Shadow shadow;
    shadow.comm = "worker";
    voice.OnAdopted({.pid = 8, .shadow = std::make_shared<const model::Shadow>(shadow)});
    voice.OnRecorded(*Worker());
  };
  EXPECT_EQ(Says(news), "");
  EXPECT_EQ(Says(news, LogLevel::kDebug),
            "reaperd: debug: adopted a process (pid 7)\n"
            "reaperd: debug: adopted worker (pid 8)\n"
            "reaperd: debug: worker (pid 7): exit 1, exit-error\n");
}

TEST_F(LogVoiceTest, WhatIsDoneAboutForeignZombiesIsAWarning) {
  using Step = model::ForeignEvent::Step;
  model::ForeignEvent event;
  event.zombie = {
      .pid = 9, .comm = "job", .parent = 5, .parent_comm = "careless", .held_by_parent = 12};
  const auto says = [&](Step step, int error = 0) {
    event.step = step;
    event.error = error;
    return Says([&](RunObserver& voice) { voice.OnForeign(event); });
  };
  const std::string whose =
      "careless (pid 5) does not wait for 12 zombies, one of them job (pid 9): ";
  EXPECT_EQ(says(Step::kFound), "reaperd: " + whose + "found\n");
  EXPECT_EQ(says(Step::kNudged), "reaperd: warning: " + whose + "nudged by SIGCHLD\n");
  EXPECT_EQ(says(Step::kTerminated), "reaperd: warning: " + whose + "asked to end by SIGTERM\n");
  EXPECT_EQ(says(Step::kKilled), "reaperd: warning: " + whose + "ended by SIGKILL\n");
  EXPECT_EQ(says(Step::kExempt), "reaperd: " + whose + "left alone\n");
  EXPECT_EQ(says(Step::kFailed, EPERM),
            "reaperd: warning: " + whose + "nothing helped: Operation not permitted\n");
  EXPECT_EQ(says(Step::kGone), "reaperd: the zombie job (pid 9) of careless (pid 5) is gone\n");
  event.zombie.held_by_parent = 1;
  EXPECT_EQ(says(Step::kFound),
            "reaperd: careless (pid 5) does not wait for its zombie job (pid 9): found\n");
}

TEST_F(LogVoiceTest, ALostScribeIsAWarningWithWhatWasLostWithIt) {
  EXPECT_EQ(
      Says([](RunObserver& voice) {
        voice.OnScribeLost(9, 3);
        voice.OnScribeLost(9, 0);
      }),
      "reaperd: warning: the scribe (pid 9) was lost, and with it 3 lines of the death log at "
      "most\n"
      "reaperd: warning: the scribe (pid 9) was lost, and no line of the death log with it\n");
}

TEST_F(LogVoiceTest, WhatTheDeathLogLacksAtItsEndIsAWarning) {
  EXPECT_EQ(Says([](RunObserver& voice) { voice.OnDeathLogLacks(3); }),
            "reaperd: warning: the death log lacks its last 3 lines at most: they could not be "
            "written in time\n");
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
