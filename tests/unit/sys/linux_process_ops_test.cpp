#include "sys/linux_process_ops.h"
#include "sys/pidfd.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <functional>

#include "child_process.h"
#include "refuse_calls.h"

namespace reaperd::sys {
namespace {

using model::ExitStatus;
using model::WaitOutcome;
using Kind = model::WaitOutcome::Kind;
using test::ExpectInChild;

pid_t Zombie(const std::function<int()>& body) {
  const pid_t pid = test::Fork(body);
  EXPECT_TRUE(test::Eventually([&] { return test::StateOf(pid) == 'Z'; }));
  return pid;
}

pid_t Killed(int signal) {
  return Zombie([signal] {
    ::signal(signal, SIG_DFL);
    raise(signal);
    return 1;
  });
}

// With waitid, and with wait4 in its place.
class WaitingTest : public ::testing::TestWithParam<int> {
 protected:
  /// Runs `body` in a child of which the parameter says what waitid answers (0: works).
  static void Run(const std::function<void(LinuxProcessOps&)>& body) {
    ExpectInChild([&] {
      if (GetParam() != 0) {
        ASSERT_TRUE(test::RefuseCalls({{.number = SYS_waitid, .code = GetParam()}}));
      }
      LinuxProcessOps ops;
      body(ops);
      EXPECT_EQ(ops.has_waitid(), GetParam() == 0);
    });
  }
};

TEST_P(WaitingTest, ReapsByNumberAndTellsHowItEnded) {
  Run([](LinuxProcessOps& ops) {
    const pid_t exited = Zombie([] { return 200; });
    const pid_t killed = Killed(SIGKILL);
    const WaitOutcome first = ops.WaitPid(exited, WaitMode::kReap);
    EXPECT_EQ(first.kind, Kind::kDead);
    EXPECT_EQ(first.pid, exited);
    EXPECT_EQ(first.status, ExitStatus::Exited(200));
    const WaitOutcome second = ops.WaitPid(killed, WaitMode::kReap);
    EXPECT_EQ(second.status, ExitStatus::Killed(SIGKILL));
    EXPECT_EQ(ops.WaitPid(exited, WaitMode::kReap).kind, Kind::kNoChild);
    EXPECT_EQ(test::StateOf(exited), '\0');
  });
}

TEST_P(WaitingTest, ReapsAnyUntilNobodyIsLeft) {
  Run([](LinuxProcessOps& ops) {
    EXPECT_EQ(ops.WaitAny(WaitMode::kReap).kind, Kind::kNoChild);
    const test::ScopedChild living(test::ForkSleeper());
    EXPECT_EQ(ops.WaitAny(WaitMode::kReap).kind, Kind::kNothing);
    const pid_t dead = Zombie([] { return 1; });
    const WaitOutcome outcome = ops.WaitAny(WaitMode::kReap);
    EXPECT_EQ(outcome.kind, Kind::kDead);
    EXPECT_EQ(outcome.pid, dead);
    EXPECT_EQ(outcome.status, ExitStatus::Exited(1));
    EXPECT_EQ(ops.WaitAny(WaitMode::kReap).kind, Kind::kNothing);
    EXPECT_EQ(ops.WaitPid(living.pid(), WaitMode::kReap).kind, Kind::kNothing);
  });
}

TEST_P(WaitingTest, TellsAStopOnceAndNoContinue) {
  Run([](LinuxProcessOps& ops) {
    const test::ScopedChild child(test::ForkSleeper());
    for (const bool any : {true, false}) {
      kill(child.pid(), SIGSTOP);
      ASSERT_TRUE(test::Eventually([&] { return test::StateOf(child.pid()) == 'T'; }));
      const auto wait = [&] {
        return any ? ops.WaitAny(WaitMode::kReap) : ops.WaitPid(child.pid(), WaitMode::kReap);
      };
      const WaitOutcome outcome = wait();
      EXPECT_EQ(outcome.kind, Kind::kStopped);
      EXPECT_EQ(outcome.pid, child.pid());
      EXPECT_EQ(outcome.stop_signal, SIGSTOP);
      EXPECT_EQ(wait().kind, Kind::kNothing);
      kill(child.pid(), SIGCONT);
      ASSERT_TRUE(test::Eventually([&] { return test::StateOf(child.pid()) == 'S'; }));
      EXPECT_EQ(wait().kind, Kind::kNothing);
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Kernels, WaitingTest, ::testing::Values(0, ENOSYS, EPERM),
                         [](const auto& param) {
                           if (param.param == 0) return "Waitid";
                           return param.param == ENOSYS ? "Wait4ForENOSYS" : "Wait4ForEPERM";
                         });

TEST(LinuxProcessOps, APeekLeavesTheZombie) {
  LinuxProcessOps ops;
  const pid_t pid = Killed(SIGTERM);
  for (int i = 0; i < 3; ++i) {
    const WaitOutcome outcome = ops.WaitPid(pid, WaitMode::kPeek);
    EXPECT_EQ(outcome.kind, Kind::kDead);
    EXPECT_EQ(outcome.status, ExitStatus::Killed(SIGTERM));
    EXPECT_EQ(test::StateOf(pid), 'Z');
  }
  EXPECT_EQ(ops.WaitPid(pid, WaitMode::kReap).kind, Kind::kDead);
  EXPECT_EQ(ops.WaitPid(pid, WaitMode::kPeek).kind, Kind::kNoChild);
}

TEST(LinuxProcessOps, APeekTellsAStopOnce) {
  LinuxProcessOps ops;
  const test::ScopedChild child(test::ForkSleeper());
  kill(child.pid(), SIGSTOP);
  ASSERT_TRUE(test::Eventually([&] { return test::StateOf(child.pid()) == 'T'; }));
  const WaitOutcome stop = ops.WaitPid(child.pid(), WaitMode::kPeek);
  EXPECT_EQ(stop.kind, Kind::kStopped);
  EXPECT_EQ(stop.stop_signal, SIGSTOP);
  EXPECT_EQ(ops.WaitPid(child.pid(), WaitMode::kPeek).kind, Kind::kNothing);
  EXPECT_EQ(ops.WaitPid(child.pid(), WaitMode::kReap).kind, Kind::kNothing);
}

TEST(LinuxProcessOps, APeekAtAnyLooksPastAStopAndLeavesTheZombie) {
  ExpectInChild([] {
    LinuxProcessOps ops;
    const test::ScopedChild stopped(test::ForkSleeper());
    kill(stopped.pid(), SIGSTOP);
    ASSERT_TRUE(test::Eventually([&] { return test::StateOf(stopped.pid()) == 'T'; }));
    const pid_t dead = Zombie([] { return 4; });
    EXPECT_EQ(ops.WaitAny(WaitMode::kPeek).kind, Kind::kStopped);
    for (int i = 0; i < 2; ++i) {
      const WaitOutcome outcome = ops.WaitAny(WaitMode::kPeek);
      EXPECT_EQ(outcome.kind, Kind::kDead);
      EXPECT_EQ(outcome.pid, dead);
    }
    EXPECT_EQ(ops.WaitPid(dead, WaitMode::kReap).kind, Kind::kDead);
    EXPECT_EQ(ops.WaitAny(WaitMode::kPeek).kind, Kind::kNothing);
  });
}

TEST(LinuxProcessOps, AZombiesResourceUseIsToldWithoutReapingIt) {
  LinuxProcessOps ops;
  const pid_t pid = Zombie([] {
    std::vector<char> memory(32 << 20, 'x');
    // Through a volatile pointer: else a compiler may do without the memory.
    const volatile char* const volatile used = memory.data();
    return used[12345] == 'x' ? 0 : 1;
  });
  const WaitOutcome peeked = ops.WaitPid(pid, WaitMode::kPeek);
  ASSERT_TRUE(peeked.usage.has_value());
  EXPECT_GE(peeked.usage->max_rss_kb, 32 << 10);
  EXPECT_GE(peeked.usage->minor_faults, 1);
  const WaitOutcome reaped = ops.WaitPid(pid, WaitMode::kReap);
  EXPECT_EQ(reaped.usage, peeked.usage);
}

TEST(LinuxProcessOps, ARefusedPeekIsAnErrorAndReapsNothing) {
  for (const int code : {ENOSYS, EPERM}) {
    ExpectInChild([code] {
      ASSERT_TRUE(test::RefuseCalls({{.number = SYS_waitid, .code = code}}));
      LinuxProcessOps ops;
      const pid_t pid = Zombie([] { return 3; });
      EXPECT_EQ(ops.WaitPid(pid, WaitMode::kPeek).kind, Kind::kError);
      EXPECT_EQ(ops.WaitPid(pid, WaitMode::kPeek).error, code);
      EXPECT_EQ(ops.WaitPid(pid, WaitMode::kReap).kind, Kind::kDead);
      EXPECT_EQ(ops.WaitPid(pid, WaitMode::kPeek).error, ENOSYS);
    });
  }
}

TEST(LinuxProcessOps, OnlyAPeekIsLostWhereOnlyWnowaitIsRefused) {
  ExpectInChild([] {
    ASSERT_TRUE(test::RefuseCalls(
        {{.number = SYS_waitid, .code = EINVAL, .argument = 3, .mask = WNOWAIT}}));
    LinuxProcessOps ops;
    const pid_t pid = Zombie([] { return 3; });
    EXPECT_EQ(ops.WaitPid(pid, WaitMode::kPeek).error, EINVAL);
    EXPECT_EQ(ops.WaitPid(pid, WaitMode::kReap).kind, Kind::kDead);
    EXPECT_TRUE(ops.has_waitid());
  });
}

TEST(LinuxProcessOps, TellsTheUserOfTheDead) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to become somebody else";
  LinuxProcessOps ops;
  const pid_t pid = Zombie([] { return setresuid(12345, 12345, 12345); });
  const WaitOutcome outcome = ops.WaitPid(pid, WaitMode::kReap);
  EXPECT_EQ(outcome.status, ExitStatus::Exited(0));
  EXPECT_EQ(outcome.uid, 12345U);
}

TEST(LinuxProcessOps, SignalsChildrenByPidfdByNumberAndByGroup) {
  LinuxProcessOps ops;
  for (const int way : {0, 1, 2}) {
    const pid_t pid = test::ForkSleeper();
    setpgid(pid, pid);
    if (way == 0) {
      const UniqueFd pidfd = OpenPidfd(pid);
      ASSERT_TRUE(pidfd.valid());
      EXPECT_NE(fcntl(pidfd.get(), F_GETFD) & FD_CLOEXEC, 0);
      EXPECT_EQ(ops.SignalPidfd(pidfd.get(), SIGTERM), 0);
    } else {
      EXPECT_EQ(way == 1 ? ops.SignalChild(pid, SIGTERM) : ops.SignalGroup(pid, SIGTERM), 0);
    }
    const int status = test::WaitStatus(pid);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM) << way;
  }
}

TEST(LinuxProcessOps, ASignalThatCannotBeSentIsAnErrno) {
  LinuxProcessOps ops;
  const pid_t pid = test::Fork([] { return 0; });
  const UniqueFd pidfd = OpenPidfd(pid);
  test::WaitStatus(pid);
  EXPECT_EQ(ops.SignalPidfd(pidfd.get(), SIGTERM), ESRCH);
  EXPECT_EQ(ops.SignalPidfd(-1, SIGTERM), EBADF);
  EXPECT_EQ(ops.SignalChild(pid, SIGTERM), ESRCH);
  EXPECT_EQ(ops.SignalGroup(pid, SIGTERM), ESRCH);
  EXPECT_EQ(ops.SignalChild(getpid(), 9999), EINVAL);
  EXPECT_FALSE(OpenPidfd(pid).valid());
}

TEST(LinuxProcessOps, EverybodyIsEverybodyButPid1) {
  if (!test::CanBePid1()) GTEST_SKIP() << "needs the right to make a pid namespace";
  ExpectInChild(
      [] {
        ASSERT_EQ(getpid(), 1);
        LinuxProcessOps ops;
        EXPECT_EQ(ops.SignalEverybody(SIGTERM), ESRCH);
        const pid_t first = test::ForkSleeper();
        const pid_t second = test::ForkSleeper();
        EXPECT_EQ(ops.SignalEverybody(SIGTERM), 0);
        for (const pid_t pid : {first, second}) {
          const int status = test::WaitStatus(pid);
          EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
        }
      },
      {.pid1 = true});
}

TEST(LinuxProcessOps, TellsFailuresOfTheLoopsCallsAsNegativeNumbers) {
  LinuxProcessOps ops;
  std::array<epoll_event, 1> events{};
  std::array<std::byte, 8> bytes{};
  EXPECT_EQ(ops.EpollWait(-1, events, 0), -EBADF);
  EXPECT_EQ(ops.Read(-1, bytes), -EBADF);
  EXPECT_EQ(ops.SetTimer(-1, 1), -EBADF);
}

TEST(LinuxProcessOps, SetsATimerToAnInstantAndBack) {
  LinuxProcessOps ops;
  const UniqueFd timer(timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC));
  std::array<std::byte, 8> bytes{};
  EXPECT_EQ(ops.SetTimer(timer.get(), 1), 0);  // long ago
  EXPECT_EQ(ops.Read(timer.get(), bytes), 8);
  EXPECT_EQ(ops.SetTimer(timer.get(), ops.Now() + 3600 * kSecond + 1), 0);
  EXPECT_EQ(ops.Read(timer.get(), bytes), -EAGAIN);
  itimerspec left{};
  timerfd_gettime(timer.get(), &left);
  EXPECT_GT(left.it_value.tv_sec, 3590);
  EXPECT_LE(left.it_value.tv_sec, 3600);
  EXPECT_EQ(ops.SetTimer(timer.get(), 0), 0);
  timerfd_gettime(timer.get(), &left);
  EXPECT_EQ(left.it_value.tv_sec, 0);
  EXPECT_EQ(left.it_value.tv_nsec, 0);
}

TEST(LinuxProcessOps, NapsForAsLongAsItIsTold) {
  LinuxProcessOps ops;
  const Micros before_us = ops.Now();
  ops.Nap(2 * kMillisecond);
  EXPECT_GE(ops.Now() - before_us, 2 * kMillisecond);
}

}  // namespace
}  // namespace reaperd::sys
