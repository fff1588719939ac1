// reap::Reaper: carries out the plan, tells the observer, counts. What the plan decides under load
// is tested with the plan.
#include "reap/reaper.h"

#include "reaper_fixture.h"

#include <signal.h>

#include <algorithm>
#include <cerrno>

namespace reaperd::reap {
namespace {

using model::ExitStatus;
using model::FirstSight;

TEST_F(ReaperTest, LooksAtItsStartForWhoDiedBefore) {
  Add({5, 6});
  ops_.Die(6, ExitStatus::Exited(2));
  EXPECT_EQ(Settle(), Words{"reaped 6"});
  EXPECT_EQ(reaper_->counters().deaths, 1U);
}

TEST_F(ReaperTest, TellsWhoDiedHowAndWhen) {
  Add({5, 6});
  Start();
  ops_.Die(6, ExitStatus::Killed(SIGSEGV, true), 33);
  ops_.now_us = 2'000'000;
  reaper_->OnSigchld(6);
  EXPECT_EQ(Settle(), Words{"reaped 6"});
  ASSERT_EQ(deaths_.size(), 1U);
  EXPECT_EQ(deaths_[0].status, ExitStatus::Killed(SIGSEGV, true));
  EXPECT_EQ(deaths_[0].uid, 33U);
  EXPECT_EQ(deaths_[0].seen_us, 2'000'000);
}

TEST_F(ReaperTest, FollowsTheHintAndLooksForWhatItDidNotName) {
  Add({5, 6, 7});
  Start();
  ops_.Die(5);
  ops_.Die(7);
  reaper_->OnSigchld(7);
  EXPECT_EQ(Settle(), (Words{"reaped 7", "reaped 5"}));
  EXPECT_EQ(ops_.TakeCalls(), (Words{"reap 7", "any", "any"}));
}

TEST_F(ReaperTest, AWrongHintHarmsNobody) {
  Add({5, 6});
  Start();
  ops_.Die(6);
  reaper_->OnSigchld(5);
  reaper_->OnSigchld(99);
  reaper_->OnSigchld(0);
  EXPECT_EQ(Settle(), Words{"reaped 6"});
  EXPECT_EQ(ops_.children.size(), 1U);
}

TEST_F(ReaperTest, ATracedDeadChildDoesNotKeepItBusy) {
  Add({5});
  Start();
  for (int i = 0; i < 3; ++i) {
    reaper_->OnPidfdReadable(5);
    EXPECT_EQ(Settle(), Words{});
  }
  EXPECT_LE(ops_.TakeCalls().size(), 6U);
}

TEST_F(ReaperTest, TellsOnceThatNobodyIsLeft) {
  Add({5});
  reaper_->Know({.pid = 5});
  Start();
  ops_.Die(5);
  reaper_->OnSigchld(5);
  EXPECT_EQ(Settle(), (Words{"reaped 5", "nobody left"}));
  reaper_->OnSweepWanted();
  EXPECT_EQ(Settle(), Words{});
  // A new child, and the end of that one: news again.
  Add({6});
  reaper_->Know({.pid = 6});
  ops_.Die(6);
  reaper_->OnSigchld(6);
  EXPECT_EQ(Settle(), (Words{"reaped 6", "nobody left"}));
}

TEST_F(ReaperTest, TellsAtTheStartThatThereIsNobody) {
  EXPECT_EQ(Settle(), Words{"nobody left"});
}

TEST_F(ReaperTest, TellsAStopOnce) {
  Add({5, 6});
  Start();
  ops_.children[1].stopped_by = SIGTSTP;
  reaper_->OnSigchld(6);
  EXPECT_EQ(Settle(), Words{"stopped 6 " + std::to_string(SIGTSTP)});
  EXPECT_EQ(reaper_->counters().stops, 1U);
  EXPECT_EQ(reaper_->counters().deaths, 0U);
}

TEST_F(ReaperTest, KnowsWhatItWasToldOfUntilItIsReaped) {
  Add({5, 6});
  Start();
  ops_.now_us = 3'000'000;
  reaper_->Know({.pid = 5});
  const model::ProcessInfo* const known = reaper_->table().Find(5);
  ASSERT_NE(known, nullptr);
  EXPECT_EQ(known->first_sight, FirstSight::kSpawn);
  EXPECT_EQ(known->first_seen_us, 3'000'000);
  EXPECT_EQ(reaper_->table().Find(6), nullptr);
  ops_.Die(5);
  reaper_->OnSigchld(5);
  Settle();
  EXPECT_EQ(reaper_->table().size(), 0U);
}

TEST_F(ReaperTest, CountsWhatItDoes) {
  Add({5, 6, 7});
  ops_.Die(5);
  reaper_->OnSigchld(5);
  reaper_->OnSigchld(0);
  Settle();
  const model::ReapCounters& counters = reaper_->counters();
  EXPECT_EQ(counters.sigchld_received, 2U);
  EXPECT_EQ(counters.deaths, 1U);
  EXPECT_EQ(counters.reaped, 1U);
  EXPECT_EQ(counters.walks, 1U);
  EXPECT_EQ(counters.scans, 0U);
  EXPECT_EQ(counters.errors, 0U);
}

TEST_F(ReaperTest, ManyDeathsFillNoMoreThanATurn) {
  constexpr std::size_t kCount = 500;
  for (pid_t pid = 1000; pid < 1000 + static_cast<pid_t>(kCount); ++pid) {
    Add({pid});
    ops_.Die(pid);
  }
  ops_.call_cost_us = 20;
  Micros longest_us = 0;
  int turns = 0;
  for (bool more = true; more; ++turns) {
    const Micros before_us = ops_.now_us;
    more = Run().more;
    longest_us = std::max(longest_us, ops_.now_us - before_us);
  }
  EXPECT_EQ(deaths_.size(), kCount);
  EXPECT_GE(turns, 5);
  EXPECT_LE(longest_us, event::Turn::kBudget_us + event::Turn::kItemsPerCheck * ops_.call_cost_us);
}

TEST_F(ReaperTest, ScansWhenWalkingIsDear) {
  constexpr pid_t kDead = 40;
  for (pid_t pid = 1000; pid < 1000 + kDead; ++pid) {
    Add({pid});
    ops_.Die(pid);
  }
  ops_.call_cost_us = 100;
  Settle();
  EXPECT_EQ(deaths_.size(), std::size_t{kDead});
  EXPECT_GE(reaper_->counters().scans, 1U);
  EXPECT_LT(reaper_->counters().walks, std::uint64_t{kDead} / 2);
}

TEST_F(ReaperTest, TheObserverMayCallBack) {
  class Starter final : public ReapObserver {
   public:
    explicit Starter(test::FakeProcessOps& ops) : ops_(ops) {}
    void OnReaped(const model::Death& death, const model::ProcessInfo*) override {
      if (death.pid >= 10) return;
      // A restart: the successor is known at once, and is dead already.
      const pid_t next = death.pid + 1;
      ops_.children.push_back({.pid = next, .end = ExitStatus::Exited(0)});
      reaper->Know({.pid = next});
      reaper->OnPidfdReadable(next);
      reaper->RequestDiscovery();
    }
    Reaper* reaper = nullptr;

   private:
    test::FakeProcessOps& ops_;
  };
  Starter starter(ops_);
  Reaper reaper(ops_, starter, {});
  starter.reaper = &reaper;
  Add({5});
  ops_.Die(5);
  event::Turn turn(ops_);
  EXPECT_FALSE(reaper.Run(turn).more);
  EXPECT_EQ(reaper.counters().reaped, 6U);
  EXPECT_EQ(reaper.table().size(), 0U);
}

// --- failures

TEST_F(ReaperTest, AWaitThatFailsIsToldAndTriedAgainLater) {
  Add({5, 6});
  Start();
  ops_.Die(6);
  ops_.wait_error = ENOMEM;
  reaper_->OnSigchld(6);
  const Rest rest = Run();
  EXPECT_FALSE(rest.more) << "no busy loop";
  ASSERT_TRUE(rest.until_us.has_value());
  EXPECT_GT(*rest.until_us, ops_.now_us);
  EXPECT_LE(*rest.until_us, ops_.now_us + kSecond);
  EXPECT_EQ(Told(), Words{"failed " + std::to_string(ENOMEM)});
  ops_.wait_error = 0;
  ops_.now_us = *rest.until_us;
  EXPECT_EQ(Settle(), Words{"reaped 6"});
  EXPECT_EQ(reaper_->counters().errors, 1U);
}

TEST_F(ReaperTest, ALastingErrorCostsACallNowAndThen) {
  Add({5});
  ops_.wait_error = EINVAL;
  const Micros end_us = ops_.now_us + kSecond;
  while (ops_.now_us < end_us) {
    const Rest rest = Run();
    ASSERT_FALSE(rest.more);
    ASSERT_TRUE(rest.until_us.has_value());
    ops_.now_us = *rest.until_us;
  }
  EXPECT_LE(ops_.calls.size(), 101U);
  EXPECT_GE(ops_.calls.size(), 2U);
}

}  // namespace
}  // namespace reaperd::reap
