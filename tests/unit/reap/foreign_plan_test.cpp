#include "reap/foreign_plan.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace reaperd::reap {
namespace {

using model::ForeignAction;
using model::ForeignEvent;
using Step = ForeignEvent::Step;
using Kind = StepOutcome::Kind;

constexpr pid_t kSelf = 10;
constexpr pid_t kParent = 20;
constexpr pid_t kZombie = 30;
constexpr Micros kMinAge = 10 * kSecond;

struct Told {
  Step step;
  pid_t zombie;
  int error = 0;
  Step after = Step::kFound;
  bool operator==(const Told&) const = default;
};

class ForeignPlanTest : public ::testing::Test {
 protected:
  /// A subreaper, a parent that does not reap, and its zombie.
  ForeignPlanTest() {
    Put({.pid = kParent, .parent = kSelf, .start_ticks = 5, .comm = "negligent", .state = 'S'});
    Put(Dead(kZombie));
  }

  static SeenProcess Dead(pid_t pid, pid_t parent = kParent) {
    return {.pid = pid, .parent = parent, .start_ticks = 7, .comm = "dead", .state = 'Z'};
  }

  void Use(ForeignAction action) {
    auto spec = plan_.spec();
    spec.action = action;
    plan_.SetSpec(spec);
  }

  SeenProcess& Process(pid_t pid) {
    for (SeenProcess& process : snapshot_.processes) {
      if (process.pid == pid) return process;
    }
    ADD_FAILURE() << "no " << pid;
    return snapshot_.processes.front();
  }
  void Put(const SeenProcess& process) { snapshot_.processes.push_back(process); }
  void Remove(pid_t pid) {
    std::erase_if(snapshot_.processes, [pid](const auto& process) { return process.pid == pid; });
  }

  /// A look; its steps are answered by `answer_`.
  std::vector<Told> Look(LookKind kind = LookKind::kAct) {
    const ForeignLook look = plan_.Look(snapshot_, kind, now_us_);
    zombies_ = look.zombies;
    std::vector<Told> told;
    const auto tell = [&told](const ForeignEvent& event) {
      told.push_back({event.step, event.zombie.pid, event.error, event.after});
    };
    for (const ForeignEvent& event : look.events)
      tell(event);
    for (const ParentStep& step : look.steps) {
      if (const auto event = plan_.OnStep(step, answer_, now_us_)) tell(*event);
    }
    return told;
  }

  std::vector<Told> LookAfter(Micros time_us, LookKind kind = LookKind::kAct) {
    now_us_ += time_us;
    return Look(kind);
  }

  [[nodiscard]] const model::ForeignZombie& Only() {
    EXPECT_EQ(zombies_.size(), 1U);
    zombies_.resize(1);
    return zombies_.front();
  }

  using Events = std::vector<Told>;

  ForeignPlan plan_{{.min_age_us = kMinAge, .action = ForeignAction::kReport, .exempt = {}}};
  ForeignSnapshot snapshot_{.self = kSelf, .processes = {}, .spared = {}};
  StepOutcome answer_;
  Micros now_us_ = 1000 * kSecond;
  std::vector<model::ForeignZombie> zombies_;
};

TEST_F(ForeignPlanTest, ListsAZombieWithItsParent) {
  EXPECT_EQ(Look(), Events{});
  EXPECT_EQ(Only(), (model::ForeignZombie{.pid = kZombie,
                                          .start_ticks = 7,
                                          .comm = "dead",
                                          .age_us = 0,
                                          .parent = kParent,
                                          .parent_start_ticks = 5,
                                          .parent_comm = "negligent",
                                          .held_by_parent = 1,
                                          .growing = std::nullopt}));
}

TEST_F(ForeignPlanTest, TellsTheAgeAndWhetherThereAreMoreAndMore) {
  Look();
  LookAfter(kSecond);
  EXPECT_EQ(Only().age_us, kSecond);
  EXPECT_EQ(Only().growing, false);
  Put(Dead(31));
  LookAfter(kSecond);
  ASSERT_EQ(zombies_.size(), 2U);
  EXPECT_EQ(zombies_[0].held_by_parent, 2U);
  EXPECT_EQ(zombies_[0].growing, true);
  EXPECT_EQ(zombies_[0].age_us, 2 * kSecond);
  EXPECT_EQ(zombies_[1].age_us, 0);
  Remove(kZombie);
  LookAfter(kSecond);
  EXPECT_EQ(Only().growing, false);
}

TEST_F(ForeignPlanTest, OursAndTheLivingAreNotForeign) {
  Remove(kZombie);
  Put(Dead(31, kSelf));
  Put({.pid = 32, .parent = kParent, .start_ticks = 7, .comm = "alive", .state = 'S'});
  Look();
  EXPECT_TRUE(zombies_.empty());
}

TEST_F(ForeignPlanTest, ADeadLeaderWithLivingThreadsIsNeitherDeadNorForeign) {
  Process(kZombie).threads = 2;
  Look();
  EXPECT_TRUE(zombies_.empty());
  Process(kZombie).threads = 1;
  Process(kParent).state = 'Z';
  Process(kParent).threads = 3;
  Look();
  EXPECT_EQ(Only().parent, kParent) << "such a parent is alive";
}

TEST_F(ForeignPlanTest, ASubreaperSeesThoseOfItsDescendantsOnly) {
  Put({.pid = 21, .parent = 22, .start_ticks = 3, .comm = "deeper", .state = 'S'});
  Put({.pid = 22, .parent = kParent, .start_ticks = 3, .comm = "deep", .state = 'S'});
  Put(Dead(31, 21));
  Put({.pid = 23, .parent = 1, .start_ticks = 3, .comm = "stranger", .state = 'S'});
  Put(Dead(32, 23));
  // What a snapshot can show when pids are reused meanwhile.
  Put({.pid = 24, .parent = 25, .start_ticks = 3, .comm = "circle", .state = 'S'});
  Put({.pid = 25, .parent = 24, .start_ticks = 3, .comm = "circle", .state = 'S'});
  Put(Dead(33, 24));
  Look();
  ASSERT_EQ(zombies_.size(), 2U);
  EXPECT_EQ(zombies_[0].pid, kZombie);
  EXPECT_EQ(zombies_[1].pid, 31);
  snapshot_.scope = ForeignScope::kNamespace;
  Look();
  EXPECT_EQ(zombies_.size(), 4U);
}

TEST_F(ForeignPlanTest, ALookInPartsSeesTheSame) {
  Use(ForeignAction::kNudge);
  for (pid_t pid = 31; pid < 60; ++pid)
    Put(Dead(pid));
  Look();
  LookAfter(kMinAge);
  Remove(kZombie);
  ForeignPlan parts(plan_.spec());
  parts.Load(plan_.Save());
  now_us_ += kMinAge;
  const ForeignLook whole = plan_.Look(snapshot_, LookKind::kAct, now_us_);
  parts.BeginLook(snapshot_, LookKind::kAct, now_us_);
  std::optional<ForeignLook> look;
  int calls = 0;
  while (!(look = parts.ContinueLook(1)))
    ++calls;
  EXPECT_GT(calls, 100);
  EXPECT_EQ(look->zombies, whole.zombies);
  EXPECT_EQ(look->events, whole.events);
  EXPECT_EQ(look->steps, whole.steps);
  EXPECT_EQ(look->steps.size(), 1U);
  EXPECT_EQ(parts.Save(), plan_.Save());
}

TEST_F(ForeignPlanTest, AZombieWhoseParentEndedDuringTheWalkIsNotForeign) {
  Process(kParent).state = 'Z';
  Look();
  EXPECT_TRUE(zombies_.empty());
  Remove(kParent);
  Look();
  EXPECT_TRUE(zombies_.empty());
}

TEST_F(ForeignPlanTest, OneWhoseParentIsOutsideIsListedAndLeftAlone) {
  Use(ForeignAction::kKillParent);
  Process(kZombie).parent = 0;
  Look();
  EXPECT_TRUE(zombies_.empty()) << "a subreaper has nothing to do with it";
  snapshot_.scope = ForeignScope::kNamespace;
  Look();
  EXPECT_EQ(Only().parent, 0);
  EXPECT_EQ(LookAfter(kMinAge), (Events{{Step::kFound, kZombie}}));
  EXPECT_EQ(LookAfter(kMinAge), Events{});
}

TEST_F(ForeignPlanTest, FoundIsToldOnceWhenItIsOldEnough) {
  Look();
  EXPECT_EQ(LookAfter(kMinAge - 1), Events{});
  EXPECT_EQ(LookAfter(1), (Events{{Step::kFound, kZombie}}));
  EXPECT_EQ(LookAfter(kMinAge), Events{});
}

TEST_F(ForeignPlanTest, GoneIsToldOnceAndOnlyOfThoseThatWereFound) {
  Look();
  LookAfter(kMinAge);
  Put(Dead(31));
  LookAfter(kSecond);
  Remove(kZombie);
  Remove(31);
  EXPECT_EQ(LookAfter(kSecond), (Events{{Step::kGone, kZombie}}));
  EXPECT_EQ(LookAfter(kSecond), Events{});
}

TEST_F(ForeignPlanTest, AReusedNumberIsAnotherZombie) {
  Look();
  LookAfter(kMinAge);
  Process(kZombie).start_ticks = 99;
  EXPECT_EQ(LookAfter(kSecond), (Events{{Step::kGone, kZombie}}));
  EXPECT_EQ(Only().age_us, 0);
  EXPECT_EQ(LookAfter(kMinAge), (Events{{Step::kFound, kZombie}}));
}

TEST_F(ForeignPlanTest, AReportTakesNoStep) {
  Look();
  for (int i = 0; i < 10; ++i)
    LookAfter(kMinAge);
  EXPECT_EQ(plan_.NextStep(0), std::nullopt);
}

TEST_F(ForeignPlanTest, AListNeverLeadsToAStep) {
  Use(ForeignAction::kKillParent);
  Look(LookKind::kList);
  EXPECT_EQ(LookAfter(kMinAge, LookKind::kList), (Events{{Step::kFound, kZombie}}));
  EXPECT_EQ(LookAfter(kMinAge, LookKind::kList), Events{});
  EXPECT_EQ(LookAfter(0), (Events{{Step::kNudged, kZombie}})) << "but it counts as a look";
}

TEST_F(ForeignPlanTest, NudgesThreeTimesAndGivesUp) {
  Use(ForeignAction::kNudge);
  Look();
  EXPECT_EQ(LookAfter(kMinAge), (Events{{Step::kFound, kZombie}, {Step::kNudged, kZombie}}));
  EXPECT_EQ(LookAfter(kMinAge - 1), Events{}) << "it has time to reap";
  EXPECT_EQ(LookAfter(1), (Events{{Step::kNudged, kZombie}}));
  EXPECT_EQ(LookAfter(kMinAge), (Events{{Step::kNudged, kZombie}}));
  EXPECT_EQ(LookAfter(kMinAge), (Events{{Step::kFailed, kZombie, ETIMEDOUT}}));
  EXPECT_EQ(LookAfter(kMinAge), Events{});
  Remove(kZombie);
  EXPECT_EQ(LookAfter(1), (Events{{Step::kGone, kZombie, 0, Step::kNudged}}));
}

TEST_F(ForeignPlanTest, TerminatesNudgingFirstAndKillsLast) {
  Use(ForeignAction::kTerminateParent);
  Look();
  EXPECT_EQ(LookAfter(kMinAge), (Events{{Step::kFound, kZombie}, {Step::kNudged, kZombie}}));
  EXPECT_EQ(LookAfter(kMinAge), (Events{{Step::kTerminated, kZombie}}));
  EXPECT_EQ(LookAfter(kMinAge), (Events{{Step::kKilled, kZombie}}));
  EXPECT_EQ(LookAfter(kMinAge), (Events{{Step::kFailed, kZombie, ETIMEDOUT}}))
      << "it does not even die of KILL";
  Remove(kParent);
  Process(kZombie).parent = kSelf;
  EXPECT_EQ(LookAfter(1), (Events{{Step::kGone, kZombie, 0, Step::kKilled}})) << "now it is ours";
}

TEST_F(ForeignPlanTest, KillsNudgingFirst) {
  Use(ForeignAction::kKillParent);
  Look();
  EXPECT_EQ(LookAfter(kMinAge), (Events{{Step::kFound, kZombie}, {Step::kNudged, kZombie}}));
  EXPECT_EQ(LookAfter(kMinAge), (Events{{Step::kKilled, kZombie}}));
}

TEST_F(ForeignPlanTest, ATerminatedParentHasFiveSecondsWhateverTheAge) {
  auto spec = plan_.spec();
  spec.action = ForeignAction::kTerminateParent;
  spec.min_age_us = kSecond;
  plan_.SetSpec(spec);
  Look();
  LookAfter(kSecond);
  EXPECT_EQ(LookAfter(kSecond), (Events{{Step::kTerminated, kZombie}}));
  EXPECT_EQ(plan_.NextStep(now_us_), now_us_ + ForeignPlan::kKillAfter_us);
  EXPECT_EQ(LookAfter(ForeignPlan::kKillAfter_us - 1), Events{});
  EXPECT_EQ(LookAfter(1), (Events{{Step::kKilled, kZombie}}));
}

TEST_F(ForeignPlanTest, OneLookIsNeverEnough) {
  auto spec = plan_.spec();
  spec.action = ForeignAction::kNudge;
  spec.min_age_us = 0;
  plan_.SetSpec(spec);
  EXPECT_EQ(Look(), Events{});
  EXPECT_EQ(Look(), (Events{{Step::kFound, kZombie}, {Step::kNudged, kZombie}}));
}

TEST_F(ForeignPlanTest, ANudgeThatHelpsBeginsTheLadderAnewForTheNext) {
  Use(ForeignAction::kTerminateParent);
  Put(Dead(31));
  Look();
  LookAfter(kMinAge);
  Remove(kZombie);
  EXPECT_EQ(LookAfter(kSecond), (Events{{Step::kGone, kZombie, 0, Step::kNudged}}))
      << "no second nudge so soon";
  EXPECT_EQ(LookAfter(kMinAge - kSecond), (Events{{Step::kNudged, 31}})) << "no TERM";
  EXPECT_EQ(LookAfter(kMinAge), (Events{{Step::kTerminated, 31}}));
}

TEST_F(ForeignPlanTest, TheFirstForkedShowsWhetherANudgeHelps) {
  Use(ForeignAction::kNudge);
  Put(Dead(25));
  Process(25).start_ticks = 6;
  Put(Dead(40));
  Look();
  const Events told = LookAfter(kMinAge);
  ASSERT_EQ(told.size(), 4U);
  EXPECT_EQ(told.back(), (Told{Step::kNudged, 25}));
}

TEST_F(ForeignPlanTest, AnotherParentOfTheSameZombieHasItsOwnTime) {
  Use(ForeignAction::kKillParent);
  Look();
  LookAfter(kMinAge);
  Remove(kParent);
  Put({.pid = 21, .parent = kSelf, .start_ticks = 3, .comm = "nearer", .state = 'S'});
  Process(kZombie).parent = 21;
  EXPECT_EQ(LookAfter(kMinAge), Events{}) << "the same zombie, a parent that just got it";
  EXPECT_EQ(Only().age_us, 2 * kMinAge);
  EXPECT_EQ(LookAfter(kMinAge), (Events{{Step::kNudged, kZombie}}));
}

TEST_F(ForeignPlanTest, AParentWhoseNumberWasReusedIsAnotherOne) {
  Use(ForeignAction::kKillParent);
  Look();
  LookAfter(kMinAge);
  Process(kParent).start_ticks = 6;
  EXPECT_EQ(LookAfter(kMinAge), Events{});
  EXPECT_EQ(LookAfter(kMinAge), (Events{{Step::kNudged, kZombie}}));
}

TEST_F(ForeignPlanTest, SparedParentsAreToldOfOnceAndLeftAlone) {
  Use(ForeignAction::kKillParent);
  snapshot_.spared = {kParent};
  Put(Dead(31));
  Look();
  EXPECT_EQ(LookAfter(kMinAge),
            (Events{{Step::kFound, kZombie}, {Step::kFound, 31}, {Step::kExempt, kZombie}}));
  EXPECT_EQ(LookAfter(kMinAge), Events{});
  EXPECT_EQ(plan_.NextStep(now_us_), std::nullopt);
}

TEST_F(ForeignPlanTest, ParentsWithAnExemptNameAreLeftAlone) {
  auto spec = plan_.spec();
  spec.action = ForeignAction::kKillParent;
  spec.exempt = {"no match", "neg*[a-z]"};
  plan_.SetSpec(spec);
  Look();
  EXPECT_EQ(LookAfter(kMinAge), (Events{{Step::kFound, kZombie}, {Step::kExempt, kZombie}}));
  EXPECT_EQ(LookAfter(kMinAge), Events{});
  Process(kParent).comm = "renamed";
  EXPECT_EQ(LookAfter(0), (Events{{Step::kNudged, kZombie}}));
}

TEST_F(ForeignPlanTest, WhatTurnsOutToBeANestedInitIsNeverAskedForAgain) {
  Use(ForeignAction::kKillParent);
  Look();
  answer_ = {.kind = Kind::kNestedInit};
  EXPECT_EQ(LookAfter(kMinAge), (Events{{Step::kFound, kZombie}, {Step::kExempt, kZombie}}));
  EXPECT_TRUE(plan_.Look(snapshot_, LookKind::kAct, now_us_ + kMinAge).steps.empty());
}

TEST_F(ForeignPlanTest, AStoppedParentIsNotToBlame) {
  Use(ForeignAction::kTerminateParent);
  Look();
  LookAfter(kMinAge);
  for (const char state : {'T', 't'}) {
    Process(kParent).state = state;
    EXPECT_EQ(LookAfter(kMinAge), Events{});
  }
  EXPECT_EQ(plan_.NextStep(now_us_), std::nullopt) << "nothing to wait for";
  Process(kParent).state = 'S';
  EXPECT_EQ(LookAfter(0), (Events{{Step::kTerminated, kZombie}}));
}

TEST_F(ForeignPlanTest, AStepThatFailedIsToldAndNotRepeated) {
  Use(ForeignAction::kTerminateParent);
  Look();
  answer_ = {.kind = Kind::kFailed, .error = EPERM};
  EXPECT_EQ(LookAfter(kMinAge), (Events{{Step::kFound, kZombie}, {Step::kFailed, kZombie, EPERM}}));
  EXPECT_EQ(LookAfter(kMinAge), Events{});
  Remove(kZombie);
  EXPECT_EQ(LookAfter(0), (Events{{Step::kGone, kZombie}}));
}

TEST_F(ForeignPlanTest, AStepThatFoundNobodyWasNotTaken) {
  Use(ForeignAction::kTerminateParent);
  Look();
  answer_ = {.kind = Kind::kGone};
  EXPECT_EQ(LookAfter(kMinAge), (Events{{Step::kFound, kZombie}}));
  answer_ = {};
  EXPECT_EQ(LookAfter(0), (Events{{Step::kNudged, kZombie}}));
}

TEST_F(ForeignPlanTest, AnAnswerAboutSomebodyForgottenIsIgnored) {
  Use(ForeignAction::kNudge);
  Look();
  now_us_ += kMinAge;
  const ForeignLook look = plan_.Look(snapshot_, LookKind::kAct, now_us_);
  ASSERT_EQ(look.steps.size(), 1U);
  Process(kParent).start_ticks = 6;
  Look();
  EXPECT_EQ(plan_.OnStep(look.steps[0], {}, now_us_), std::nullopt);
  Remove(kZombie);
  Look();
  EXPECT_EQ(plan_.OnStep(look.steps[0], {}, now_us_), std::nullopt);
}

TEST_F(ForeignPlanTest, ManyParentsGetTheirStepsTogether) {
  Use(ForeignAction::kNudge);
  Put({.pid = 21, .parent = kSelf, .start_ticks = 3, .comm = "other", .state = 'S'});
  Put(Dead(31, 21));
  Look();
  LookAfter(kMinAge);
  EXPECT_EQ(LookAfter(kMinAge), (Events{{Step::kNudged, kZombie}, {Step::kNudged, 31}}));
}

TEST_F(ForeignPlanTest, AnotherActionBeginsTheLadderAnewButNotSooner) {
  Use(ForeignAction::kNudge);
  Look();
  for (int i = 0; i < 4; ++i)
    LookAfter(kMinAge);
  Use(ForeignAction::kKillParent);
  EXPECT_EQ(LookAfter(0), (Events{{Step::kNudged, kZombie}})) << "the last step was long ago";
  Use(ForeignAction::kTerminateParent);
  EXPECT_EQ(LookAfter(kMinAge - 1), Events{});
  EXPECT_EQ(LookAfter(1), (Events{{Step::kNudged, kZombie}}));
}

TEST_F(ForeignPlanTest, TheNextStepIsKnown) {
  Use(ForeignAction::kTerminateParent);
  Look();
  EXPECT_EQ(plan_.NextStep(now_us_), std::nullopt) << "the first one waits for the interval";
  LookAfter(kMinAge);
  EXPECT_EQ(plan_.NextStep(now_us_), now_us_ + kMinAge);
  EXPECT_EQ(plan_.NextStep(now_us_ + kMinAge), std::nullopt);
}

TEST_F(ForeignPlanTest, GoesOnWhereItWasSaved) {
  Use(ForeignAction::kTerminateParent);
  Look();
  LookAfter(kMinAge);
  const model::ForeignMemory memory = plan_.Save();
  EXPECT_TRUE(memory.looked);
  ASSERT_EQ(memory.zombies.size(), 1U);
  ASSERT_EQ(memory.parents.size(), 1U);
  ForeignPlan other(plan_.spec());
  other.Load(memory);
  EXPECT_EQ(other.Save(), memory);
  plan_ = std::move(other);
  EXPECT_EQ(LookAfter(kMinAge), (Events{{Step::kTerminated, kZombie}}));
  EXPECT_EQ(Only().growing, false);
  EXPECT_EQ(Only().age_us, 2 * kMinAge);
}

TEST_F(ForeignPlanTest, RemembersNobodyWhoIsGone) {
  Look();
  LookAfter(kMinAge);
  Remove(kZombie);
  Look();
  const model::ForeignMemory memory = plan_.Save();
  EXPECT_TRUE(memory.zombies.empty());
  EXPECT_TRUE(memory.parents.empty());
}

}  // namespace
}  // namespace reaperd::reap
