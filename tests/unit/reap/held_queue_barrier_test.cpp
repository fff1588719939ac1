// HeldQueue: barriers.
#include <cerrno>

#include "hold_fixture.h"

namespace reaperd::reap {
namespace {

model::ProcessInfo Living(pid_t pid, std::string comm) {
  model::Shadow shadow;
  shadow.comm = std::move(comm);
  return {.pid = pid, .shadow = std::make_shared<const model::Shadow>(shadow)};
}

class HeldQueueBarrierTest : public HeldQueueTest {
 protected:
  HeldQueueBarrierTest() {
    spec.rules = {BarrierRule("batch", "job*", "jobs"), BarrierRule("late", "late", "jobs")};
  }
};

TEST_F(HeldQueueBarrierTest, ReleasesAllTogetherAtItsCount) {
  spec.barriers = {{.name = "jobs", .count = 3}};
  EXPECT_TRUE(Die(5, "job1"));
  EXPECT_TRUE(Die(6, "late"));
  EXPECT_EQ(Queue().Find(5)->barrier, "jobs");
  EXPECT_EQ(Queue().Find(5)->until_us, std::nullopt);
  EXPECT_EQ(Released() + Results(), "");
  EXPECT_TRUE(Die(7, "job2")) << "held, and released with the others";
  EXPECT_EQ(Released(), "5 barrier, 6 barrier, 7 barrier");
  EXPECT_EQ(Results(), "jobs complete: 5 barrier 6 barrier 7 barrier");

  EXPECT_TRUE(Die(8, "job3")) << "it starts anew";
  EXPECT_EQ(HeldPids(), "8");
  EXPECT_EQ(Results(), "");
}

TEST_F(HeldQueueBarrierTest, ItsResultTellsHowEachEnded) {
  spec.barriers = {{.name = "jobs", .count = 1}};
  model::DeathRecord record = Record(5, "job");
  record.end = model::ExitStatus::Killed(9);
  Die(std::move(record));
  const auto results = Queue().TakeBarrierResults();
  ASSERT_EQ(results.size(), 1U);
  ASSERT_EQ(results[0].members.size(), 1U);
  EXPECT_EQ(results[0].members[0].id, "i5");
  EXPECT_EQ(results[0].members[0].end, model::ExitStatus::Killed(9));
}

TEST_F(HeldQueueBarrierTest, TimesOutFromTheFirstMember) {
  spec.barriers = {{.name = "jobs", .count = 3, .timeout_us = 10 * kSecond}};
  Die(5, "job");
  Die(6, "job", kNow + 9 * kSecond);
  EXPECT_EQ(Queue().Find(6)->until_us, kNow + 10 * kSecond);
  EXPECT_EQ(Queue().NextDeadline(), kNow + 10 * kSecond);
  Queue().OnTime(kNow + 10 * kSecond);
  EXPECT_EQ(Released(), "5 barrier, 6 barrier");
  EXPECT_EQ(Results(), "jobs incomplete: 5 barrier 6 barrier");
  EXPECT_EQ(Queue().NextDeadline(), std::nullopt);
  Die(7, "job", kNow + 20 * kSecond);
  EXPECT_EQ(Queue().NextDeadline(), kNow + 30 * kSecond);
}

TEST_F(HeldQueueBarrierTest, CountsThoseThatHadToGoBefore) {
  spec.limits.max_held = 3;
  spec.barriers = {{.name = "jobs", .count = 7}};
  spec.rules[0].keep = 2;
  Die(5, "job");
  Die(6, "job");
  Die(7, "job");
  Die(8, "late");
  EXPECT_TRUE(Queue().Release(7, "").ok());
  Die(9, "late");
  Die(10, "late");
  Queue().OnPressure();
  EXPECT_EQ(Released(), "5 keep, 7 request, 6 budget, 8 pressure, 9 pressure");
  EXPECT_EQ(Results(), "");
  Die(11, "job");
  EXPECT_EQ(Released(), "10 barrier, 11 barrier");
  EXPECT_EQ(Results(),
            "jobs complete: 5 keep 6 budget 7 request 8 pressure 9 pressure 10 barrier 11 barrier");
}

TEST_F(HeldQueueBarrierTest, CountsAlsoThoseThatCannotBeHeld) {
  spec.limits.max_held = 0;
  spec.barriers = {{.name = "jobs", .count = 2}};
  EXPECT_FALSE(Die(5, "job"));
  EXPECT_FALSE(Die(6, "job"));
  EXPECT_EQ(Released(), "");
  EXPECT_EQ(Results(), "jobs complete: 5 budget 6 budget");
}

TEST_F(HeldQueueBarrierTest, GoesOnWhenAllItsMembersHadToGo) {
  spec.barriers = {{.name = "jobs", .count = 3, .timeout_us = 10 * kSecond}};
  Die(5, "job");
  Queue().OnPressure();
  EXPECT_EQ(Queue().size(), 0U);
  EXPECT_EQ(Queue().NextDeadline(), kNow + 10 * kSecond);
  Queue().OnTime(kNow + 10 * kSecond);
  EXPECT_EQ(Results(), "jobs incomplete: 5 pressure");
}

TEST_F(HeldQueueBarrierTest, AFloodDoesNotFillTheListOfThoseThatHadToGo) {
  spec.rules[0].keep = 1;
  spec.barriers = {{.name = "jobs"}};
  constexpr pid_t kDeaths = 3000;
  for (pid_t pid = 5; pid < 5 + kDeaths; ++pid)
    Die(pid, "job");
  EXPECT_TRUE(Queue().ReleaseBarrier("jobs", kNow).ok());
  const auto results = Queue().TakeBarrierResults();
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(results[0].members.size(), BarrierState::kGoneListed + 1);
  EXPECT_EQ(results[0].members.size() + results[0].unlisted, std::size_t{kDeaths});
}

TEST_F(HeldQueueBarrierTest, IsReleasedOnRequest) {
  spec.barriers = {{.name = "jobs", .count = 5}};
  EXPECT_TRUE(Queue().ReleaseBarrier("jobs", kNow).ok());
  EXPECT_EQ(Results(), "") << "it has nothing to tell";
  EXPECT_EQ(Queue().ReleaseBarrier("none", kNow).error().code(), ENOENT);
  Die(5, "job");
  EXPECT_TRUE(Queue().ReleaseBarrier("jobs", kNow).ok());
  EXPECT_EQ(Released(), "5 request");
  EXPECT_EQ(Results(), "jobs incomplete: 5 request");
  EXPECT_EQ(Queue().NextDeadline(), std::nullopt);
}

TEST_F(HeldQueueBarrierTest, TellsWhatItHasAtTheEnd) {
  spec.barriers = {{.name = "jobs", .count = 5}};
  spec.rules.push_back(RuleFor("other", "*"));
  Die(5);
  Die(6, "job");
  Queue().Close(ReleaseReason::kShutdown);
  EXPECT_EQ(Released(), "6 shutdown, 5 shutdown");
  EXPECT_EQ(Results(), "jobs incomplete: 6 shutdown");
}

TEST_F(HeldQueueBarrierTest, WaitsForAllThatLiveAndCouldMatch) {
  spec.barriers = {{.name = "jobs", .all = true}};
  EXPECT_FALSE(Queue().WantsLiving()) << "it has no member";
  Die(5, "job");
  ASSERT_TRUE(Queue().WantsLiving());
  Queue().OnLiving(std::vector{Living(1, "init"), Living(6, "late"), Living(7, "job")}, kNow);
  EXPECT_FALSE(Queue().WantsLiving()) << "6 lives";
  Die(7, "job");
  EXPECT_FALSE(Queue().WantsLiving()) << "6 still lives";
  Die(6, "late");
  ASSERT_TRUE(Queue().WantsLiving());
  Queue().OnLiving(std::vector{Living(1, "init"), Living(6, "late")}, kNow);
  EXPECT_EQ(Released(), "5 barrier, 7 barrier, 6 barrier") << "6 is listed, but dead and held";
  EXPECT_EQ(Results(), "jobs complete: 5 barrier 7 barrier 6 barrier");
  EXPECT_FALSE(Queue().WantsLiving());
}

TEST_F(HeldQueueBarrierTest, LooksAgainWhenTheOneItWaitedForIsGoneUnheld) {
  spec.barriers = {{.name = "jobs", .all = true}};
  spec.rules[0].match.exit_codes = {{1, 255}};
  Die(5, "job");
  Queue().OnLiving(std::vector{Living(6, "job"), Living(7, "job")}, kNow);
  model::DeathRecord success = Record(6, "job");
  success.end = model::ExitStatus::Exited(0);
  EXPECT_FALSE(Die(std::move(success))) << "it could have matched, but did not";
  ASSERT_TRUE(Queue().WantsLiving());
  Queue().OnLiving(std::vector{Living(7, "job")}, kNow);
  EXPECT_FALSE(Queue().WantsLiving());
  Queue().Forget(7);
  ASSERT_TRUE(Queue().WantsLiving()) << "reaped, and nobody asked";
  Queue().OnLiving({}, kNow);
  EXPECT_EQ(Results(), "jobs complete: 5 barrier");
}

TEST_F(HeldQueueBarrierTest, LooksAgainWhenItsRuleIsRemoved) {
  spec.barriers = {{.name = "jobs", .all = true}};
  Die(5, "job");
  Queue().OnLiving(std::vector{Living(6, "job")}, kNow);
  EXPECT_TRUE(Queue().RemoveRule("batch").ok());
  ASSERT_TRUE(Queue().WantsLiving());
  Queue().OnLiving(std::vector{Living(6, "job")}, kNow);
  EXPECT_EQ(Released(), "5 barrier");
}

TEST_F(HeldQueueBarrierTest, ABarrierThatNobodyDescribedWaitsForARequestOrTheLimits) {
  EXPECT_TRUE(Die(5, "job"));
  EXPECT_EQ(Queue().NextDeadline(), kNow + kMaxTime);
  EXPECT_FALSE(Queue().WantsLiving());
  EXPECT_TRUE(Queue().ReleaseBarrier("jobs", kNow).ok());
  EXPECT_EQ(Released(), "5 request");
}

TEST_F(HeldQueueTest, ShowsItsBarriersAndWhomARuleHolds) {
  spec.rules = {RuleFor("all", "other"), BarrierRule("batch", "job", "jobs")};
  spec.barriers = {{.name = "jobs", .count = 3, .timeout_us = 10 * kSecond}};
  ASSERT_EQ(Queue().Barriers().size(), 1U);
  EXPECT_EQ(Queue().Barriers()[0].barrier.name, "jobs");
  EXPECT_EQ(Queue().Barriers()[0].deadline_us, std::nullopt);
  EXPECT_TRUE(Die(5, "job"));
  EXPECT_TRUE(Die(6, "job"));
  EXPECT_EQ(Queue().Barriers()[0].dead, 2U);
  EXPECT_EQ(Queue().Barriers()[0].deadline_us, kNow + 10 * kSecond);
  EXPECT_EQ(Queue().HeldByRule(0), 0U);
  EXPECT_EQ(Queue().HeldByRule(1), 2U);
}

}  // namespace
}  // namespace reaperd::reap
