#include "sys/probe.h"

#include <gtest/gtest.h>
#include <linux/sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "child_process.h"
#include "refuse_calls.h"

namespace reaperd::sys {
namespace {

using test::ExpectInChild;
using test::RefuseCalls;

TEST(ProbeOffers, FindsAllThatThisKernelHasAndLeavesNoChild) {
  ExpectInChild([] {
    const Offers offers = ProbeOffers();
    EXPECT_TRUE(offers.clone_sharing);
    EXPECT_TRUE(offers.clone_pidfd);
    EXPECT_TRUE(offers.pidfd_open);
    EXPECT_TRUE(offers.pidfd_send_signal);
    EXPECT_TRUE(offers.waitid_peek);
    EXPECT_TRUE(offers.openat2);
    EXPECT_TRUE(offers.subreaper);
    EXPECT_TRUE(offers.proc_mounted);
    EXPECT_TRUE(offers.proc_ours);
    EXPECT_EQ(offers.children, ChildrenSource::kChildrenFile);
    EXPECT_TRUE(offers.processes.pid_max.has_value());
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
    EXPECT_EQ(errno, ECHILD);
  });
}

TEST(ProbeOffers, LeavesTheZombiesOfOthersToThem) {
  ExpectInChild([] {
    const pid_t pid = test::Fork([] { return 5; });
    ASSERT_TRUE(test::Eventually([&] { return test::StateOf(pid) == 'Z'; }));
    EXPECT_TRUE(ProbeOffers().waitid_peek);
    EXPECT_EQ(WEXITSTATUS(test::WaitStatus(pid)), 5);
  });
}

struct Lack {
  const char* name;
  test::RefusedCall call;
  bool Offers::*offer;
};

class LackTest : public ::testing::TestWithParam<Lack> {};

TEST_P(LackTest, IsNoticed) {
  ExpectInChild([] {
    ASSERT_TRUE(RefuseCalls({GetParam().call}));
    EXPECT_FALSE(ProbeOffers().*GetParam().offer);
  });
}

INSTANTIATE_TEST_SUITE_P(
    Offers, LackTest,
    ::testing::Values(
        Lack{"Sharing",
             {.number = SYS_clone, .code = EPERM, .mask = CLONE_VFORK},
             &Offers::clone_sharing},
        Lack{"ClonePidfd",
             {.number = SYS_clone, .code = EINVAL, .mask = CLONE_PIDFD},
             &Offers::clone_pidfd},
        Lack{"PidfdOpen", {.number = SYS_pidfd_open, .code = ENOSYS}, &Offers::pidfd_open},
        Lack{"PidfdSendSignal",
             {.number = SYS_pidfd_send_signal, .code = EPERM},
             &Offers::pidfd_send_signal},
        Lack{"Peek", {.number = SYS_waitid, .code = ENOSYS}, &Offers::waitid_peek},
        Lack{"Wnowait",
             {.number = SYS_waitid, .code = EINVAL, .argument = 3, .mask = WNOWAIT},
             &Offers::waitid_peek},
        Lack{"Openat2", {.number = SYS_openat2, .code = ENOSYS}, &Offers::openat2},
        Lack{"Subreaper", {.number = SYS_prctl, .code = EINVAL}, &Offers::subreaper},
        Lack{"Proc", {.number = SYS_readlink, .code = EACCES}, &Offers::proc_ours}),
    [](const auto& param) { return param.param.name; });

TEST(ProbeOffers, TellsTheLimits) {
  ExpectInChild([] {
    const rlimit files{17, 17};
    const rlimit processes{10'000, 10'000};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &files), 0);
    ASSERT_EQ(setrlimit(RLIMIT_NPROC, &processes), 0);
    const Offers offers = ProbeOffers();
    EXPECT_EQ(offers.rlimit_nofile, 17U);
    EXPECT_EQ(offers.processes.rlimit_nproc, 10'000U);
  });
}

}  // namespace
}  // namespace reaperd::sys
