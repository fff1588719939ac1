// Who is alive below us, with real children.
#include "daemon/blockers.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "child_process.h"

namespace reaperd::daemon {
namespace {

using test::ExpectInChild;

constexpr auto kNobody = [](pid_t) { return false; };

std::vector<pid_t> ForkSleepers(std::size_t count) {
  std::vector<pid_t> pids(count);
  std::generate(pids.begin(), pids.end(), test::ForkSleeper);
  return pids;
}

std::vector<pid_t> PidsOf(const model::RemainingList& list) {
  std::vector<pid_t> pids;
  for (const Remaining& process : list.processes)
    pids.push_back(process.pid);
  return pids;
}

TEST(FindRemaining, TellsAFewAndThatThoseAreAll) {
  ExpectInChild([] {
    const auto pids = ForkSleepers(3);
    const pid_t dead = test::Fork([] { return 0; });
    ASSERT_TRUE(test::Eventually([&] { return test::StateOf(dead) == 'Z'; }));
    const model::RemainingList list = FindRemaining(kNobody);
    EXPECT_EQ(PidsOf(list), pids);
    EXPECT_FALSE(list.more);
  });
}

TEST(FindRemaining, SaysThatThereAreMoreThanItTells) {
  ExpectInChild([] {
    ForkSleepers(kMostBlockers + 1);
    const model::RemainingList list = FindRemaining(kNobody);
    EXPECT_EQ(list.processes.size(), kMostBlockers);
    EXPECT_TRUE(list.more);
  });
}

TEST(FindRemaining, SaysThatThereAreMoreThanItLookedAt) {
  ExpectInChild([] {
    std::vector<pid_t> dead(kMostBlockerLooks);
    for (pid_t& pid : dead)
      pid = test::Fork([] { return 0; });
    ASSERT_TRUE(test::Eventually([&] {
      return std::all_of(dead.begin(), dead.end(),
                         [](pid_t pid) { return test::StateOf(pid) == 'Z'; });
    }));
    EXPECT_FALSE(FindRemaining(kNobody).more);
    ForkSleepers(1);
    const model::RemainingList list = FindRemaining(kNobody);
    EXPECT_TRUE(list.processes.empty());
    EXPECT_TRUE(list.more);
  });
}

TEST(FindRemaining, WhoIsSkippedTakesNoPlaceAndNoLook) {
  ExpectInChild([] {
    const auto skipped = ForkSleepers(kMostBlockerLooks);
    const auto others = ForkSleepers(kMostBlockers);
    const auto skip = [&](pid_t pid) {
      return std::count(skipped.begin(), skipped.end(), pid) > 0;
    };
    const model::RemainingList list = FindRemaining(skip);
    EXPECT_EQ(PidsOf(list), others);
    EXPECT_FALSE(list.more);
  });
}

TEST(FindRemaining, TellsThoseFirstThatAreInUninterruptibleSleep) {
  ExpectInChild([] {
    ForkSleepers(kMostBlockers + 4);
    // Who waits for the exec of its vfork child is in D.
    const pid_t stuck = test::Fork([] {
      if (vfork() == 0) pause();
      return 0;
    });
    ASSERT_TRUE(test::Eventually([&] { return test::StateOf(stuck) == 'D'; }));
    const model::RemainingList list = FindRemaining(kNobody);
    ASSERT_EQ(list.processes.size(), kMostBlockers);
    EXPECT_EQ(list.processes.front().pid, stuck);
    EXPECT_TRUE(list.more);
  });
}

}  // namespace
}  // namespace reaperd::daemon
