#include "sys/process_limits.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "child_process.h"
#include "temp_dir.h"

namespace reaperd::sys {
namespace {

using test::TempDir;

class ProcessLimitsTest : public ::testing::Test {
 protected:
  /// The limits that a process of `group` sees.
  [[nodiscard]] ProcessLimits Limits(const std::string& group) const {
    return ReadProcessLimits(proc_.path(), Tree(group));
  }
  [[nodiscard]] CgroupTree Tree(const std::string& group) const {
    return CgroupTree::Parse("41 31 0:38 / " + fs_.path() + " rw - cgroup2 cgroup2 rw\n",
                             {.unified = group, .v1_memory = {}, .v1_pids = {}});
  }

  TempDir fs_;
  TempDir proc_;
};

TEST_F(ProcessLimitsTest, TakesTheSmallestPidsMaxOnTheWayUp) {
  fs_.Write("pod/pids.max", "50\n");
  fs_.Write("pod/c/pids.max", "100\n");
  fs_.Write("pod/c/low/pids.max", "max\n");
  EXPECT_EQ(Limits("/pod/c/low").pids_max, (PidsMax{50, fs_.Path("pod")}));
  EXPECT_EQ(Limits("/pod/c").pids_max, (PidsMax{50, fs_.Path("pod")}));
}

TEST_F(ProcessLimitsTest, TheNearestOfEqualsIsNamed) {
  fs_.Write("a/pids.max", "50\n");
  fs_.Write("a/b/pids.max", "50\n");
  EXPECT_EQ(Limits("/a/b").pids_max, (PidsMax{50, fs_.Path("a/b")}));
}

TEST_F(ProcessLimitsTest, NoLimitIsNone) {
  fs_.Write("a/pids.max", "max\n");
  EXPECT_EQ(Limits("/a").pids_max, std::nullopt);
  EXPECT_EQ(Limits("/a").pid_max, std::nullopt);
  fs_.Write("a/pids.max", "-1\n");
  EXPECT_EQ(Limits("/a").pids_max, std::nullopt);
}

TEST_F(ProcessLimitsTest, ReadsPidMax) {
  proc_.Write("sys/kernel/pid_max", "32768\n");
  EXPECT_EQ(Limits("/").pid_max, 32768U);
}

TEST_F(ProcessLimitsTest, ReadsTheSoftRlimit) {
  test::ExpectInChild([&] {
    const rlimit limit{70, 90};
    ASSERT_EQ(setrlimit(RLIMIT_NPROC, &limit), 0);
    EXPECT_EQ(Limits("/").rlimit_nproc, 70U);
  });
}

TEST_F(ProcessLimitsTest, ReadsHowManyThereAre) {
  EXPECT_EQ(ReadPidsCurrent(Tree("/")), std::nullopt);
  fs_.Write("pids.current", "17\n");
  EXPECT_EQ(ReadPidsCurrent(Tree("/")), 17U);
}

TEST(ProcessLimits, NamesTheSmallest) {
  ProcessLimits limits;
  EXPECT_EQ(limits.Smallest(), std::nullopt);
  limits.pid_max = 600;
  EXPECT_EQ(limits.Smallest(), (ProcessLimit{ProcessLimitKind::kPidMax, 300, "kernel.pid_max"}))
      << "the first 300 numbers are not used again";
  limits.rlimit_nproc = 200;
  EXPECT_EQ(limits.Smallest(), (ProcessLimit{ProcessLimitKind::kRlimitNproc, 200, "RLIMIT_NPROC"}));
  limits.pids_max = {100, "/cg/a"};
  EXPECT_EQ(limits.Smallest(),
            (ProcessLimit{ProcessLimitKind::kPidsMax, 100, "pids.max of /cg/a"}));
  limits.pids_max->value = 201;
  EXPECT_EQ(limits.Smallest()->kind, ProcessLimitKind::kRlimitNproc);
}

TEST(ProcessLimits, APidMaxBelowTheNumbersUsedOnceLeavesNothing) {
  ProcessLimits limits;
  limits.pid_max = 299;
  EXPECT_EQ(limits.Smallest()->value, 0U);
}

TEST(ProcessLimits, SeeThePidMaxOfThisMachine) {
  const ProcessLimits limits = ReadProcessLimits("/proc", CgroupTree::Read("/proc"));
  ASSERT_TRUE(limits.pid_max.has_value());
  EXPECT_LE(limits.Smallest()->value, *limits.pid_max);
}

}  // namespace
}  // namespace reaperd::sys
