// The daemon while calls of the kernel fail: the run survives, nothing is lost, main's status comes
// out, and the log is not flooded.
#include "daemon_bed.h"

#include <signal.h>

namespace reaperd::daemon {
namespace {

using test::Call;
using test::ExpectInChild;
using test::Fault;

constexpr int kOrphans = 40;
// What Daemon lets pass in ten seconds.
constexpr std::size_t kMostWarnings = 5;

struct Trouble {
  const char* name;
  std::vector<Fault> faults;
};

std::vector<Trouble> Troubles() {
  constexpr std::uint64_t kForEver = std::numeric_limits<std::uint64_t>::max();
  return {
      {"EpollInterrupted", {{.call = Call::kEpollWait, .code = EINTR, .every = 2}}},
      {"EpollWithoutMemory", {{.call = Call::kEpollWait, .code = ENOMEM, .count = 20}}},
      {"EpollNeverWorks", {{.call = Call::kEpollWait, .code = EBADF}}},
      {"ReadInterrupted", {{.call = Call::kRead, .code = EINTR, .every = 2}}},
      {"ReadAgain", {{.call = Call::kRead, .code = EAGAIN, .count = 30}}},
      {"ReadWithoutMemory", {{.call = Call::kRead, .code = ENOMEM, .count = 30}}},
      {"ReadWithoutDescriptors", {{.call = Call::kRead, .code = EMFILE, .every = 3}}},
      {"TimerNeverWorks", {{.call = Call::kSetTimer, .code = EINVAL}}},
      {"TimerWithoutMemory", {{.call = Call::kSetTimer, .code = ENOMEM, .every = 2}}},
      {"WaitAnyWithoutMemory", {{.call = Call::kWaitAny, .code = ENOMEM, .every = 2}}},
      {"WaitAnyInterrupted", {{.call = Call::kWaitAny, .code = EINTR, .count = 10}}},
      {"WaitAnyAgain", {{.call = Call::kWaitAny, .code = EAGAIN, .every = 3}}},
      {"ReapWithoutMemory", {{.call = Call::kReap, .code = ENOMEM, .every = 2}}},
      {"ReapNeverWorks", {{.call = Call::kReap, .code = ENOMEM}}},
      {"ReapInterrupted", {{.call = Call::kReap, .code = EINTR, .count = 10}}},
      {"ListNeverWorks", {{.call = Call::kListChildren, .code = ENOENT}}},
      {"AllNowAndThen",
       {{.call = Call::kEpollWait, .code = ENOMEM, .first = 3, .count = kForEver, .every = 5},
        {.call = Call::kRead, .code = ENOMEM, .first = 2, .count = kForEver, .every = 4},
        {.call = Call::kSetTimer, .code = ENOMEM, .first = 2, .count = kForEver, .every = 3},
        {.call = Call::kWaitAny, .code = ENOMEM, .first = 2, .count = kForEver, .every = 4},
        {.call = Call::kReap, .code = ENOMEM, .first = 2, .count = kForEver, .every = 3},
        {.call = Call::kListChildren, .code = ENOMEM, .first = 1, .count = kForEver, .every = 2}}},
  };
}

class DaemonFaultTest : public ::testing::TestWithParam<Trouble> {};

TEST_P(DaemonFaultTest, LosesNobodyAndTellsMainsStatus) {
  ExpectInChild([] {
    DaemonBed bed;
    for (const Fault& fault : GetParam().faults)
      bed.ops.Fail(fault);
    EXPECT_EQ(bed.Run({"--wait-for=all", "--", "sh", "-c", Storm(kOrphans)}), 7);
    bed.ExpectAllReaped(kOrphans + 1);
    EXPECT_LE(bed.observer.warnings.size(), kMostWarnings);
    EXPECT_TRUE(bed.observer.fatals.empty());
  });
}

TEST_P(DaemonFaultTest, StillForwardsSignalsAndMeetsDeadlines) {
  ExpectInChild([] {
    DaemonBed bed;
    for (const Fault& fault : GetParam().faults)
      bed.ops.Fail(fault);
    // The first stop signal is forwarded; main stays, so the time-out kills it.
    EXPECT_EQ(bed.Run({"--stop-timeout=100ms", "--grace=100ms", "--", "sh", "-c",
                       "trap 'x=1' TERM; kill -TERM $PPID; while :; do sleep 0.02; done"}),
              137);
    ASSERT_FALSE(bed.observer.signals.empty());
    EXPECT_EQ(bed.observer.signals[0].received, SIGTERM);
    EXPECT_EQ(bed.observer.signals[0].outcome, model::SignalOutcome::kForwarded);
    ASSERT_FALSE(bed.observer.sweeps.empty());
    EXPECT_EQ(bed.observer.sweeps[0], SIGKILL);
    EXPECT_EQ(bed.observer.mains_reaped, 1);
    EXPECT_LE(bed.observer.warnings.size(), kMostWarnings);
  });
}

INSTANTIATE_TEST_SUITE_P(Troubles, DaemonFaultTest, ::testing::ValuesIn(Troubles()),
                         [](const auto& param) { return param.param.name; });

TEST(DaemonFaults, ASpawnThatFailsStartsNothing) {
  for (const int code : {EAGAIN, ENOMEM, EMFILE, EPERM}) {
    ExpectInChild([code] {
      DaemonBed bed;
      bed.ops.Fail({.call = Call::kSpawn, .code = code});
      EXPECT_EQ(bed.Run({"true"}), 125);
      ASSERT_EQ(bed.observer.start_failures.size(), 1U);
      EXPECT_EQ(bed.observer.start_failures[0].service, "main");
      EXPECT_EQ(bed.observer.start_failures[0].step, "clone");
      EXPECT_EQ(bed.observer.start_failures[0].code, code);
      EXPECT_TRUE(bed.observer.started.empty());
      EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
    });
  }
}

TEST(DaemonFaults, ADrainCommandThatCannotBeStartedEndsTheDrain) {
  ExpectInChild([] {
    DaemonBed bed;
    bed.ops.Fail({.call = Call::kSpawn, .code = EAGAIN, .first = 2});
    EXPECT_EQ(bed.Run({"--drain-command=true", "--", "sh", "-c",
                       "trap 'exit 5' TERM; kill -TERM $PPID; while :; do sleep 0.02; done"}),
              5);
    ASSERT_EQ(bed.observer.start_failures.size(), 1U);
    EXPECT_EQ(bed.observer.start_failures[0].service, "drain");
  });
}

// main asks for a signal and exits with 9 when it comes.
constexpr char kWantsSignal[] =
    "trap 'exit 9' USR1; kill -USR1 $PPID; i=0; while [ $i -lt 250 ]; do sleep 0.02; i=$((i+1)); "
    "done; exit 1";

TEST(DaemonFaults, AForwardGoesByNumberWherePidfdsAreRefused) {
  for (const int code : {ENOSYS, EPERM}) {
    ExpectInChild([code] {
      DaemonBed bed;
      bed.ops.Fail({.call = Call::kSignalPidfd, .code = code});
      EXPECT_EQ(bed.Run({"sh", "-c", kWantsSignal}), 9);
      EXPECT_GE(bed.ops.calls(Call::kSignalChild), 1U);
    });
  }
}

TEST(DaemonFaults, AForwardThatFailsIsToldAndTheRunGoesOn) {
  ExpectInChild([] {
    DaemonBed bed;
    bed.ops.Fail({.call = Call::kSignalPidfd, .code = EAGAIN, .count = 1});
    EXPECT_EQ(
        bed.Run(
            {"sh", "-c",
             "exec 2>/dev/null; trap 'exit 9' USR1; kill -HUP $PPID; sleep 0.05; kill -USR1 $PPID; "
             "while :; do sleep 0.02; done"}),
        9);
    ASSERT_EQ(bed.observer.signals.size(), 2U);
    EXPECT_EQ(bed.observer.signals[0].outcome, model::SignalOutcome::kFailed);
    EXPECT_EQ(bed.observer.signals[0].error_code, EAGAIN);
    EXPECT_EQ(bed.observer.signals[1].outcome, model::SignalOutcome::kForwarded);
  });
}

TEST(DaemonFaults, AGroupThatCannotBeSignalledIsToldAndTheRunGoesOn) {
  ExpectInChild([] {
    DaemonBed bed;
    bed.ops.Fail({.call = Call::kSignalGroup, .code = EPERM, .count = 1});
    EXPECT_EQ(
        bed.Run(
            {"--signal-target=group", "--", "sh", "-c",
             "exec 2>/dev/null; trap 'exit 9' USR1; kill -HUP $PPID; sleep 0.05; kill -USR1 $PPID; "
             "while :; do sleep 0.02; done"}),
        9);
    ASSERT_EQ(bed.observer.signals.size(), 2U);
    EXPECT_EQ(bed.observer.signals[0].outcome, model::SignalOutcome::kFailed);
  });
}

TEST(DaemonFaults, WarningsAreLimitedAndSayHowManyWereHeldBack) {
  ExpectInChild([] {
    DaemonBed bed;
    // Some thousand failures: a wait that fails is tried every 10 ms, epoll naps as long.
    bed.ops.Fail({.call = Call::kEpollWait, .code = ENOMEM});
    EXPECT_EQ(bed.Run({"sh", "-c", "sleep 0.3; exit 4"}), 4);
    EXPECT_GE(bed.ops.failed(Call::kEpollWait), 10U);
    EXPECT_EQ(bed.observer.warnings.size(), kMostWarnings);
    for (const Error& warning : bed.observer.warnings) {
      EXPECT_EQ(warning.message(), "epoll_wait failed, going on: Cannot allocate memory");
      EXPECT_EQ(warning.code(), ENOMEM);
    }
  });
}

TEST(DaemonFaults, KillingEverybodyAsPid1IsTriedAndItsFailureTold) {
  if (!test::CanBePid1()) GTEST_SKIP() << "needs the right to make a pid namespace";
  ExpectInChild(
      [] {
        DaemonBed bed;
        bed.ops.Fail({.call = Call::kSignalEverybody, .code = EPERM, .count = 1});
        EXPECT_EQ(bed.Run({"--grace=100ms", "--", "sh", "-c", "sleep 1000 & exit 6"}), 6);
        EXPECT_EQ(bed.observer.sweeps, (std::vector<int>{SIGTERM, SIGKILL}));
        bed.ExpectAllReaped(2);
      },
      {.pid1 = true});
}

}  // namespace
}  // namespace reaperd::daemon
