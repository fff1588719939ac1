#include "sys/signals.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "child_process.h"
#include "model/signal_names.h"

namespace reaperd::sys {
namespace {

using test::ExpectInChild;

constexpr std::array<int, 7> kFaults{SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};

bool IsFault(int signal) {
  for (const int fault : kFaults) {
    if (fault == signal) return true;
  }
  return false;
}

/// Numbers that the C library lets a mask hold: it keeps two to itself.
bool ExistsForPrograms(int signal) {
  return signal < 32 || signal >= SIGRTMIN;
}

sigset_t Blocked() {
  sigset_t set;
  sigprocmask(SIG_SETMASK, nullptr, &set);
  return set;
}

TEST(LoopSignals, LeavesTheFaultsUnlessAskedToTakeThem) {
  const sigset_t leave = LoopSignals(FaultSignals::kLeave);
  const sigset_t take = LoopSignals(FaultSignals::kTake);
  for (int signal = 1; signal < model::kSignalLimit; ++signal) {
    if (!ExistsForPrograms(signal)) continue;
    EXPECT_EQ(sigismember(&leave, signal) == 1, !IsFault(signal)) << signal;
    EXPECT_EQ(sigismember(&take, signal), 1) << signal;
  }
}

TEST(TakeOverSignals, BlocksAndRemembersWhatWasBlocked) {
  ExpectInChild([] {
    sigset_t before;
    sigemptyset(&before);
    sigaddset(&before, SIGUSR1);
    sigaddset(&before, SIGSEGV);
    sigprocmask(SIG_SETMASK, &before, nullptr);
    const InheritedSignals inherited = TakeOverSignals(FaultSignals::kLeave);
    EXPECT_FALSE(inherited.sigchld_ignored);
    const sigset_t now = Blocked();
    for (int signal = 1; signal < model::kSignalLimit; ++signal) {
      if (!ExistsForPrograms(signal)) continue;
      const bool was = signal == SIGUSR1 || signal == SIGSEGV;
      EXPECT_EQ(sigismember(&inherited.blocked, signal) == 1, was) << signal;
      const bool never = signal == SIGKILL || signal == SIGSTOP || IsFault(signal);
      EXPECT_EQ(sigismember(&now, signal) == 1, !never) << signal;
    }
  });
}

TEST(TakeOverSignals, UndoesAnIgnoredSigchldAndSaysSo) {
  ExpectInChild([] {
    signal(SIGCHLD, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    EXPECT_TRUE(TakeOverSignals(FaultSignals::kLeave).sigchld_ignored);
    struct sigaction action {};
    sigaction(SIGCHLD, nullptr, &action);
    EXPECT_EQ(action.sa_handler, SIG_DFL);
    sigaction(SIGHUP, nullptr, &action);
    EXPECT_EQ(action.sa_handler, SIG_IGN) << "only SIGCHLD is touched";
    // Deaths are told and can be waited for.
    const pid_t pid = test::Fork([] { return 5; });
    EXPECT_EQ(WEXITSTATUS(test::WaitStatus(pid)), 5);
  });
}

TEST(BlockSignals, TakesTheFaultsWhereAsked) {
  ExpectInChild([] {
    BlockSignals(FaultSignals::kTake);
    kill(getpid(), SIGABRT);
    const auto fd = OpenSignalFd(FaultSignals::kTake);
    ASSERT_TRUE(fd.ok());
    signalfd_siginfo info{};
    ASSERT_EQ(read(fd->get(), &info, sizeof info), static_cast<ssize_t>(sizeof info));
    EXPECT_EQ(info.ssi_signo, static_cast<std::uint32_t>(SIGABRT));
    BlockSignals(FaultSignals::kLeave);
    const sigset_t now = Blocked();
    EXPECT_EQ(sigismember(&now, SIGABRT), 0);
  });
}

TEST(OpenSignalFd, NeitherWaitsNorOutlivesAnExec) {
  ExpectInChild([] {
    TakeOverSignals(FaultSignals::kLeave);
    const auto fd = OpenSignalFd(FaultSignals::kLeave);
    ASSERT_TRUE(fd.ok());
    signalfd_siginfo info{};
    EXPECT_EQ(read(fd->get(), &info, sizeof info), -1);
    EXPECT_EQ(errno, EAGAIN);
    EXPECT_NE(fcntl(fd->get(), F_GETFD) & FD_CLOEXEC, 0);
    kill(getpid(), SIGRTMAX);
    EXPECT_EQ(read(fd->get(), &info, sizeof info), static_cast<ssize_t>(sizeof info));
    EXPECT_EQ(info.ssi_signo, static_cast<std::uint32_t>(SIGRTMAX));
    EXPECT_EQ(info.ssi_pid, static_cast<std::uint32_t>(getpid()));
  });
}

TEST(OpenSignalFd, SaysThatThereAreNoDescriptors) {
  ExpectInChild([] {
    const rlimit none{0, 0};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    const auto fd = OpenSignalFd(FaultSignals::kLeave);
    ASSERT_FALSE(fd.ok());
    EXPECT_EQ(fd.error().code(), EMFILE);
  });
}

TEST(DieBySignal, EndsTheProcessByEverySignalThatEndsProcesses) {
  for (const int signal :
       {SIGHUP, SIGINT, SIGQUIT, SIGKILL, SIGTERM, SIGSEGV, SIGABRT, SIGPIPE, SIGRTMIN, SIGRTMAX}) {
    const pid_t pid = test::Fork([signal] {
      const rlimit all{RLIM_INFINITY, RLIM_INFINITY};
      setrlimit(RLIMIT_CORE, &all);
      ::signal(signal, SIG_IGN);
      TakeOverSignals(FaultSignals::kLeave);
      DieBySignal(signal);
      return 1;
    });
    const int status = test::WaitStatus(pid);
    ASSERT_TRUE(WIFSIGNALED(status)) << model::SignalName(signal) << ' ' << status;
    EXPECT_EQ(WTERMSIG(status), signal);
    EXPECT_FALSE(WCOREDUMP(status)) << model::SignalName(signal);
  }
}

TEST(DieBySignal, ReturnsFromAHarmlessSignal) {
  const pid_t pid = test::Fork([] {
    DieBySignal(SIGWINCH);
    DieBySignal(SIGCHLD);
    return 7;
  });
  EXPECT_EQ(WEXITSTATUS(test::WaitStatus(pid)), 7);
}

}  // namespace
}  // namespace reaperd::sys
