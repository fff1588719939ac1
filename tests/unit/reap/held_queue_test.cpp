// HeldQueue: rules, time, budget, requests, the end. Leases, barriers and what outlives an exec are
// in tests of their own.
#include "reap/held_queue.h"

#include <cerrno>
#include <limits>

#include "hold_fixture.h"

namespace reaperd::reap {
namespace {

TEST_F(HeldQueueTest, HoldsWhatARuleMatches) {
  spec.rules = {RuleFor("crashes", "worker")};
  EXPECT_TRUE(Die(5));
  EXPECT_FALSE(Die(6, "other"));
  ASSERT_NE(Queue().Find(5), nullptr);
  EXPECT_EQ(Queue().Find(5)->rule, "crashes");
  EXPECT_EQ(Queue().Find(5)->since_us, kNow);
  EXPECT_EQ(Queue().Find(5)->until_us, std::nullopt);
  EXPECT_EQ(Queue().Find(6), nullptr);
  EXPECT_EQ(Queue().counters().held, 1U);
  EXPECT_EQ(Released(), "");
}

TEST_F(HeldQueueTest, MayHoldOnlyWhenSomethingCouldMatch) {
  EXPECT_FALSE(Queue().MayHold());
  ASSERT_TRUE(Queue().AddRule(RuleFor("crashes", "worker")).ok());
  EXPECT_TRUE(Queue().MayHold());
  ASSERT_TRUE(Queue().RemoveRule("crashes").ok());
  EXPECT_FALSE(Queue().MayHold());
}

TEST_F(HeldQueueTest, ReleasesWhenItsTimeIsOver) {
  spec.rules = {TimedRule("long", "a", 20 * kSecond), TimedRule("short", "b", 10 * kSecond)};
  Die(5, "a");
  Die(6, "b");
  Die(7, "b", kNow + 1);
  EXPECT_EQ(Queue().Find(5)->until_us, kNow + 20 * kSecond);
  EXPECT_EQ(Queue().NextDeadline(), kNow + 10 * kSecond);
  Queue().OnTime(kNow + 10 * kSecond - 1);
  EXPECT_EQ(Released(), "");
  Queue().OnTime(kNow + 10 * kSecond);
  EXPECT_EQ(Released(), "6 timeout");
  Queue().OnTime(kNow + 30 * kSecond);
  EXPECT_EQ(Released(), "7 timeout, 5 timeout") << "in the order in which they were due";
  EXPECT_EQ(Queue().NextDeadline(), std::nullopt);
}

TEST_F(HeldQueueTest, HoldsNobodyLongerThanTheLimits) {
  spec.limits.max_time_us = 30 * kSecond;
  spec.rules = {TimedRule("time", "a", 60 * kSecond), RuleFor("asked", "b"),
                RuleFor("replaced", "c", HoldEnd::kReplaced), BarrierRule("all", "d", "jobs"),
                RuleFor("default", "e", HoldEnd::kTime)};
  spec.barriers = {{.name = "jobs", .timeout_us = 60 * kSecond}};
  pid_t pid = 5;
  for (const char* comm : {"a", "b", "c", "d", "e"})
    EXPECT_TRUE(Die(pid++, comm));
  EXPECT_EQ(Queue().Find(5)->until_us, kNow + 30 * kSecond);
  Queue().OnTime(kNow + 30 * kSecond - 1);
  EXPECT_EQ(Queue().size(), 5U);
  Queue().OnTime(kNow + 30 * kSecond);
  EXPECT_EQ(Released(), "5 timeout, 6 timeout, 7 timeout, 9 timeout, 8 barrier");
}

TEST_F(HeldQueueTest, ATimeBeyondAllTimeDoesNotOverflow) {
  spec.limits.max_time_us = std::numeric_limits<Micros>::max();
  spec.rules = {TimedRule("time", "a", std::numeric_limits<Micros>::max())};
  EXPECT_TRUE(Die(5, "a"));
  Queue().OnTime(kNow + kMaxTime);
  EXPECT_EQ(HeldPids(), "5");
  EXPECT_GT(Queue().NextDeadline(), kNow);
}

TEST_F(HeldQueueTest, KeepLetsTheOldestOfItsRuleGo) {
  spec.rules = {RuleFor("crashes", "worker"), RuleFor("others", "other")};
  spec.rules[0].keep = 2;
  Die(5, "other");
  Die(6);
  Die(7);
  EXPECT_TRUE(Die(8));
  EXPECT_EQ(Released(), "6 keep");
  EXPECT_EQ(HeldPids(), "5 7 8");
}

TEST_F(HeldQueueTest, AKeepOfNoneHoldsNobodyAndNoLaterRuleDoes) {
  spec.rules = {RuleFor("not", "worker"), RuleFor("all", "*")};
  spec.rules[0].keep = 0;
  EXPECT_FALSE(Die(5));
  EXPECT_TRUE(Die(6, "other"));
}

TEST_F(HeldQueueTest, AFullQueueLetsTheOldestGo) {
  spec.limits.max_held = 2;
  spec.rules = {RuleFor("all", "*")};
  Die(5);
  Die(6);
  EXPECT_TRUE(Die(7));
  EXPECT_EQ(Released(), "5 budget");
  EXPECT_EQ(HeldPids(), "6 7");
}

TEST_F(HeldQueueTest, ACapOfNoneHoldsNobody) {
  spec.limits.max_held = 0;
  spec.rules = {RuleFor("all", "*")};
  EXPECT_FALSE(Die(5));
  EXPECT_EQ(Released(), "");
  EXPECT_EQ(Queue().counters().held, 0U);
}

TEST_F(HeldQueueTest, TheCapIsTheLesserOfItsLimits) {
  struct Case {
    HoldSurroundings around;
    std::optional<std::uint32_t> max_held;
    double share;
    std::size_t cap;
  };
  for (const Case& c : {
           Case{{}, std::nullopt, 0.25, 64},
           Case{{.pid1 = true}, std::nullopt, 0.25, 16},
           Case{{.pid1 = true}, 40, 0.25, 40},
           Case{{.pid1 = true, .process_limit = 30'000}, std::nullopt, 0.25, 16},
           Case{{.pid1 = true, .process_limit = 1000, .pids_max = true}, std::nullopt, 0.25, 64},
           Case{{.process_limit = 100, .own_processes = 5}, std::nullopt, 0.25, 20},
           Case{{.process_limit = 103, .own_processes = 5}, std::nullopt, 0.25, 20},
           Case{{.process_limit = 20, .own_processes = 5}, std::nullopt, 0.25, 0},
           Case{{.process_limit = 20, .own_processes = 9}, std::nullopt, 0.25, 0},
           Case{{.process_limit = 100}, 10, 0.25, 10},
           Case{{.process_limit = 100}, 10, 0, 0},
           Case{{.process_limit = UINT64_MAX, .own_processes = UINT32_MAX},
                UINT32_MAX,
                1,
                UINT32_MAX},
           Case{{.process_limit = 100}, 10, std::numeric_limits<double>::quiet_NaN(), 0},
       }) {
    HoldSpec limited;
    limited.limits.max_held = c.max_held;
    limited.limits.max_share_of_pids = c.share;
    HeldQueue queue(limited);
    queue.SetSurroundings(c.around);
    EXPECT_EQ(queue.cap(), c.cap) << c.around.process_limit.value_or(0);
  }
}

TEST_F(HeldQueueTest, AShrinkingBudgetLetsTheOldestGo) {
  spec.rules = {RuleFor("all", "*")};
  for (pid_t pid = 5; pid < 10; ++pid)
    Die(pid);
  Queue().SetSurroundings({.process_limit = 16, .own_processes = 1});
  EXPECT_EQ(Released(), "5 budget, 6 budget");
  EXPECT_EQ(HeldPids(), "7 8 9");
}

TEST_F(HeldQueueTest, PressureLetsHalfGoOldestFirst) {
  spec.rules = {RuleFor("all", "*")};
  for (pid_t pid = 5; pid < 10; ++pid)
    Die(pid);
  Queue().OnPressure();
  EXPECT_EQ(Released(), "5 pressure, 6 pressure, 7 pressure");
  Queue().OnPressure();
  EXPECT_EQ(Released(), "8 pressure");
  Queue().OnPressure();
  Queue().OnPressure();
  EXPECT_EQ(Released(), "9 pressure");
}

TEST_F(HeldQueueTest, TheSuccessorOfAServiceReleasesItsPredecessor) {
  spec.rules = {RuleFor("pids", "worker", HoldEnd::kReplaced), RuleFor("others", "other")};
  for (const auto& [pid, service, comm] : {std::tuple{5, "web", "worker"},
                                           {6, "db", "worker"},
                                           {7, "web", "other"},
                                           {8, "web", "worker"}}) {
    model::DeathRecord record = Record(pid, comm);
    record.service = service;
    EXPECT_TRUE(Die(std::move(record)));
  }
  Queue().OnReplaced("web", kNow);
  EXPECT_EQ(Released(), "5 replaced, 8 replaced");
  EXPECT_EQ(HeldPids(), "6 7");
}

TEST_F(HeldQueueTest, ReleasesOnRequestByPidAndId) {
  spec.rules = {RuleFor("all", "*")};
  Die(5);
  Die(6);
  EXPECT_EQ(Queue().Release(5, "i77").error().code(), ESRCH) << "a reused number is not meant";
  EXPECT_EQ(Queue().Release(7, "").error().code(), ESRCH);
  EXPECT_TRUE(Queue().Release(5, "i5").ok());
  EXPECT_TRUE(Queue().Release(6, "").ok());
  EXPECT_EQ(Released(), "5 request, 6 request");
  EXPECT_FALSE(Queue().Release(5, "i5").ok()) << "once";
}

TEST_F(HeldQueueTest, ReleasesAllOfARule) {
  spec.rules = {RuleFor("a", "a*"), RuleFor("b", "b*")};
  for (const auto& [pid, comm] : {std::pair{5, "a"}, {6, "b"}, {7, "a"}})
    Die(pid, comm);
  EXPECT_EQ(Queue().ReleaseRule("none", kNow).error().code(), ENOENT);
  EXPECT_TRUE(Queue().ReleaseRule("a", kNow).ok());
  EXPECT_EQ(Released(), "5 request, 7 request");
  EXPECT_TRUE(Queue().ReleaseRule("a", kNow).ok()) << "there is such a rule";
  EXPECT_EQ(Released(), "");
}

TEST_F(HeldQueueTest, ReleasesAllOnRequestAndHoldsOn) {
  spec.rules = {RuleFor("all", "*")};
  Die(5);
  Die(6);
  Queue().ReleaseAll(ReleaseReason::kRequest);
  EXPECT_EQ(Released(), "5 request, 6 request");
  EXPECT_TRUE(Die(7));
}

TEST_F(HeldQueueTest, HoldsNobodyAfterTheEnd) {
  spec.rules = {RuleFor("all", "*")};
  Die(5);
  Die(6);
  EXPECT_TRUE(Lease(7, kSecond).ok());
  Queue().Close(ReleaseReason::kShutdown);
  EXPECT_EQ(Released(), "5 shutdown, 6 shutdown");
  EXPECT_FALSE(Queue().MayHold());
  EXPECT_FALSE(Die(7));
  EXPECT_EQ(Lease(8, kSecond).error().code(), ESHUTDOWN);
  EXPECT_EQ(Queue().size(), 0U);
  EXPECT_EQ(Queue().lease_count(), 0U);
  EXPECT_EQ(Queue().NextDeadline(), std::nullopt);
}

TEST_F(HeldQueueTest, AReapThatItDidNotOrderIsTakenNoteOf) {
  spec.rules = {RuleFor("all", "*")};
  Die(5);
  Queue().Forget(5);
  Queue().Forget(6);
  EXPECT_EQ(Released(), "5 budget");
  EXPECT_EQ(Queue().size(), 0U);
}

TEST_F(HeldQueueTest, ADeathThatIsHeldAlreadyStaysAsItIs) {
  spec.rules = {RuleFor("all", "*")};
  EXPECT_TRUE(Die(5));
  EXPECT_TRUE(Die(5, "other", kNow + 1));
  EXPECT_EQ(Queue().counters().held, 1U);
  EXPECT_EQ(Queue().Find(5)->since_us, kNow);
}

TEST_F(HeldQueueTest, ARuleThatIsAddedIsTheLast) {
  spec.rules = {RuleFor("a", "a*")};
  EXPECT_TRUE(Queue().AddRule(RuleFor("all", "*")).ok());
  Die(5, "a");
  Die(6, "b");
  EXPECT_EQ(Queue().Find(5)->rule, "a");
  EXPECT_EQ(Queue().Find(6)->rule, "all");
  EXPECT_EQ(Queue().AddRule(RuleFor("all", "*")).error().code(), EEXIST);
  EXPECT_EQ(Queue().AddRule(RuleFor("", "*")).error().code(), EINVAL);
  EXPECT_EQ(Queue().AddRule(RuleFor("lease", "*")).error().code(), EINVAL);
  EXPECT_EQ(Queue().AddRule(BarrierRule("b", "*", "none")).error().code(), ENOENT);
  EXPECT_EQ(Queue().rules().size(), 2U);
}

TEST_F(HeldQueueTest, WhatARemovedRuleHoldsStaysUntilItsEnd) {
  spec.rules = {TimedRule("crashes", "worker", 10 * kSecond)};
  spec.rules[0].keep = 1;
  Die(5);
  EXPECT_TRUE(Queue().RemoveRule("crashes").ok());
  EXPECT_EQ(Queue().RemoveRule("crashes").error().code(), ENOENT);
  EXPECT_FALSE(Die(6));
  EXPECT_EQ(HeldPids(), "5");

  EXPECT_TRUE(Queue().AddRule(TimedRule("crashes", "worker", 60 * kSecond)).ok());
  Die(7);
  Queue().OnTime(kNow + 10 * kSecond);
  EXPECT_EQ(Released(), "5 timeout");
  EXPECT_EQ(HeldPids(), "7") << "by the new rule of that name";
}

TEST_F(HeldQueueTest, ReleasesAlsoWhatARemovedRuleHolds) {
  spec.rules = {RuleFor("crashes", "worker")};
  Die(5);
  EXPECT_TRUE(Queue().RemoveRule("crashes").ok());
  EXPECT_TRUE(Queue().ReleaseRule("crashes", kNow).ok());
  EXPECT_EQ(Released(), "5 request");
  EXPECT_EQ(Queue().ReleaseRule("crashes", kNow).error().code(), ENOENT) << "nothing is left of it";
}

TEST_F(HeldQueueTest, CountsWhyTheyWereReleased) {
  spec.limits.max_held = 2;
  spec.rules = {RuleFor("all", "*")};
  for (pid_t pid = 5; pid < 9; ++pid)
    Die(pid);
  EXPECT_TRUE(Queue().Release(8, "").ok());
  const model::HoldCounters& counters = Queue().counters();
  EXPECT_EQ(counters.held, 4U);
  EXPECT_EQ(counters.released[static_cast<std::size_t>(ReleaseReason::kBudget)], 2U);
  EXPECT_EQ(counters.released[static_cast<std::size_t>(ReleaseReason::kRequest)], 1U);
  EXPECT_EQ(counters.released[static_cast<std::size_t>(ReleaseReason::kTimeout)], 0U);
}

}  // namespace
}  // namespace reaperd::reap
