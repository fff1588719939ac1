// sys/auto_reap and ExitByPidfd: children that the kernel reaps.
#include "sys/auto_reap.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "child_process.h"
#include "fake_process_ops.h"
#include "faulty_process_ops.h"
#include "sys/linux_process_ops.h"
#include "sys/pidfd.h"

namespace reaperd::sys {
namespace {

using Kind = model::WaitOutcome::Kind;
using model::ExitStatus;
using test::Call;
using test::ExpectInChild;

/// Whether this kernel tells at all; asked in a child, whose SIGCHLD is its own.
bool KernelTells() {
  return test::RunInChild([] {
           LetKernelReap();
           LinuxProcessOps ops;
           EXPECT_TRUE(ProbeAutoReap(ops).ok());
         })
      .empty();
}

class AutoReap : public ::testing::Test {
 protected:
  void SetUp() override {
    static const bool kTells = KernelTells();
    if (!kTells) GTEST_SKIP() << "before Linux 6.15";
  }
};

bool IsReaped(int pidfd) {
  pollfd end{.fd = pidfd, .events = 0, .revents = 0};
  return poll(&end, 1, 10'000) == 1;
}

model::WaitOutcome ExitOf(int pidfd) {
  EXPECT_TRUE(IsReaped(pidfd));
  return LinuxProcessOps().ExitByPidfd(pidfd);
}

TEST_F(AutoReap, APidfdTellsTheStatusOfWhomTheKernelReaped) {
  ExpectInChild([] {
    LetKernelReap();
    const test::Pipe gate = test::MakePipe();
    const auto wait_and = [&](auto end) {
      return test::Fork([&gate, end] {
        char byte = 0;
        static_cast<void>(!read(gate.read_end.get(), &byte, 1));
        return end();
      });
    };
    const pid_t exits = wait_and([] { return 7; });
    const pid_t dies = wait_and([] { return raise(SIGKILL); });
    const UniqueFd first = OpenPidfd(exits);
    const UniqueFd second = OpenPidfd(dies);
    EXPECT_EQ(LinuxProcessOps().ExitByPidfd(first.get()).kind, Kind::kNothing) << "it lives";
    ASSERT_EQ(write(gate.write_end.get(), "..", 2), 2);
    const auto exit = ExitOf(first.get());
    EXPECT_EQ(exit.kind, Kind::kDead);
    EXPECT_EQ(exit.status, ExitStatus::Exited(7));
    EXPECT_FALSE(exit.usage.has_value());
    EXPECT_EQ(ExitOf(second.get()).status, ExitStatus::Killed(SIGKILL));
    EXPECT_EQ(waitpid(-1, nullptr, 0), -1);
    EXPECT_EQ(errno, ECHILD);
  });
}

TEST_F(AutoReap, AZombieTellsNothingBeforeItIsReaped) {
  const pid_t pid = test::Fork([] { return 3; });
  const UniqueFd pidfd = OpenPidfd(pid);
  ASSERT_TRUE(test::Eventually([&] { return test::StateOf(pid) == 'Z'; }));
  LinuxProcessOps ops;
  EXPECT_EQ(ops.ExitByPidfd(pidfd.get()).kind, Kind::kNothing);
  waitpid(pid, nullptr, 0);
  EXPECT_EQ(ops.ExitByPidfd(pidfd.get()).status, ExitStatus::Exited(3));
}

TEST_F(AutoReap, ZombiesFromBeforeStayAndCanBeReaped) {
  ExpectInChild([] {
    const pid_t pid = test::Fork([] { return 4; });
    ASSERT_TRUE(test::Eventually([&] { return test::StateOf(pid) == 'Z'; }));
    LetKernelReap();
    LinuxProcessOps ops;
    EXPECT_EQ(ops.WaitAny(WaitMode::kReap).status, ExitStatus::Exited(4));
  });
}

TEST_F(AutoReap, StopsAreToldAsEver) {
  ExpectInChild([] {
    LetKernelReap();
    const test::ScopedChild child(test::ForkSleeper());
    kill(child.pid(), SIGSTOP);
    LinuxProcessOps ops;
    ASSERT_TRUE(test::Eventually(
        [&] { return ops.WaitPid(child.pid(), WaitMode::kReap).kind == Kind::kStopped; }));
  });
}

TEST_F(AutoReap, AnExecdProgramDoesNotInheritIt) {
  ExpectInChild([] {
    LetKernelReap();
    test::Pipe out = test::MakePipe();
    test::Fork([&] {
      dup2(out.write_end.get(), STDOUT_FILENO);
      // Its child is a zombie until it is waited for: `wait` tells the status.
      execlp("sh", "sh", "-c", "grep SigIgn /proc/self/status; (exit 9) & wait $!; echo $?",
             nullptr);
      return 1;
    });
    out.write_end.reset();
    const std::string text = test::ReadAll(out.read_end.get());
    EXPECT_NE(text.find("SigIgn:\t0000000000000000\n9\n"), std::string::npos) << text;
  });
}

TEST_F(AutoReap, AHelperIsLeftToUs) {
  ExpectInChild([] {
    LetKernelReap();
    LinuxProcessOps ops;
    const Helper helper =
        ops.SpawnHelper({.name = "help", .keep = {}, .run = [](int) { return 6; }});
    ASSERT_GT(helper.pid, 0);
    ASSERT_TRUE(test::Eventually([&] { return test::StateOf(helper.pid) == 'Z'; }));
    EXPECT_EQ(ops.WaitPid(helper.pid, WaitMode::kReap).status, ExitStatus::Exited(6));
  });
}

TEST_F(AutoReap, AGroupIsSignalledWhenItsLeaderIsGone) {
  ExpectInChild([] {
    LetKernelReap();
    const test::Pipe ready = test::MakePipe();
    const pid_t leader = test::Fork([&] {
      setpgid(0, 0);
      const pid_t member = test::ForkSleeper();
      static_cast<void>(!write(ready.write_end.get(), &member, sizeof member));
      pause();
      return 0;
    });
    const UniqueFd pidfd = OpenPidfd(leader);
    pid_t member = 0;
    ASSERT_EQ(read(ready.read_end.get(), &member, sizeof member), ssize_t{sizeof member});
    LinuxProcessOps ops;
    kill(leader, SIGKILL);
    ASSERT_TRUE(IsReaped(pidfd.get()));
    const UniqueFd end = OpenPidfd(member);
    EXPECT_EQ(ops.SignalPidfd(pidfd.get(), SIGTERM), ESRCH);
    EXPECT_EQ(ops.SignalPidfdGroup(pidfd.get(), SIGTERM), 0);
    EXPECT_TRUE(IsReaped(end.get()));
    EXPECT_EQ(ops.SignalPidfdGroup(pidfd.get(), SIGTERM), ESRCH) << "nobody is left in it";
  });
}

struct Lack {
  test::Fault fault;
  const char* says;
};

TEST_F(AutoReap, TheProbeNamesWhatIsMissing) {
  for (const Lack& lack :
       {Lack{{.call = Call::kExitByPidfd, .code = ENOTTY}, "is not told by its pidfd"},
        Lack{{.call = Call::kSignalPidfd, .code = EPERM}, "cannot be signalled by a pidfd"}}) {
    ExpectInChild([&] {
      LetKernelReap();
      LinuxProcessOps kernel;
      test::FaultyProcessOps ops(kernel);
      ops.Fail(lack.fault);
      const Status probed = ProbeAutoReap(ops);
      ASSERT_FALSE(probed.ok());
      EXPECT_NE(probed.error().message().find(lack.says), std::string::npos)
          << probed.error().message();
    });
  }
}

TEST_F(AutoReap, TheProbeFailsWhereNobodyReaps) {
  ExpectInChild([] {
    LinuxProcessOps ops;
    EXPECT_FALSE(ProbeAutoReap(ops).ok()) << "SIGCHLD is as it was";
  });
}

TEST(ExitByPidfd, IsAnErrorForWhatIsNoPidfd) {
  const test::Pipe pipe = test::MakePipe();
  EXPECT_EQ(LinuxProcessOps().ExitByPidfd(pipe.read_end.get()).kind, Kind::kError);
}

}  // namespace
}  // namespace reaperd::sys
