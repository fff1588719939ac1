// reap::Reaper where deaths are looked at before they are reaped, and where children are searched
// for.
#include "reap/reaper.h"

#include "reaper_fixture.h"

#include <signal.h>

#include <algorithm>
#include <cerrno>

namespace reaperd::reap {
namespace {

using model::ExitStatus;
using model::FirstSight;

TEST_F(ReaperTest, WhoWantsALookIsShownTheZombieBeforeItGoes) {
  wants_look_ = true;
  Add({5, 6});
  Start();
  ops_.Die(6);
  reaper_->OnSigchld(6);
  EXPECT_EQ(Settle(), (Words{"death 6", "reaped 6"}));
  EXPECT_EQ(ops_.calls[0], "peek 6");
  EXPECT_EQ(ops_.calls[1], "reap 6");
  EXPECT_EQ(reaper_->counters().deaths, 1U) << "seen twice, dead once";
  EXPECT_EQ(reaper_->counters().reaped, 1U);
}

TEST_F(ReaperTest, DeathsWithoutASignalOfTheirOwnAreShownToo) {
  wants_look_ = true;
  Add({5, 6, 7});
  Start();
  ops_.Die(5);
  ops_.Die(7);
  reaper_->OnSigchld(0);
  EXPECT_EQ(Settle(), (Words{"death 5", "reaped 5", "death 7", "reaped 7"}));
  EXPECT_EQ(ops_.TakeCalls(), (Words{"peek any", "reap 5", "peek any", "reap 7", "peek any"}));
}

TEST_F(ReaperTest, WhenNoLookCanBeAffordedOneCallReaps) {
  wants_look_ = true;
  Add({5, 6, 7});
  Start();
  wants_look_ = false;
  ops_.Die(5);
  reaper_->OnSigchld(0);
  EXPECT_EQ(Settle(), Words{"reaped 5"});
  EXPECT_EQ(ops_.TakeCalls(), (Words{"any", "any"}));
  EXPECT_EQ(reaper_->counters().deaths, 1U);
}

TEST_F(ReaperTest, AStopIsToldWhereDeathsAreLookedAt) {
  Use({.may_hold = true});
  Add({5});
  Start();
  ops_.children[0].stopped_by = SIGTSTP;
  reaper_->OnSigchld(5);
  EXPECT_EQ(Settle(), Words{"stopped 5 " + std::to_string(SIGTSTP)});
}

TEST_F(ReaperTest, AHelperIsNobodyThatIsLeft) {
  Use({.may_hold = true});
  Add({5, 6});
  reaper_->Know({.pid = 5, .role = model::Role::kHelper});
  Start();
  ops_.Die(6);
  reaper_->OnSigchld(6);
  EXPECT_EQ(Settle(), (Words{"death 6", "reaped 6", "nobody left"}));
}

TEST_F(ReaperTest, TellsWhenAllThatAreLeftAreHeld) {
  Use({.may_hold = true});
  Add({5, 6, 7});
  reaper_->Know({.pid = 5, .role = model::Role::kHelper});
  Start();
  to_hold_ = {6};
  ops_.Die(6);
  reaper_->OnSigchld(6);
  EXPECT_EQ(Settle(), Words{"death 6"});
  ops_.now_us += kSecond;
  ops_.Die(7);
  reaper_->OnSigchld(7);
  EXPECT_EQ(Settle(), (Words{"death 7", "reaped 7", "only held left"}));
}

TEST_F(ReaperTest, TellsItWhenTheLastTwoDieTogetherAndOneSignalIsLost) {
  Use({.may_hold = true});
  Add({6, 7});
  Start();
  to_hold_ = {6, 7};
  ops_.Die(6);
  ops_.Die(7);
  reaper_->OnSigchld(7);
  EXPECT_EQ(Settle(), (Words{"death 7", "death 6", "only held left"}));
}

TEST_F(ReaperTest, WhatIsHeldStaysUntilItsRelease) {
  Use({.may_hold = true});
  Add({5, 6, 7});
  reaper_->Know({.pid = 6});
  Start();
  to_hold_ = {6};
  ops_.Die(6);
  ops_.Die(7);
  reaper_->OnSigchld(6);
  EXPECT_EQ(Settle(), (Words{"death 6", "death 7", "reaped 7"}));
  EXPECT_TRUE(reaper_->plan().IsHeld(6));
  EXPECT_NE(reaper_->table().Find(6), nullptr);
  ops_.now_us += kSecond;
  ops_.calls.clear();
  reaper_->OnSigchld(6);
  EXPECT_EQ(Settle(), Words{}) << "seen once";
  EXPECT_EQ(std::count(ops_.calls.begin(), ops_.calls.end(), "reap 6"), 0);
  reaper_->OnRelease(6);
  EXPECT_EQ(Settle(), Words{"reaped 6"});
  EXPECT_EQ(reaper_->counters().deaths, 2U);
  EXPECT_EQ(reaper_->counters().reaped, 2U);
  EXPECT_EQ(reaper_->table().Find(6), nullptr);
}

TEST_F(ReaperTest, AnEmptyListSaysThatNobodyIsLeft) {
  Use({.may_hold = true});
  EXPECT_EQ(Settle(), Words{"nobody left"});
  EXPECT_EQ(ops_.TakeCalls(), Words{"list"});
}

TEST_F(ReaperTest, WherePeeksAreRefusedItReapsWithoutThem) {
  for (const int code : {ENOSYS, EPERM, EINVAL}) {
    Use({.may_hold = true});
    ops_.children = {{.pid = 5, .end = ExitStatus::Exited(0)}, {.pid = 6}};
    ops_.peek_error = code;
    reaper_->OnSigchld(5);
    for (int i = 0; i < 100 && !ops_.children.empty() && ops_.children[0].pid == 5; ++i) {
      const Rest rest = Run();
      if (rest.until_us) ops_.now_us = *rest.until_us;
    }
    EXPECT_EQ(Told(), (Words{"failed " + std::to_string(code), "reaped 5"}));
    EXPECT_FALSE(reaper_->plan().limits().can_peek);
  }
}

TEST_F(ReaperTest, APeekThatFailsForAMomentIsPeekedAgain) {
  Use({.may_hold = true});
  Add({5, 6});
  Start();
  ops_.Die(5);
  ops_.peek_error = ENOMEM;
  reaper_->OnSigchld(5);
  Run();
  ops_.peek_error = 0;
  ops_.now_us += kSecond;
  const Words told = Settle();
  EXPECT_EQ(Words(told.end() - 2, told.end()), (Words{"death 5", "reaped 5"}));
  EXPECT_TRUE(reaper_->plan().limits().can_peek);
}

TEST_F(ReaperTest, WithoutAListWhatIsHeldIsReaped) {
  Use({.may_hold = true});
  Add({5, 6});
  Start();
  to_hold_ = {5};
  ops_.Die(5);
  reaper_->OnSigchld(5);
  EXPECT_EQ(Settle(), Words{"death 5"});
  ops_.can_list = false;
  ops_.now_us += kSecond;
  reaper_->OnSigchld(0);
  for (int tried = 1; tried < 3; ++tried) {
    EXPECT_EQ(Settle(), Words{}) << "it may have been want of memory";
    ops_.now_us += 10 * kMillisecond;
  }
  EXPECT_EQ(Settle(), Words{"reaped 5"});
  ops_.Die(6);
  reaper_->OnSigchld(6);
  EXPECT_EQ(Settle(), (Words{"reaped 6", "nobody left"}));
}

TEST_F(ReaperTest, AfterAnExecOfOurselvesNobodyIsSeenTwice) {
  Use({.may_hold = true});
  Add({5, 6, 7});
  reaper_->Know({.pid = 7, .role = model::Role::kHelper});
  Start();
  to_hold_ = {5};
  ops_.Die(5);
  reaper_->OnSigchld(5);
  EXPECT_EQ(Settle(), Words{"death 5"});
  const Reaper::State state = reaper_->Save();
  Use({.may_hold = true});
  reaper_->Load(state);
  EXPECT_EQ(Settle(), Words{});
  EXPECT_TRUE(reaper_->plan().IsHeld(5));
  EXPECT_EQ(reaper_->table().Find(7)->role, model::Role::kHelper);
  ops_.Die(6);
  reaper_->OnSigchld(6);
  EXPECT_EQ(Settle(), (Words{"death 6", "reaped 6", "only held left"}));
  reaper_->OnRelease(5);
  EXPECT_EQ(Settle(), (Words{"reaped 5", "nobody left"}));
  EXPECT_EQ(reaper_->counters().deaths, 2U);
  EXPECT_EQ(reaper_->counters().reaped, 2U);
}

// --- discovery

TEST_F(ReaperTest, WithoutDiscoveryNobodyIsLookedFor) {
  Add({5, 6});
  reaper_->OnSigchld(0);
  reaper_->RequestDiscovery();
  EXPECT_EQ(Settle(), Words{});
  EXPECT_EQ(reaper_->table().size(), 0U);
}

TEST_F(ReaperTest, DiscoveryFindsTheAdoptedOnceAfterASigchld) {
  reaper_->EnableDiscovery();
  Add({5, 6});
  reaper_->Know({.pid = 5});
  ops_.now_us = 5'000'000;
  reaper_->OnSigchld(0);
  EXPECT_EQ(Settle(), Words{"adopted 6"});
  EXPECT_EQ(reaper_->table().Find(5)->first_sight, FirstSight::kSpawn);
  EXPECT_EQ(reaper_->table().Find(6)->first_sight, FirstSight::kDiscovery);
  EXPECT_EQ(reaper_->table().Find(6)->first_seen_us, 5'000'000);
  EXPECT_EQ(reaper_->table().Find(5)->start_ticks, 50U) << "looked at, too";
  EXPECT_EQ(reaper_->table().Find(6)->start_ticks, 60U);
  ops_.now_us += kSecond;
  reaper_->OnSigchld(0);
  EXPECT_EQ(Settle(), Words{});
}

TEST_F(ReaperTest, DiscoveryTakesOneHundredthOfTheTime) {
  reaper_->EnableDiscovery();
  Add({5});
  Start();
  ops_.call_cost_us = 5000;
  reaper_->OnSigchld(0);
  Settle();
  const auto lists = [&] {
    const Words calls = ops_.TakeCalls();
    return std::count(calls.begin(), calls.end(), "list");
  };
  EXPECT_EQ(lists(), 1);
  ops_.call_cost_us = 0;
  const Micros listed_us = ops_.now_us;
  ops_.now_us = listed_us + 99 * 5000 - 1;
  reaper_->OnSigchld(0);
  Settle();
  EXPECT_EQ(lists(), 0);
  ops_.now_us = listed_us + 100 * 5000;
  reaper_->OnSigchld(0);
  Settle();
  EXPECT_EQ(lists(), 1);
}

TEST_F(ReaperTest, ARequestedDiscoveryIsNotPutOff) {
  reaper_->EnableDiscovery();
  Add({5});
  ops_.call_cost_us = 1000;
  reaper_->OnSigchld(0);
  EXPECT_EQ(Settle(), Words{"adopted 5"});
  Add({6});
  reaper_->RequestDiscovery();
  EXPECT_EQ(Settle(), Words{"adopted 6"});
}

TEST_F(ReaperTest, ALongListIsReadInTurns) {
  reaper_->EnableDiscovery();
  AddCrowd(1000);
  Start();
  ops_.part_size = 10;
  ops_.call_cost_us = 300;
  reaper_->RequestDiscovery();
  int turns = 1;
  while (Run().more)
    ++turns;
  EXPECT_EQ(Told().size(), 1000U);
  EXPECT_GE(turns, 4);
  EXPECT_EQ(reaper_->table().size(), 1000U);
}

TEST_F(ReaperTest, AListThatFailsFindsNobodyAndIsNotAskedForever) {
  reaper_->EnableDiscovery();
  Add({5});
  Start();
  ops_.can_list = false;
  reaper_->OnSigchld(0);
  EXPECT_EQ(Settle(), Words{});
  const Words calls = ops_.TakeCalls();
  EXPECT_EQ(std::count(calls.begin(), calls.end(), "list"), 1);
}

TEST_F(ReaperTest, WhoAskedForADiscoveryIsNotAnsweredByAListThatFailed) {
  reaper_->EnableDiscovery();
  Start();
  Add({5});
  ops_.can_list = false;
  const std::uint64_t request = reaper_->RequestDiscovery();
  Settle();
  EXPECT_FALSE(reaper_->IsDiscovered(request));
  ops_.can_list = true;
  ops_.now_us += kSecond;
  EXPECT_EQ(Settle(), Words{"adopted 5"});
  EXPECT_TRUE(reaper_->IsDiscovered(request));

  ops_.can_list = false;
  const std::uint64_t hopeless = reaper_->RequestDiscovery();
  for (int second = 0; second < 5; ++second) {
    Settle();
    ops_.now_us += kSecond;
  }
  EXPECT_TRUE(reaper_->IsDiscovered(hopeless)) << "not for ever";
}

TEST_F(ReaperTest, WhoIsFirstSeenDeadWasNeverAdopted) {
  Use({.may_hold = true});
  reaper_->EnableDiscovery();
  Add({5});
  EXPECT_EQ(Settle(), Words{"adopted 5"});
  ops_.now_us += kSecond;
  Add({6});
  ops_.Die(6);
  reaper_->OnSigchld(0);
  EXPECT_EQ(Settle(), (Words{"death 6", "reaped 6"}));
}

TEST_F(ReaperTest, WhoIsHeldIsNotLookedAtAsIfItLived) {
  Use({.may_hold = true});
  reaper_->EnableDiscovery();
  Start();
  Add({6});
  ops_.Die(6);
  to_hold_ = {6};
  reaper_->OnSigchld(0);
  const Words told = Settle();
  EXPECT_EQ(told.front(), "death 6");
  EXPECT_EQ(std::count(told.begin(), told.end(), "adopted 6"), 0);
  const Words calls = ops_.TakeCalls();
  EXPECT_EQ(std::count(calls.begin(), calls.end(), "look 6"), 0);
}

TEST_F(ReaperTest, AScanIsTheListOfDiscovery) {
  Use({.may_hold = true});
  reaper_->EnableDiscovery();
  Start();
  ops_.now_us += kSecond;
  Add({5});
  reaper_->OnSigchld(0);
  EXPECT_EQ(Settle(), Words{"adopted 5"});
  EXPECT_EQ(Lists(), 1);
  Add({6});
  reaper_->RequestDiscovery();
  EXPECT_EQ(Settle(), Words{"adopted 6"}) << "who asks gets a list that was begun after that";
}

TEST_F(ReaperTest, AScanThatFailsIsNoListOfDiscovery) {
  Use({.may_hold = true});
  reaper_->EnableDiscovery();
  Start();
  ops_.now_us += kSecond;
  Add({5});
  ops_.can_list = false;
  reaper_->OnSigchld(0);
  Settle();
  EXPECT_EQ(Lists(), 2) << "its own follows";
}

TEST_F(ReaperTest, APassOfDiscoveryListsOnceWhateverDiesMeanwhile) {
  reaper_->EnableDiscovery();
  AddCrowd(100);
  Start();
  ops_.part_size = 10;
  ops_.call_cost_us = 300;  // every call ends the turn
  for (int turn = 0; turn < 60; ++turn) {
    reaper_->OnSigchld(0);
    Run();
  }
  EXPECT_EQ(Told().size(), Discovery::kLooksPerPass);
  EXPECT_EQ(Lists(), 1);
}

TEST_F(ReaperTest, AListThatADeathToreIsReadAnewForWhoAsked) {
  reaper_->EnableDiscovery();
  AddCrowd(50);
  Start();
  ops_.part_size = 10;
  ops_.call_cost_us = 300;
  const std::uint64_t request = reaper_->RequestDiscovery();
  Run();
  ASSERT_TRUE(Run().more) << "in the middle of the list";
  ops_.Die(1000);
  reaper_->OnSigchld(1000);
  Settle();
  EXPECT_FALSE(reaper_->IsDiscovered(request));
  Settle();
  EXPECT_TRUE(reaper_->IsDiscovered(request));
  EXPECT_EQ(Lists(), 2);
}

TEST_F(ReaperTest, WhoAskedIsAnsweredThoughDeathsNeverEnd) {
  reaper_->EnableDiscovery();
  AddCrowd(400);
  Start();
  ops_.part_size = 20;
  ops_.call_cost_us = 300;
  const std::uint64_t request = reaper_->RequestDiscovery();
  for (pid_t pid = 1000; !reaper_->IsDiscovered(request) && pid < 1400; ++pid) {
    ops_.Die(pid);
    reaper_->OnSigchld(pid);
    Run();
  }
  EXPECT_TRUE(reaper_->IsDiscovered(request));
}

TEST_F(ReaperTest, LooksThatFindNothingLetSignalsBeHeard) {
  Use({.may_hold = true});
  AddCrowd(100);
  ops_.call_cost_us = 50;
  while (Run().more) {
    EXPECT_LE(ops_.TakeCalls().size(), 5U) << "about 200 us";
  }
}

TEST_F(ReaperTest, ManyNewOnesAreLookedAtLittleByLittle) {
  reaper_->EnableDiscovery();
  AddCrowd(100);
  reaper_->OnSigchld(0);
  Rest rest = Run();
  while (rest.more)
    rest = Run();
  EXPECT_EQ(Told().size(), Discovery::kLooksPerPass);
  ASSERT_TRUE(rest.until_us.has_value()) << "the others are to be looked at, too";
  for (int pass = 0; rest.until_us && pass < 10; ++pass) {
    EXPECT_GE(*rest.until_us, ops_.now_us);
    ops_.now_us = *rest.until_us;
    rest = Run();
  }
  EXPECT_EQ(Told().size(), 100U - Discovery::kLooksPerPass);
  EXPECT_FALSE(rest.until_us.has_value()) << "idle";
  Words calls = ops_.TakeCalls();
  EXPECT_EQ(std::count(calls.begin(), calls.end(), "list"), 1);
}

TEST_F(ReaperTest, ExaminesWhoIsAskedFor) {
  using Standing = Reaper::Standing;
  reaper_->EnableDiscovery();
  Add({5, 6});
  Start();
  Add({7, 8});
  EXPECT_EQ(reaper_->Examine(99).value(), Standing::kStranger);
  EXPECT_EQ(reaper_->table().Find(99), nullptr);
  EXPECT_EQ(reaper_->Examine(7).value(), Standing::kAlive);
  EXPECT_EQ(reaper_->table().Find(7)->Id(), "s7:70");
  EXPECT_EQ(Told(), Words{"adopted 7"});
  EXPECT_EQ(reaper_->Examine(7).value(), Standing::kAlive);
  EXPECT_EQ(Told(), Words{}) << "it was looked at";
  ops_.Die(8);
  EXPECT_EQ(reaper_->Examine(8).value(), Standing::kDead);
  EXPECT_EQ(Settle(), Words{"reaped 8"}) << "nobody else has told of it";
  ops_.children[1].stopped_by = 20;
  EXPECT_EQ(reaper_->Examine(6).value(), Standing::kAlive);
  EXPECT_EQ(Told(), (Words{"stopped 6 20", "adopted 6"})) << "the stop is not told again";
  ops_.peek_error = ENOMEM;
  EXPECT_EQ(reaper_->Examine(5).error().code(), ENOMEM);
}

TEST_F(ReaperTest, SaysWhenADiscoveryThatWasAskedForIsDone) {
  Add({5});
  EXPECT_TRUE(reaper_->IsDiscovered(reaper_->RequestDiscovery()))
      << "it is off: nothing to wait for";
  reaper_->EnableDiscovery();
  Start();
  Add({6});
  const std::uint64_t request = reaper_->RequestDiscovery();
  EXPECT_FALSE(reaper_->IsDiscovered(request));
  EXPECT_EQ(Settle(), Words{"adopted 6"});
  EXPECT_TRUE(reaper_->IsDiscovered(request));
}

}  // namespace
}  // namespace reaperd::reap
