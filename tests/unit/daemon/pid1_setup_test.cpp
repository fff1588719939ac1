#include "daemon/pid1_setup.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "child_process.h"
#include "refuse_calls.h"

namespace reaperd::daemon {
namespace {

using model::RunSpec;
using model::Subreaper;
using test::ExpectInChild;

bool IsSubreaper() {
  int value = 0;
  prctl(PR_GET_CHILD_SUBREAPER, &value);
  return value != 0;
}

TEST(TakeStanding, MakesASubreaperUnlessPid1) {
  const pid_t pid = test::Fork([] {
    const auto standing = TakeStanding(RunSpec{});
    const bool good = standing.ok() && !standing->pid1 && standing->subreaper && IsSubreaper();
    return good ? 0 : 1;
  });
  EXPECT_EQ(test::WaitStatus(pid), 0);
}

TEST(TakeStanding, MakesNoneWhereOnlyAskedForCounts) {
  const pid_t pid = test::Fork([] {
    RunSpec spec;
    spec.subreaper = Subreaper::kOnlyIfAsked;
    const auto standing = TakeStanding(spec);
    return standing.ok() && !standing->subreaper && !IsSubreaper() ? 0 : 1;
  });
  EXPECT_EQ(test::WaitStatus(pid), 0);
}

TEST(TakeStanding, Pid1NeedsNoSubreaperUnlessForced) {
  if (!test::CanBePid1()) GTEST_SKIP() << "needs the right to make a pid namespace";
  ExpectInChild(
      [] {
        const auto plain = TakeStanding(RunSpec{});
        ASSERT_TRUE(plain.ok());
        EXPECT_TRUE(plain->pid1);
        EXPECT_FALSE(plain->subreaper);
        EXPECT_FALSE(IsSubreaper());
        RunSpec spec;
        spec.subreaper = Subreaper::kForce;
        const auto forced = TakeStanding(spec);
        ASSERT_TRUE(forced.ok());
        EXPECT_TRUE(forced->subreaper);
        EXPECT_TRUE(IsSubreaper());
      },
      {.pid1 = true});
}

TEST(TakeStanding, SaysWhenItCannotBeASubreaper) {
  ExpectInChild([] {
    ASSERT_TRUE(test::RefuseCalls(
        {{.number = SYS_prctl, .code = EPERM, .argument = 0, .mask = PR_SET_CHILD_SUBREAPER}}));
    const auto standing = TakeStanding(RunSpec{});
    ASSERT_FALSE(standing.ok());
    EXPECT_EQ(standing.error().code(), EPERM);
    EXPECT_EQ(standing.error().message(), "cannot become a subreaper: Operation not permitted");
  });
}

TEST(TakeStanding, TheParentsDeathIsSignalledToUs) {
  ExpectInChild([] {
    const test::Pipe pid_pipe = test::MakePipe();
    const test::Pipe go = test::MakePipe();
    const pid_t parent = test::Fork([&] {
      test::Fork([&] {
        RunSpec spec;
        spec.parent_death_signal = SIGKILL;
        if (!TakeStanding(spec)) return 1;
        const pid_t self = getpid();
        if (write(pid_pipe.write_end.get(), &self, sizeof self) != sizeof self) return 2;
        for (;;)
          pause();
        return 0;
      });
      char byte = 0;
      return read(go.read_end.get(), &byte, 1) == 1 ? 0 : 3;
    });
    pid_t child = 0;
    ASSERT_EQ(read(pid_pipe.read_end.get(), &child, sizeof child),
              static_cast<ssize_t>(sizeof child));
    ASSERT_EQ(write(go.write_end.get(), "x", 1), 1);
    EXPECT_EQ(test::WaitStatus(parent), 0);
    // The orphan comes to us, since we are a subreaper.
    EXPECT_EQ(test::WaitStatus(child), SIGKILL);
  });
}

TEST(TakeStanding, SaysWhenTheParentsDeathCannotBeSignalled) {
  ExpectInChild([] {
    RunSpec spec;
    spec.parent_death_signal = 9999;
    const auto standing = TakeStanding(spec);
    ASSERT_FALSE(standing.ok());
    EXPECT_EQ(standing.error().code(), EINVAL);
  });
}

}  // namespace
}  // namespace reaperd::daemon
