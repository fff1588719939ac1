#include "sys/terminal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "child_process.h"
#include "pty.h"

namespace reaperd::sys {
namespace {

using test::ExpectInChild;

/// The terminal is on descriptor 0, too.
test::Pty TakeTerminal() {
  test::Pty pty = test::TakeTerminal();
  EXPECT_EQ(dup2(pty.slave.get(), 0), 0);
  return pty;
}

TEST(Terminal, IsMissingWithoutOne) {
  ExpectInChild([] {
    // The session is new; standard input may be a terminal, but not ours.
    const Terminal terminal = Terminal::Find();
    EXPECT_FALSE(terminal.exists());
    EXPECT_FALSE(terminal.IsOurs());
    EXPECT_EQ(terminal.Foreground(), -1);
    EXPECT_FALSE(terminal.GiveTo(getpgrp()));
  });
}

TEST(Terminal, IsFoundOnAStandardDescriptor) {
  ExpectInChild([] {
    const test::Pty pty = TakeTerminal();
    const Terminal terminal = Terminal::Find();
    ASSERT_TRUE(terminal.exists());
    EXPECT_EQ(terminal.fd(), 0);
    EXPECT_EQ(terminal.Foreground(), getpgrp());
    EXPECT_TRUE(terminal.IsOurs());
  });
}

TEST(Terminal, IsFoundThroughItsDeviceOtherwise) {
  ExpectInChild([] {
    const test::Pty pty = TakeTerminal();
    const UniqueFd null(open("/dev/null", O_RDWR | O_CLOEXEC));
    for (const int fd : {0, 1, 2})
      ASSERT_EQ(dup2(null.get(), fd), fd);
    const Terminal terminal = Terminal::Find();
    EXPECT_TRUE(terminal.exists());
    EXPECT_GT(terminal.fd(), 2);
    EXPECT_TRUE(terminal.IsOurs());
  });
}

TEST(Terminal, IsGivenToAGroupAndTakenBack) {
  ExpectInChild([] {
    const test::Pty pty = TakeTerminal();
    const Terminal terminal = Terminal::Find();
    const test::ScopedChild child(test::ForkSleeper());
    ASSERT_EQ(setpgid(child.pid(), child.pid()), 0);
    EXPECT_TRUE(terminal.GiveTo(child.pid()));
    EXPECT_EQ(terminal.Foreground(), child.pid());
    EXPECT_FALSE(terminal.IsOurs());
    EXPECT_TRUE(terminal.GiveTo(getpgrp()));
    EXPECT_TRUE(terminal.IsOurs());
    EXPECT_FALSE(terminal.GiveTo(999'999'999)) << "no such group";
  });
}

TEST(Terminal, IsLeftByTheSessionAndTheKernelSaysSo) {
  ExpectInChild([] {
    const test::Pty pty = TakeTerminal();
    sigset_t told;
    sigemptyset(&told);
    sigaddset(&told, SIGCONT);
    sigprocmask(SIG_BLOCK, &told, nullptr);
    EXPECT_EQ(LeaveTerminal(0), 0);
    EXPECT_FALSE(Terminal::Find().exists());
    sigset_t pending;
    sigpending(&pending);
    EXPECT_EQ(sigismember(&pending, SIGHUP), 1);
    EXPECT_EQ(sigismember(&pending, SIGCONT), 1);
    EXPECT_EQ(LeaveTerminal(0), ENOTTY);
    EXPECT_EQ(LeaveTerminal(-1), EBADF);
  });
}

/// What reaperd does: all signals blocked, so that SIGCONT stays to be read.
void BlockAll() {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
}

TEST(StopOwnGroup, StopsUntilSomebodyContinues) {
  ExpectInChild([] {
    const pid_t pid = test::Fork([] {
      setpgid(0, 0);
      BlockAll();
      return StopOwnGroup() ? 0 : 1;
    });
    // This parent is in the same session and in another group: the child's is no orphan.
    ASSERT_TRUE(test::Eventually([&] { return test::StateOf(pid) == 'T'; }));
    kill(pid, SIGCONT);
    EXPECT_EQ(test::WaitStatus(pid), 0);
  });
}

TEST(StopOwnGroup, DoesNotTakeAnOldContinueForAnAnswer) {
  ExpectInChild([] {
    const pid_t pid = test::Fork([] {
      setpgid(0, 0);
      BlockAll();
      kill(getpid(), SIGCONT);
      return StopOwnGroup() ? 0 : 1;
    });
    ASSERT_TRUE(test::Eventually([&] { return test::StateOf(pid) == 'T'; }));
    kill(pid, SIGCONT);
    EXPECT_EQ(test::WaitStatus(pid), 0);
  });
}

TEST(StopOwnGroup, ReturnsAtOnceWhereNobodyCouldContinue) {
  ExpectInChild([] {
    // A session leader's group has no parent in the session.
    BlockAll();
    EXPECT_FALSE(StopOwnGroup());
  });
}

TEST(StopSelf, StopsThisProcessOnly) {
  ExpectInChild([] {
    const pid_t pid = test::Fork([] {
      StopSelf();
      return 4;
    });
    ASSERT_TRUE(test::Eventually([&] { return test::StateOf(pid) == 'T'; }));
    kill(pid, SIGCONT);
    EXPECT_EQ(WEXITSTATUS(test::WaitStatus(pid)), 4);
  });
}

}  // namespace
}  // namespace reaperd::sys
