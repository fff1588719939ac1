#include "sys/process_signal.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>

#include "child_process.h"
#include "fake_proc.h"
#include "faulty_process_ops.h"
#include "refuse_calls.h"
#include "sys/linux_process_ops.h"

namespace reaperd::sys {
namespace {

using test::Call;
using test::ExpectInChild;

/// What the kernel offers.
struct Offer {
  const char* name;
  std::vector<test::RefusedCall> refused;
};

class SignalProcessTest : public ::testing::TestWithParam<Offer> {
 protected:
  static void Run(const std::function<void(test::FaultyProcessOps&)>& body) {
    ExpectInChild([&] {
      if (!GetParam().refused.empty()) {
        ASSERT_TRUE(test::RefuseCalls(GetParam().refused));
      }
      LinuxProcessOps kernel;
      test::FaultyProcessOps ops(kernel);
      body(ops);
    });
  }

  static std::uint64_t Sent(const test::FaultyProcessOps& ops) {
    return ops.calls(Call::kSignalPidfd) + ops.calls(Call::kSignalChild);
  }
};

TEST_P(SignalProcessTest, ReachesWhoWasMeant) {
  Run([](test::FaultyProcessOps& ops) {
    const pid_t pid = test::ForkSleeper();
    const auto process = ReadStat("/proc", pid);
    ASSERT_TRUE(process.ok());
    EXPECT_EQ(SignalProcess(ops, "/proc", *process, SIGTERM), 0);
    const int status = test::WaitStatus(pid);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
  });
}

TEST_P(SignalProcessTest, NeverReachesAProcessThatStartedAtAnotherTime) {
  Run([](test::FaultyProcessOps& ops) {
    const test::ScopedChild child(test::ForkSleeper());
    auto process = ReadStat("/proc", child.pid());
    ASSERT_TRUE(process.ok());
    for (const int shift : {1, -1}) {
      ProcStat predecessor = *process;
      predecessor.start_ticks += static_cast<std::uint64_t>(shift);
      EXPECT_EQ(SignalProcess(ops, "/proc", predecessor, SIGKILL), ESRCH);
    }
    EXPECT_EQ(Sent(ops), 0U);
    EXPECT_NE(test::StateOf(child.pid()), 'Z');
  });
}

TEST_P(SignalProcessTest, SignalsNobodyWithoutAProof) {
  Run([](test::FaultyProcessOps& ops) {
    const test::ScopedChild child(test::ForkSleeper());
    const auto process = ReadStat("/proc", child.pid());
    ASSERT_TRUE(process.ok());
    EXPECT_EQ(SignalProcess(ops, "/no/such/proc", *process, SIGKILL), ESRCH);
    EXPECT_EQ(Sent(ops), 0U);
  });
}

TEST_P(SignalProcessTest, FindsThatItIsGone) {
  Run([](test::FaultyProcessOps& ops) {
    const pid_t pid = test::Fork([] { return 0; });
    const auto process = ReadStat("/proc", pid);
    ASSERT_TRUE(process.ok());
    test::WaitStatus(pid);
    EXPECT_EQ(SignalProcess(ops, "/proc", *process, SIGTERM), ESRCH);
    EXPECT_EQ(Sent(ops), 0U);
  });
}

INSTANTIATE_TEST_SUITE_P(
    Kernels, SignalProcessTest,
    ::testing::Values(
        Offer{"Pidfds", {}}, Offer{"NoPidfdOpen", {{.number = SYS_pidfd_open, .code = ENOSYS}}},
        Offer{"PidfdOpenForbidden", {{.number = SYS_pidfd_open, .code = EPERM}}},
        Offer{"NoPidfdSendSignal", {{.number = SYS_pidfd_send_signal, .code = ENOSYS}}},
        Offer{"PidfdSendSignalForbidden", {{.number = SYS_pidfd_send_signal, .code = EPERM}}}),
    [](const auto& param) { return param.param.name; });

TEST(SignalProcess, TellsWhatTheKernelSays) {
  LinuxProcessOps kernel;
  test::FaultyProcessOps ops(kernel);
  const test::ScopedChild child(test::ForkSleeper());
  const auto process = ReadStat("/proc", child.pid());
  ASSERT_TRUE(process.ok());
  EXPECT_EQ(SignalProcess(ops, "/proc", *process, 9999), EINVAL);
  ops.Fail({.call = Call::kSignalPidfd, .code = EAGAIN});
  EXPECT_EQ(SignalProcess(ops, "/proc", *process, SIGTERM), EAGAIN);
  EXPECT_EQ(ops.calls(Call::kSignalChild), 0U);
}

}  // namespace
}  // namespace reaperd::sys
