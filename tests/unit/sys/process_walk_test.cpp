#include "sys/process_walk.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "child_process.h"
#include "fake_proc.h"

namespace reaperd::sys {
namespace {

using test::FakeProc;

std::vector<pid_t> Pids(const std::vector<ProcStat>& processes) {
  std::vector<pid_t> pids;
  for (const ProcStat& process : processes)
    pids.push_back(process.pid);
  std::sort(pids.begin(), pids.end());
  return pids;
}

TEST(ProcessWalk, FindsEveryProcessAndNothingElse) {
  const FakeProc proc;
  for (pid_t pid = 10; pid < 15; ++pid)
    proc.Add({.pid = pid, .parent = 1});
  proc.dir().Write("uptime", "1 1\n");
  proc.dir().Write("12x/stat", "no number");
  proc.dir().Write("99/stat", "nonsense");
  auto walk = ProcessWalk::Begin(proc.root());
  ASSERT_TRUE(walk.ok());
  std::vector<ProcStat> found;
  EXPECT_FALSE(walk->Next(1000, found));
  EXPECT_EQ(Pids(found), (std::vector<pid_t>{10, 11, 12, 13, 14}));
}

TEST(ProcessWalk, GoesOnWhereItsLastPartEnded) {
  const FakeProc proc;
  for (pid_t pid = 100; pid < 140; ++pid)
    proc.Add({.pid = pid, .parent = 1});
  auto walk = ProcessWalk::Begin(proc.root());
  ASSERT_TRUE(walk.ok());
  std::vector<ProcStat> found;
  int parts = 1;
  for (std::size_t before = 0; walk->Next(7, found); ++parts) {
    // Of the seven one may be our own entry, which the fake has no stat for.
    EXPECT_GE(found.size(), before + 6);
    EXPECT_LE(found.size(), before + 7);
    before = found.size();
  }
  EXPECT_EQ(found.size(), 40U);
  EXPECT_GE(parts, 6);
}

TEST(ProcessWalk, LeavesOutWhoEndsMeanwhile) {
  const FakeProc proc;
  proc.Add({.pid = 10, .parent = 1});
  proc.dir().Write("11/comm", "gone: no stat any more");
  auto walk = ProcessWalk::Begin(proc.root());
  ASSERT_TRUE(walk.ok());
  std::vector<ProcStat> found;
  EXPECT_FALSE(walk->Next(1000, found));
  EXPECT_EQ(Pids(found), std::vector<pid_t>{10});
}

TEST(ProcessWalk, FailsWithoutADirectory) {
  const auto walk = ProcessWalk::Begin("/no/such/proc");
  ASSERT_FALSE(walk.ok());
  EXPECT_EQ(walk.error().code(), ENOENT);
}

TEST(ProcessWalk, SeesARealChild) {
  const test::ScopedChild child(test::ForkSleeper());
  auto walk = ProcessWalk::Begin("/proc");
  ASSERT_TRUE(walk.ok());
  std::vector<ProcStat> all;
  while (walk->Next(64, all)) {
  }
  const auto at =
      std::find_if(all.begin(), all.end(), [&](const ProcStat& p) { return p.pid == child.pid(); });
  ASSERT_NE(at, all.end());
  EXPECT_EQ(at->parent, getpid());
}

ProcStat Process(pid_t pid, pid_t parent) {
  return {.pid = pid, .parent = parent};
}

TEST(DescendantsOf, FollowsParentsDownward) {
  const std::vector<ProcStat> all{Process(1, 0),  Process(5, 1), Process(6, 5),
                                  Process(7, 6),  Process(8, 1), Process(9, 8),
                                  Process(10, 5), Process(2, 0), Process(11, 99)};
  EXPECT_EQ(Pids(DescendantsOf(5, all)), (std::vector<pid_t>{6, 7, 10}));
  EXPECT_EQ(Pids(DescendantsOf(1, all)), (std::vector<pid_t>{5, 6, 7, 8, 9, 10}));
  EXPECT_EQ(Pids(DescendantsOf(7, all)), std::vector<pid_t>{});
  EXPECT_EQ(Pids(DescendantsOf(12345, all)), std::vector<pid_t>{});
}

TEST(DescendantsOf, DoesNotDependOnTheOrder) {
  std::vector<ProcStat> all{Process(3, 2), Process(4, 3), Process(5, 4), Process(6, 5)};
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.pid > b.pid; });
  EXPECT_EQ(Pids(DescendantsOf(2, all)), (std::vector<pid_t>{3, 4, 5, 6}));
}

TEST(DescendantsOf, EndsInCirclesOfAReusedNumber) {
  const std::vector<ProcStat> circle{Process(5, 7), Process(6, 5), Process(7, 6)};
  EXPECT_EQ(Pids(DescendantsOf(6, circle)), (std::vector<pid_t>{5, 6, 7}));
  EXPECT_EQ(Pids(DescendantsOf(5, {Process(5, 5)})), std::vector<pid_t>{5});
  EXPECT_EQ(Pids(DescendantsOf(1, circle)), std::vector<pid_t>{});
}

TEST(DescendantsOf, WalksADeepTreeWithoutRecursion) {
  std::vector<ProcStat> all;
  for (pid_t pid = 2; pid <= 100'000; ++pid)
    all.push_back(Process(pid, pid - 1));
  EXPECT_EQ(DescendantsOf(1, all).size(), 99'999U);
}

}  // namespace
}  // namespace reaperd::sys
