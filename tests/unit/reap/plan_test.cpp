// reap::Plan, answer by answer: hints, probes, scans, and how they are paced.
#include <gtest/gtest.h>

#include <vector>

#include "model_kernel/plan_fixture.h"

namespace reaperd::reap {
namespace {

// --- hints and the probe

TEST_F(PlanTest, ANewPlanLooksOnceForWhatDiedBeforeAndThenRests) {
  Walk(Outcome::kNothing, 0, 1);
  EXPECT_EQ(Next(), Rest());
  EXPECT_FALSE(plan_.sweep_due());
}

TEST_F(PlanTest, AHintIsTriedBeforeTheProbeAndTheProbeFollows) {
  SweepNothing();
  plan_.OnHint(7);
  Look(Reap(7), Outcome::kDead);
  Walk(Outcome::kDead, 9, 5);
  Walk(Outcome::kNothing, 0, 1);
  EXPECT_EQ(Next(), Rest());
}

TEST_F(PlanTest, AStaleHintCostsOneCall) {
  SweepNothing();
  for (const Outcome outcome : {Outcome::kNoChild, Outcome::kNothing, Outcome::kStopped}) {
    plan_.OnHint(7);
    Look(Reap(7), outcome);
    SweepNothing();
  }
}

TEST_F(PlanTest, AnUnknownPidAsksForASweepOnly) {
  SweepNothing();
  plan_.OnHint(0);
  EXPECT_EQ(Next(), ReapAny());
  plan_.OnHint(-1);
  EXPECT_EQ(Next(), ReapAny());
}

TEST_F(PlanTest, TooManyHintsAreLeftToTheSweep) {
  SweepNothing();
  for (pid_t pid = 100; pid < 300; ++pid)
    plan_.OnHint(pid);
  int looks = 0;
  while (Next().kind == Kind::kReap) {
    Answer(Next(), Outcome::kNothing);
    ++looks;
  }
  EXPECT_EQ(looks, 64);
  EXPECT_EQ(Next(), ReapAny());
}

TEST_F(PlanTest, ADeathToldTwiceIsLookedAtOnce) {
  SweepNothing();
  plan_.OnHint(7);  // by its pidfd
  plan_.OnHint(7);  // by SIGCHLD
  Look(Reap(7), Outcome::kDead);
  EXPECT_EQ(Next(), ReapAny());
}

TEST_F(PlanTest, ANumberThatIsUsedAgainIsLookedAtAgain) {
  SweepNothing();
  plan_.OnHint(7);
  Look(Reap(7), Outcome::kDead);
  SweepNothing();
  plan_.OnHint(7);
  Look(Reap(7), Outcome::kDead);
}

TEST_F(PlanTest, NoChildEndsTheSweepWithoutAPause) {
  Walk(Outcome::kNoChild, 0, 1000);
  EXPECT_EQ(Next(), Rest());
  plan_.OnHint(0);
  EXPECT_EQ(Next(), ReapAny());
}

// --- pauses

struct WalkPause {
  Micros cost_us;
  Micros pause_us;
};

class WalkPauseTest : public PlanTest, public ::testing::WithParamInterface<WalkPause> {};

TEST_P(WalkPauseTest, FollowsAFruitlessProbe) {
  WalkUntilBelieved(GetParam().cost_us);
  EXPECT_EQ(Next(), Rest()) << "nothing is due";
  plan_.OnHint(0);
  if (GetParam().pause_us > 0) {
    EXPECT_EQ(Next(), RestUntil(now_us_ + GetParam().pause_us));
    now_us_ += GetParam().pause_us - 1;
    EXPECT_EQ(Next(), RestUntil(now_us_ + 1));
    ++now_us_;
  }
  EXPECT_EQ(Next(), ReapAny());
}

INSTANTIATE_TEST_SUITE_P(Costs, WalkPauseTest,
                         ::testing::Values(WalkPause{0, 0}, WalkPause{1, 0}, WalkPause{2, 200},
                                           WalkPause{30, 3000}, WalkPause{700, 70'000},
                                           WalkPause{5000, 500'000}, WalkPause{60'000, 500'000}));

TEST_F(PlanTest, WhatReapedSomethingIsNoCost) {
  Walk(Outcome::kDead, 7, 25);
  Walk(Outcome::kDead, 8, 25);
  Walk(Outcome::kNothing, 0, 0);
  plan_.OnHint(0);
  EXPECT_EQ(Next(), ReapAny());
}

TEST_F(PlanTest, AWalkThatWasPreemptedIsNoDearWalk) {
  Walk(Outcome::kNothing, 0, 2);
  now_us_ += kSecond;
  plan_.OnHint(0);
  Walk(Outcome::kNothing, 0, 8000);
  plan_.OnHint(0);
  EXPECT_EQ(Next(), RestUntil(now_us_ + 3000)) << "half a second, if it had been believed";
  now_us_ += kSecond;
  Walk(Outcome::kNothing, 0, 2);
  plan_.OnHint(0);
  EXPECT_EQ(Next(), RestUntil(now_us_ + 200)) << "nothing is left of that";
}

TEST_F(PlanTest, HintsDoNotWaitForThePause) {
  WalkUntilBelieved(1000);
  plan_.OnHint(7);
  Look(Reap(7), Outcome::kDead);
  EXPECT_EQ(Next(), RestUntil(now_us_ + 100'000));
}

// --- from walk to scan and back

TEST_F(PlanTest, WalksUpToTheLimitAreFollowedByWalks) {
  for (pid_t pid = 2; pid < 50; ++pid)
    Walk(Outcome::kDead, pid, dear_us() - 1);
  EXPECT_EQ(Next(), ReapAny());
}

TEST_F(PlanTest, DearWalksInARowThatEachFoundSomethingMakeRoomForAScan) {
  DearWalks(1);
  Walk(Outcome::kStopped, 8, dear_us());
  EXPECT_EQ(Next(), FirstList());
}

TEST_F(PlanTest, ACheapWalkBetweenBreaksTheRow) {
  DearWalks(1);
  Walk(Outcome::kDead, 9, dear_us() - 1);
  DearWalks(1);
  EXPECT_EQ(Next(), ReapAny());
}

TEST_F(PlanTest, AFruitlessWalkBreaksTheRowAndOnlyPauses) {
  DearWalks(1);
  Walk(Outcome::kNothing, 0, dear_us());
  EXPECT_EQ(Next(), Rest());
  plan_.OnHint(0);
  now_us_ += kSecond;
  DearWalks(1);
  EXPECT_EQ(Next(), ReapAny());
}

TEST_F(PlanTest, WithoutAListDearWalksGoOn) {
  Use({.can_list = false});
  for (pid_t pid = 2; pid < 50; ++pid)
    Walk(Outcome::kDead, pid, 900);
  EXPECT_EQ(Next(), ReapAny());
}

TEST_F(PlanTest, AScanThatMeetsOnlyLiveOnesAsksWhetherAnyIsLeft) {
  Use({.barren_waits = 3});
  DearWalks();
  List({2, 3, 4, 5, 6, 7});
  for (const pid_t pid : {7, 6, 5})
    Look(Reap(pid), Outcome::kNothing);
  Walk(Outcome::kNothing, 0, 0);
  EXPECT_EQ(Next(), Rest()) << "what was not looked at lives";
}

TEST_F(PlanTest, AScanLooksAtNothingThatAnEarlierOneLeft) {
  Use({.barren_waits = 1});
  DearWalks();
  List({2, 3});
  Look(Reap(3), Outcome::kNothing);
  Walk(Outcome::kNothing, 0, 0);
  plan_.SetLimits(Holding());
  List({5});
  Look(Peek(5), Outcome::kNothing);
  EXPECT_EQ(Next(), Rest());
}

TEST_F(PlanTest, AfterAScanTheRowOfDearWalksBeginsAnew) {
  DearWalks();
  List({2});
  Look(Reap(2), Outcome::kDead);
  DearWalks(1);
  EXPECT_EQ(Next(), ReapAny());
}

TEST_F(PlanTest, AScanGoesOnIfItsQuestionFoundOneMore) {
  Use({.barren_waits = 2});
  DearWalks();
  List({2, 3, 4, 5, 6});
  Look(Reap(6), Outcome::kNothing);
  Look(Reap(5), Outcome::kNothing);
  Walk(Outcome::kDead, 3, 100);
  Look(Reap(4), Outcome::kNothing);
  Look(Reap(3), Outcome::kNoChild);
  Walk(Outcome::kNoChild, 0, 100);
  EXPECT_EQ(Next(), Rest());
}

TEST_F(PlanTest, AScanDoesNotAskByPAllWhereSomethingMayBeHeld) {
  Use({.may_hold = true, .barren_waits = 2});
  List({2, 3, 4, 5});
  for (const pid_t pid : {5, 4, 3, 2})
    Look(Peek(pid), Outcome::kNothing);
  EXPECT_EQ(Next(), Rest());
}

TEST_F(PlanTest, ASweepThatIsWantedDoesNotWaitForThePause) {
  Walk(Outcome::kNothing, 0, 1000);
  plan_.OnSweepWanted();
  Walk(Outcome::kNothing, 0, 1000);
  EXPECT_EQ(Next(), Rest());
}

// --- the scan

TEST_F(PlanTest, AListComesInPartsAndEachEntryIsLookedAtOnceTheNewestFirst) {
  Use(Holding());
  ASSERT_EQ(Next(), FirstList());
  plan_.OnListed(std::vector<pid_t>{3, 4}, true, 0);
  ASSERT_EQ(Next(), NextList());
  plan_.OnListed(std::vector<pid_t>{}, true, 0);
  ASSERT_EQ(Next(), NextList());
  plan_.OnListed(std::vector<pid_t>{5}, false, 0);
  for (const pid_t pid : {5, 4, 3})
    Look(Peek(pid), Outcome::kNothing);
  EXPECT_EQ(Next(), Rest());
}

struct ScanPause {
  bool holding;
  Micros list_cost_us;
  int found;
  Micros pause_us;
};

class ScanPauseTest : public PlanTest, public ::testing::WithParamInterface<ScanPause> {};

TEST_P(ScanPauseTest, IsAMultipleOfWhatTheScanCostForNothing) {
  const ScanPause& row = GetParam();
  if (row.holding) Use(Holding());
  if (!row.holding) DearWalks();
  std::vector<pid_t> pids{10};
  for (pid_t pid = 10 + row.found; pid > 10; --pid)
    pids.push_back(pid);
  List(pids, row.list_cost_us);
  for (pid_t pid = 11; pid <= 10 + row.found; ++pid) {
    if (row.holding) {
      Look(Peek(pid), Outcome::kDead, 1);
      plan_.OnDecided(pid, Decision::kReap);
      Look(ReapSeen(pid), Outcome::kDead, 3);
    } else {
      Look(Reap(pid), Outcome::kDead, 4);
    }
  }
  Look(row.holding ? Peek(10) : Reap(10), Outcome::kNothing);
  plan_.OnHint(0);
  const Action again = row.holding ? FirstList() : ReapAny();
  EXPECT_EQ(Next(), row.pause_us > 0 ? RestUntil(now_us_ + row.pause_us) : again);
}

// Each death found is worth 8 us. What is decided first is reaped on its own account.
INSTANTIATE_TEST_SUITE_P(
    Costs, ScanPauseTest,
    ::testing::Values(ScanPause{true, 9, 0, 0}, ScanPause{true, 10, 0, 200},
                      ScanPause{true, 1000, 0, 20'000}, ScanPause{true, 1000, 50, 13'000},
                      ScanPause{true, 1000, 250, 0}, ScanPause{true, 26'000, 0, 500'000},
                      ScanPause{false, 66, 0, 0}, ScanPause{false, 67, 0, 201},
                      ScanPause{false, 1000, 50, 2400}, ScanPause{false, 200'000, 0, 500'000}));

TEST_F(PlanTest, WhatHintsCostAndFindMeanwhileIsNotTheScans) {
  Use(Holding());
  List({3}, 100);
  for (const pid_t hint : {8, 3}) {  // 3 is also the next of the list
    plan_.OnHint(hint);
    Look(Peek(hint), Outcome::kNothing, 50);
  }
  plan_.OnHint(9);
  Look(Peek(9), Outcome::kDead, 50);
  plan_.OnDecided(9, Decision::kReap);
  Look(ReapSeen(9), Outcome::kDead, 50);
  Look(Peek(3), Outcome::kNothing, 1);
  EXPECT_EQ(Next(), RestUntil(now_us_ + 20 * 101));
}

TEST_F(PlanTest, ALookThatWasPreemptedIsNoDearLook) {
  Use(Holding());
  List({3, 4}, 100);
  Look(Peek(4), Outcome::kNothing, 8000);
  Look(Peek(3), Outcome::kNothing, 1);
  plan_.OnHint(0);
  EXPECT_EQ(Next(), RestUntil(now_us_ + 20 * (100 + kDearestLook_us + 1)));
}

TEST_F(PlanTest, WhatTheQuestionOfAScanFindsIsTheScans) {
  Use({.barren_waits = 1});
  DearWalks();
  List({2, 3, 4}, 100);
  Look(Reap(4), Outcome::kNothing);
  Walk(Outcome::kDead, 3, 0);
  Look(Reap(3), Outcome::kNoChild);
  Walk(Outcome::kNothing, 0, 0);
  plan_.OnHint(0);
  EXPECT_EQ(Next(), RestUntil(now_us_ + 3 * (100 - 8)));
}

TEST_F(PlanTest, TheNextScanIsNotPaidTwice) {
  Use(Holding());
  List({}, 100);
  plan_.OnHint(0);
  EXPECT_EQ(Next(), RestUntil(now_us_ + 2000));
  now_us_ += 2000;
  List({}, 100);
  plan_.OnHint(0);
  EXPECT_EQ(Next(), RestUntil(now_us_ + 2000));
}

TEST_F(PlanTest, ASignalDuringAScanMakesAnotherDue) {
  Use(Holding());
  List({3, 4});
  Look(Peek(4), Outcome::kNothing);
  plan_.OnHint(0);  // perhaps of 4, which has been passed
  Look(Peek(3), Outcome::kNothing);
  EXPECT_EQ(Next(), FirstList());
}

TEST_F(PlanTest, AScanThatLeftNobodyMakesAnotherDueToSeeThatNobodyIsLeft) {
  Use(Holding());
  List({3, 4});
  for (const pid_t pid : {4, 3}) {
    Look(Peek(pid), Outcome::kDead);
    plan_.OnDecided(pid, Decision::kReap);
    Look(ReapSeen(pid), Outcome::kDead);
  }
  List({});
  EXPECT_EQ(Next(), Rest());
}

TEST_F(PlanTest, AReapWhileTheListIsReadMakesAnotherDue) {
  Use({.may_hold = true});
  Hold(9);
  ASSERT_EQ(Next(), FirstList());
  plan_.OnListed(std::vector<pid_t>{3}, true, 0);
  plan_.OnRelease(9);
  Look(ReapSeen(9), Outcome::kDead);
  ASSERT_EQ(Next(), NextList());
  plan_.OnListed(std::vector<pid_t>{5}, false, 0);  // 4 was skipped
  Look(Peek(5), Outcome::kNothing);
  Look(Peek(3), Outcome::kNothing);
  EXPECT_EQ(Next(), FirstList());
}

TEST_F(PlanTest, HintsGoBeforeTheRestOfTheScan) {
  Use(Holding());
  List({3, 4});
  plan_.OnHint(8);
  EXPECT_EQ(Next(), Peek(8));
}

}  // namespace
}  // namespace reaperd::reap
