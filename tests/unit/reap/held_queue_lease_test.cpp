// HeldQueue: leases, alone and together with rules.
#include <cerrno>
#include <limits>

#include "hold_fixture.h"

namespace reaperd::reap {
namespace {

TEST_F(HeldQueueTest, ALeaseHoldsALivingProcessFromItsDeath) {
  const auto leased = Lease(5, 10 * kSecond);
  ASSERT_TRUE(leased.ok());
  EXPECT_FALSE(leased->held);
  EXPECT_TRUE(Queue().MayHold());
  EXPECT_EQ(Queue().NextDeadline(), std::nullopt) << "while it lives it costs nothing";

  const Micros died = kNow + 3600 * kSecond;
  EXPECT_TRUE(Die(5, "worker", died));
  EXPECT_FALSE(Die(6, "worker", died));
  EXPECT_EQ(Queue().Find(5)->rule, "lease");
  EXPECT_EQ(Queue().Find(5)->until_us, died + 10 * kSecond);
  EXPECT_FALSE(Queue().MayHold()) << "nobody else can match";
  Queue().OnTime(died + 10 * kSecond);
  EXPECT_EQ(Released(), "5 lease-end");
  EXPECT_EQ(Queue().lease_count(), 0U);
}

TEST_F(HeldQueueTest, ALeaseEndsWhenItsProcessIsReapedAllTheSame) {
  EXPECT_TRUE(Lease(5, 10 * kSecond).ok());
  Queue().Forget(5);
  EXPECT_FALSE(Queue().MayHold());
  EXPECT_FALSE(Die(5));
}

TEST_F(HeldQueueTest, ALeaseIsOfAProcessNotOfANumber) {
  EXPECT_TRUE(Lease(5, 10 * kSecond).ok());
  model::DeathRecord other = Record(5);
  other.id = "i99";
  EXPECT_FALSE(Die(std::move(other)));
  EXPECT_EQ(Queue().lease_count(), 0U) << "the one that it meant is gone";

  spec.rules = {RuleFor("all", "*")};
  EXPECT_TRUE(Lease(6, 10 * kSecond).ok());
  model::DeathRecord unknown = Record(6);
  unknown.id.clear();
  EXPECT_TRUE(Die(std::move(unknown))) << "not known is no difference";
}

TEST_F(HeldQueueTest, ALeaseWithoutATimeLastsAsLongAsTheLimitsAllow) {
  EXPECT_TRUE(Lease(5, std::nullopt).ok());
  EXPECT_TRUE(Lease(6, std::numeric_limits<Micros>::max()).ok());
  Die(5);
  Die(6);
  EXPECT_EQ(Queue().Find(5)->until_us, std::nullopt);
  EXPECT_EQ(Queue().Find(6)->until_us, kNow + kMaxTime);
  EXPECT_EQ(Queue().NextDeadline(), kNow + kMaxTime);
  Queue().OnTime(kNow + kMaxTime);
  EXPECT_EQ(Released(), "5 lease-end, 6 lease-end");
}

TEST_F(HeldQueueTest, ALeaseExtendsAHold) {
  spec.rules = {TimedRule("crashes", "worker", 10 * kSecond)};
  Die(5);
  const auto leased = Lease(5, 30 * kSecond, kNow + 5 * kSecond);
  ASSERT_TRUE(leased.ok());
  EXPECT_TRUE(leased->held);
  EXPECT_EQ(leased->until_us, kNow + 35 * kSecond);
  Queue().OnTime(kNow + 10 * kSecond);
  EXPECT_EQ(Released(), "");
  EXPECT_EQ(Queue().Find(5)->rule, "lease") << "the rule has let it go";
  Queue().OnTime(kNow + 35 * kSecond);
  EXPECT_EQ(Released(), "5 lease-end");
}

TEST_F(HeldQueueTest, ALeaseMakesNoHoldShorter) {
  spec.rules = {TimedRule("crashes", "worker", 10 * kSecond), RuleFor("asked", "b")};
  Die(5);
  Die(6, "b");
  EXPECT_EQ(Lease(5, kSecond)->until_us, kNow + 10 * kSecond);
  EXPECT_EQ(Lease(6, kSecond)->until_us, std::nullopt);
  Queue().OnTime(kNow + 9 * kSecond);
  EXPECT_EQ(HeldPids(), "5 6");
  Queue().OnTime(kNow + 10 * kSecond);
  EXPECT_EQ(Released(), "5 timeout");
}

TEST_F(HeldQueueTest, ALeaseDoesNotOutlastTheLimits) {
  spec.rules = {TimedRule("crashes", "worker", 10 * kSecond)};
  Die(5);
  EXPECT_EQ(Lease(5, kMaxTime, kNow + 5 * kSecond)->until_us, kNow + kMaxTime);
}

TEST_F(HeldQueueTest, AskingAgainOnlyMakesALeaseLonger) {
  EXPECT_TRUE(Lease(5, 20 * kSecond).ok());
  EXPECT_TRUE(Lease(5, 10 * kSecond, kNow, 1, true).ok());
  EXPECT_EQ(Queue().lease_count(), 1U);
  Queue().OnDisconnect(1, kNow);
  Die(5);
  EXPECT_EQ(Queue().Find(5)->until_us, kNow + 20 * kSecond);
  EXPECT_EQ(Lease(5, 10 * kSecond, kNow + 15 * kSecond)->until_us, kNow + 25 * kSecond);
}

TEST_F(HeldQueueTest, TheLastOfSeveralLeasesEndsTheHold) {
  EXPECT_TRUE(Lease(5, 10 * kSecond, kNow, 1).ok());
  EXPECT_TRUE(Lease(5, 30 * kSecond, kNow, 2, true).ok());
  Die(5);
  EXPECT_EQ(Queue().Find(5)->until_us, kNow + 30 * kSecond);
  Queue().OnDisconnect(2, kNow + kSecond);
  EXPECT_EQ(Queue().Find(5)->until_us, kNow + 10 * kSecond);
  EXPECT_EQ(Queue().NextDeadline(), kNow + 10 * kSecond);
}

TEST_F(HeldQueueTest, ADisconnectEndsTheLeasesThatAreTiedToIt) {
  spec.rules = {RuleFor("asked", "b")};
  EXPECT_TRUE(Lease(5, std::nullopt, kNow, 1, true).ok());
  EXPECT_TRUE(Lease(6, std::nullopt, kNow, 1, true).ok());
  EXPECT_TRUE(Lease(7, std::nullopt, kNow, 2, true).ok());
  EXPECT_TRUE(Lease(8, std::nullopt, kNow, 1).ok());
  EXPECT_TRUE(Lease(9, std::nullopt, kNow, 1, true).ok());
  for (const auto& [pid, comm] : {std::pair{5, "a"}, {6, "b"}, {7, "a"}, {8, "a"}})
    Die(pid, comm);
  Queue().OnDisconnect(1, kNow);
  EXPECT_EQ(Released(), "5 lease-end") << "6 is held by a rule, 9 lives";
  EXPECT_EQ(HeldPids(), "6 7 8");
  EXPECT_FALSE(Die(9));
}

TEST_F(HeldQueueTest, ALeaseHoldsOnWhatABarrierOrKeepLetsGo) {
  spec.rules = {BarrierRule("batch", "job", "jobs"), RuleFor("crashes", "worker")};
  spec.rules[1].keep = 1;
  spec.barriers = {{.name = "jobs", .count = 2}};
  EXPECT_TRUE(Lease(5, 60 * kSecond).ok());
  EXPECT_TRUE(Lease(7, 60 * kSecond).ok());
  Die(5, "job");
  Die(6, "job");
  EXPECT_EQ(Results(), "jobs complete: 5 barrier 6 barrier");
  Die(7);
  Die(8);
  EXPECT_EQ(Released(), "6 barrier");
  EXPECT_EQ(HeldPids(), "5 7 8");
  EXPECT_EQ(Queue().Find(5)->rule, "lease");
  EXPECT_EQ(Queue().Find(5)->barrier, "");
  EXPECT_EQ(Queue().Find(5)->until_us, kNow + 60 * kSecond);
  EXPECT_EQ(Queue().Find(7)->rule, "lease");
  Die(9);
  EXPECT_EQ(Released(), "8 keep") << "7 does not count any more";
}

TEST_F(HeldQueueTest, BudgetPressureRequestAndEndKnowNoLease) {
  spec.limits.max_held = 4;
  for (pid_t pid = 5; pid < 10; ++pid) {
    EXPECT_TRUE(Lease(pid, 60 * kSecond).ok());
    Die(pid);
  }
  EXPECT_EQ(Released(), "5 budget");
  Queue().OnPressure();
  EXPECT_TRUE(Queue().Release(8, "i8").ok());
  Queue().Close(ReleaseReason::kShutdown);
  EXPECT_EQ(Released(), "6 pressure, 7 pressure, 8 request, 9 shutdown");
}

TEST_F(HeldQueueTest, ReleasesWhatLeasesAloneHoldByTheirName) {
  spec.rules = {TimedRule("short", "b", kSecond)};
  for (const auto& [pid, comm] : {std::pair{5, "b"}, {6, "a"}, {7, "b"}}) {
    EXPECT_TRUE(Lease(pid, 60 * kSecond).ok());
    Die(pid, comm, kNow + pid);
  }
  Queue().OnTime(kNow + kSecond + 5);  // 5 joins the leased after 6
  EXPECT_TRUE(Queue().ReleaseRule("lease", kNow).ok());
  EXPECT_EQ(Released(), "5 request, 6 request") << "oldest first; 7 is held by its rule";
}

TEST_F(HeldQueueTest, ALeaseOnALivingProcessCanBeGivenBack) {
  EXPECT_TRUE(Lease(5, 60 * kSecond).ok());
  EXPECT_FALSE(Queue().Release(5, "i6").ok());
  EXPECT_TRUE(Queue().Release(5, "i5").ok());
  EXPECT_FALSE(Die(5));
  EXPECT_EQ(Released(), "");
}

TEST_F(HeldQueueTest, RefusesLeasesThatCannotBeKept) {
  EXPECT_EQ(Lease(5, 0).error().code(), EINVAL);
  EXPECT_EQ(Lease(5, -kSecond).error().code(), EINVAL);
  EXPECT_TRUE(Lease(5, kSecond).ok());
  Die(5);
  EXPECT_EQ(Queue().Hold({.pid = 5, .id = "i6"}, kNow).error().code(), ESRCH);
  for (pid_t pid = 10; Queue().lease_count() < Leases::kMax; ++pid)
    EXPECT_TRUE(Lease(pid, kSecond).ok());
  EXPECT_EQ(Lease(9, kSecond).error().code(), ENOSPC);
  EXPECT_TRUE(Lease(10, 2 * kSecond).ok()) << "that one is there already";
  Queue().SetSurroundings({.process_limit = 4, .own_processes = 1});
  EXPECT_EQ(Lease(10, 3 * kSecond).error().code(), ENOSPC);
}

TEST_F(HeldQueueTest, TellsWhoHasALease) {
  EXPECT_FALSE(Queue().HasLease(5));
  EXPECT_TRUE(Lease(5, 10 * kSecond).ok());
  EXPECT_TRUE(Queue().HasLease(5));
  EXPECT_FALSE(Queue().HasLease(6));
  EXPECT_TRUE(Die(5));
  EXPECT_TRUE(Queue().HasLease(5)) << "until it is released";
  Queue().ReleaseAll(ReleaseReason::kRequest);
  EXPECT_FALSE(Queue().HasLease(5));
}

}  // namespace
}  // namespace reaperd::reap
