// reap::Plan, answer by answer: looking before reaping, holding, what the kernel lacks, errors.
#include <gtest/gtest.h>

#include <vector>

#include "model_kernel/plan_fixture.h"

namespace reaperd::reap {
namespace {

// --- looking, deciding, holding

TEST_F(PlanTest, WhatMayBeHeldIsLookedAtFirstAndReapedAtOnceAfterTheDecision) {
  Use(Holding());
  SweepNothing();
  plan_.OnHint(7);
  plan_.OnHint(8);
  Look(Peek(8), Outcome::kDead);
  plan_.OnDecided(8, Decision::kReap);
  Look(ReapSeen(8), Outcome::kDead);
  Look(Peek(7), Outcome::kNothing);
}

TEST_F(PlanTest, PeekFirstLooksFirstThoughNothingIsHeld) {
  Use({.peek_first = true});
  SweepNothing();
  plan_.OnHint(7);
  EXPECT_EQ(Next(), Peek(7));
}

TEST_F(PlanTest, PeekFirstSweepsByPAllAndDecidesBeforeTheNext) {
  Use({.peek_first = true, .can_list = false});
  Look(PeekAny(), Outcome::kDead, 0, 7);
  plan_.OnDecided(7, Decision::kReap);
  plan_.SetPeekFirst(false);
  Look(ReapSeen(7), Outcome::kDead);
  Walk(Outcome::kDead, 8, 0);
  plan_.SetPeekFirst(true);
  Look(PeekAny(), Outcome::kNothing);
  EXPECT_EQ(Next(), Rest());
}

TEST_F(PlanTest, WhatCannotBeReapedByPidMayBeReapedByPAllButIsNotLookedAtAgain) {
  Use({.peek_first = true});
  Look(PeekAny(), Outcome::kDead, 0, 7);
  plan_.OnDecided(7, Decision::kReap);
  Look(ReapSeen(7), Outcome::kError);
  EXPECT_TRUE(plan_.WasSeen(7));
  Walk(Outcome::kDead, 7, 0);
  EXPECT_FALSE(plan_.WasSeen(7));
  Look(PeekAny(), Outcome::kNothing);
  EXPECT_EQ(Next(), Rest());
}

TEST_F(PlanTest, AHeldPidIsSkippedUntilItsRelease) {
  Use(Holding());
  Hold(7);
  EXPECT_TRUE(plan_.IsHeld(7));
  plan_.OnHint(7);  // a record that was late
  List({6, 7, 8});
  Look(Peek(8), Outcome::kNothing);
  Look(Peek(6), Outcome::kNothing);
  EXPECT_EQ(Next(), Rest());

  plan_.OnRelease(7);
  EXPECT_FALSE(plan_.IsHeld(7));
  Look(ReapSeen(7), Outcome::kDead);
  List({6, 8});
}

TEST_F(PlanTest, ReleasingTwiceOrWhatIsNotHeldReapsNothingMore) {
  Use(Holding());
  Hold(7);
  SweepNothing();
  plan_.OnRelease(7);
  plan_.OnRelease(7);
  plan_.OnRelease(5);
  Look(ReapSeen(7), Outcome::kDead);
  List({});
  EXPECT_EQ(Next(), Rest());
}

TEST_F(PlanTest, ADecisionMayReleaseAnother) {
  Use(Holding());
  Hold(7);
  plan_.OnHint(8);
  Look(Peek(8), Outcome::kDead);
  plan_.OnRelease(7);  // "keep 1"
  plan_.OnDecided(8, Decision::kHold);
  Look(ReapSeen(7), Outcome::kDead);
  EXPECT_TRUE(plan_.IsHeld(8));
  EXPECT_EQ(plan_.held_count(), 1U);
}

// --- what the kernel offers, and switches

TEST_F(PlanTest, WhereNothingCanBeLookedAtNothingCanBeHeldAndPAllIsUsed) {
  Use({.may_hold = true, .can_peek = false});
  EXPECT_EQ(Next(), ReapAny());
  Use({.may_hold = true, .can_list = false});
  EXPECT_EQ(Next(), ReapAny());
  Use({.peek_first = true, .can_peek = false});
  EXPECT_EQ(Next(), ReapAny());
}

TEST_F(PlanTest, SwitchingToHoldScansAndSwitchingBackScansUntilNothingIsHeld) {
  SweepNothing();
  plan_.SetLimits(Holding());
  List({7});
  Look(Peek(7), Outcome::kDead);
  plan_.OnDecided(7, Decision::kHold);
  List({7});
  EXPECT_EQ(Next(), Rest());

  plan_.SetLimits({});
  List({7, 8});
  Look(Reap(8), Outcome::kNothing);
  EXPECT_EQ(Next(), Rest());

  plan_.OnRelease(7);
  Look(ReapSeen(7), Outcome::kDead);
  EXPECT_EQ(Next(), ReapAny());
}

TEST_F(PlanTest, AListThatFailsReleasesAllAndReapsByPAll) {
  Use(Holding());
  Hold(7);
  Hold(8);
  for (int failed = 1; failed < 3; ++failed) {
    ASSERT_EQ(Next(), FirstList());
    plan_.OnListFailed(now_us_);
    EXPECT_EQ(plan_.held_count(), 2U) << "it may have been want of memory";
    EXPECT_EQ(Next(), RestUntil(now_us_ + 10'000));
    now_us_ += 10'000;
  }
  ASSERT_EQ(Next(), FirstList());
  plan_.OnListFailed(now_us_);
  EXPECT_EQ(plan_.held_count(), 0U);
  EXPECT_FALSE(plan_.limits().can_list);
  EXPECT_FALSE(plan_.CanHold(now_us_));
  Action first = Next();
  EXPECT_TRUE(first == ReapSeen(7) || first == ReapSeen(8));
  Look(first, Outcome::kDead);
  Look(ReapSeen(first.pid == 7 ? 8 : 7), Outcome::kDead);
  Walk(Outcome::kNothing, 0, 0);
  EXPECT_EQ(Next(), Rest());

  now_us_ += kSecond;
  EXPECT_TRUE(plan_.CanHold(now_us_));
  plan_.OnHint(9);
  Look(Peek(9), Outcome::kNothing);
  List({9});
  EXPECT_TRUE(plan_.limits().can_list) << "given up for a while, not for ever";
}

TEST_F(PlanTest, AfterAListThatFailedReapingGoesOnAtOnceWhateverWasPausedFor) {
  Use(Holding());
  for (int failed = 1; failed < 3; ++failed) {
    ASSERT_EQ(Next(), FirstList());
    plan_.OnListFailed(now_us_);
    now_us_ += 10'000;
  }
  ASSERT_EQ(Next(), FirstList());
  plan_.OnListed(std::vector<pid_t>{3}, true, 0);
  plan_.OnHint(9);
  Look(Peek(9), Outcome::kError);
  ASSERT_EQ(Next(), NextList());
  plan_.OnListFailed(now_us_);
  EXPECT_EQ(Next(), ReapAny());
}

TEST_F(PlanTest, LimitsWithoutAListReleaseAll) {
  Use(Holding());
  Hold(7);
  plan_.SetLimits({.may_hold = true, .can_list = false});
  Look(ReapSeen(7), Outcome::kDead);
  EXPECT_EQ(Next(), ReapAny());
}

TEST_F(PlanTest, AHoldDecidedAfterTheListWasLostIsAReap) {
  Use(Holding());
  SweepNothing();
  plan_.OnHint(7);
  Look(Peek(7), Outcome::kDead);
  plan_.SetLimits({.can_list = false});
  plan_.OnDecided(7, Decision::kHold);
  EXPECT_EQ(Next(), ReapSeen(7));
}

// --- errors

TEST_F(PlanTest, AProbeThatFailsIsTriedAgainLater) {
  Walk(Outcome::kError, 0, 1);
  EXPECT_EQ(Next(), RestUntil(now_us_ + 10'000));
  now_us_ += 10'000;
  EXPECT_EQ(Next(), ReapAny());
}

TEST_F(PlanTest, ALookThatFailsIsLeftToALaterSweep) {
  SweepNothing();
  plan_.OnHint(7);
  Look(Reap(7), Outcome::kError);
  EXPECT_EQ(Next(), RestUntil(now_us_ + 10'000));
}

TEST_F(PlanTest, AnErrorDuringAScanPausesThoughTheScanWasCheap) {
  Use(Holding());
  List({3, 4});
  Look(Peek(4), Outcome::kError);
  Look(Peek(3), Outcome::kNothing);
  EXPECT_EQ(Next(), RestUntil(now_us_ + 10'000));
  now_us_ += 10'000;
  EXPECT_EQ(Next(), FirstList());
}

TEST_F(PlanTest, AReapThatFailsIsTriedAgainWithoutASecondLook) {
  Use(Holding());
  SweepNothing();
  plan_.OnHint(7);
  Look(Peek(7), Outcome::kDead);
  plan_.OnDecided(7, Decision::kReap);
  Look(ReapSeen(7), Outcome::kError);
  plan_.OnHint(7);
  List({7});
  EXPECT_EQ(Next(), RestUntil(now_us_ + 10'000));
  now_us_ += 10'000;
  Look(ReapSeen(7), Outcome::kDead);
  List({});
  EXPECT_EQ(Next(), Rest());
}

TEST_F(PlanTest, AReleaseWhoseReapFailsStandsBackForTheOthers) {
  Use(Holding());
  Hold(7);
  Hold(8);
  SweepNothing();
  plan_.OnRelease(7);
  plan_.OnRelease(8);
  Look(ReapSeen(8), Outcome::kError);
  now_us_ += 10'000;
  Look(ReapSeen(7), Outcome::kDead);
  Look(ReapSeen(8), Outcome::kDead);
}

}  // namespace
}  // namespace reaperd::reap
