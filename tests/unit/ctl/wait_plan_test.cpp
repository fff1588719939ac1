#include "ctl/wait_plan.h"

#include <gtest/gtest.h>

#include "samples.h"

namespace reaperd::ctl {
namespace {

using model::ExitStatus;

client::Process Child(const std::string& state = "alive") {
  client::Process process = samples::Process(214, 1, "worker");
  process.role = "adopted";
  process.state = state;
  return process;
}

client::News Snapshot(std::vector<client::Process> processes, bool more = false) {
  return {client::Snapshot{5, std::move(processes), {}, more}, {}};
}

client::News Event(client::EventBody body, std::int64_t seq = 6) {
  return {client::Event{seq, 0, std::move(body)}, {}};
}

client::News Died(std::int64_t pid, std::optional<std::string> id = "i88214",
                  std::int64_t seq = 6) {
  return Event(client::DiedEvent{1204, pid, std::move(id), "worker", ExitStatus::Exited(3)}, seq);
}

template <typename T>
bool Is(const WaitPlan::Step& step) {
  return std::holds_alternative<T>(step);
}

ExitStatus EndOf(const WaitPlan::Step& step) {
  return std::get<WaitPlan::Ended>(step).end;
}

TEST(WaitPlan, EndsWithTheDeathOfWhoWasAlive) {
  WaitPlan plan(214);
  EXPECT_TRUE(Is<WaitPlan::Waiting>(plan.Take(Snapshot({Child()}))));
  EXPECT_TRUE(Is<WaitPlan::Waiting>(plan.Take(Died(99))));
  EXPECT_EQ(EndOf(plan.Take(Died(214))), ExitStatus::Exited(3));
}

TEST(WaitPlan, ADeathOfAnotherBearerOfTheNumberIsNotMeant) {
  WaitPlan plan(214);
  EXPECT_TRUE(Is<WaitPlan::Waiting>(plan.Take(Snapshot({Child()}))));
  EXPECT_TRUE(Is<WaitPlan::Waiting>(plan.Take(Died(214, "i7"))));
  EXPECT_TRUE(Is<WaitPlan::Ended>(plan.Take(Died(214, std::nullopt))));
}

TEST(WaitPlan, LooksIntoTheListWhenNobodyLives) {
  WaitPlan plan(214);
  EXPECT_TRUE(Is<WaitPlan::Waiting>(plan.Take(Snapshot({}, true))));
  EXPECT_TRUE(Is<WaitPlan::AskList>(plan.Take(Snapshot({}))));
  EXPECT_TRUE(Is<WaitPlan::Unknown>(plan.FromList({})));
  EXPECT_EQ(EndOf(plan.FromList({samples::Deaths()[2]})), ExitStatus::Killed(9));
}

TEST(WaitPlan, OfSeveralDeathsTheLastCounts) {
  WaitPlan plan(214);
  const auto first = samples::Death(1, 214, "x", ExitStatus::Exited(1), "exit-error", kSecond);
  const auto second = samples::Death(2, 214, "x", ExitStatus::Exited(2), "exit-error", 0);
  EXPECT_EQ(EndOf(plan.FromList({first, second})), ExitStatus::Exited(2));
}

TEST(WaitPlan, WhoIsHeldHasEnded) {
  WaitPlan plan(214);
  client::News news{
      client::Snapshot{5, {Child("held")}, {samples::Hold(samples::Deaths()[2])}, false}, {}};
  EXPECT_EQ(EndOf(plan.Take(news)), ExitStatus::Killed(9));
}

TEST(WaitPlan, WhoIsDeadWithoutARecordYetIsWaitedFor) {
  WaitPlan plan(214);
  EXPECT_TRUE(Is<WaitPlan::AskList>(plan.Take(Snapshot({Child("dead")}))));
  EXPECT_TRUE(Is<WaitPlan::Waiting>(plan.FromList({})));
  client::Death death = samples::Deaths()[2];
  EXPECT_EQ(EndOf(plan.Take(Event(client::ReapedEvent{death}))), ExitStatus::Killed(9));
}

TEST(WaitPlan, AGapAsksTheList) {
  WaitPlan plan(214);
  EXPECT_TRUE(Is<WaitPlan::Waiting>(plan.Take(Snapshot({Child()}))));
  EXPECT_TRUE(Is<WaitPlan::AskList>(plan.Take({client::Gap{7, 9}, {}})));
  EXPECT_EQ(EndOf(plan.FromList({samples::Deaths()[2]})), ExitStatus::Killed(9));
}

/// A plan that knows of 214, and that events 7 to 9 are lost, and the record of its death, too.
WaitPlan AfterAGap(client::Process process = Child()) {
  WaitPlan plan(214);
  EXPECT_TRUE(Is<WaitPlan::Waiting>(plan.Take(Snapshot({std::move(process)}))));
  EXPECT_TRUE(Is<WaitPlan::AskList>(plan.Take({client::Gap{7, 9}, {}})));
  EXPECT_TRUE(Is<WaitPlan::AskLook>(plan.FromList({})));
  return plan;
}

TEST(WaitPlan, WhoIsStillThereAfterAGapIsWaitedFor) {
  WaitPlan plan = AfterAGap();
  EXPECT_TRUE(Is<WaitPlan::Waiting>(plan.FromLook({{Child()}, 9})));
  EXPECT_TRUE(Is<WaitPlan::Ended>(plan.Take(Died(214))));
  plan = AfterAGap();
  EXPECT_TRUE(Is<WaitPlan::Waiting>(plan.FromLook({{Child("dead")}, 9})));
}

TEST(WaitPlan, WhoIsGoneAfterAGapWithoutARecordIsGivenUp) {
  WaitPlan plan = AfterAGap();
  client::Process next = Child();
  next.id = "i7";
  const auto step = plan.FromLook({{next}, 9});
  ASSERT_TRUE(Is<WaitPlan::Unknown>(step));
  EXPECT_NE(std::get<WaitPlan::Unknown>(step).why.find("no longer on record"), std::string::npos);
}

TEST(WaitPlan, WhatCameBeforeTheLookMayStillTell) {
  WaitPlan plan = AfterAGap();
  EXPECT_TRUE(Is<WaitPlan::Waiting>(plan.FromLook({{}, 11})));
  EXPECT_TRUE(Is<WaitPlan::Waiting>(plan.Take(Died(99, "i99", 10))));
  EXPECT_TRUE(Is<WaitPlan::Ended>(plan.Take(Died(214, "i88214", 11))));
  plan = AfterAGap();
  EXPECT_TRUE(Is<WaitPlan::Waiting>(plan.FromLook({{}, 11})));
  EXPECT_TRUE(Is<WaitPlan::Unknown>(plan.Take(Died(99, "i99", 11))));
}

TEST(WaitPlan, ASecondGapAfterItWasGoneAsksTheListOnly) {
  WaitPlan plan = AfterAGap();
  EXPECT_TRUE(Is<WaitPlan::Waiting>(plan.FromLook({{}, 12})));
  EXPECT_TRUE(Is<WaitPlan::AskList>(plan.Take({client::Gap{10, 11}, {}})));
  EXPECT_TRUE(Is<WaitPlan::Waiting>(plan.FromList({})));
  EXPECT_TRUE(Is<WaitPlan::AskList>(plan.Take({client::Gap{12, 13}, {}})));
  EXPECT_TRUE(Is<WaitPlan::Unknown>(plan.FromList({})));
}

TEST(WaitPlan, AGapMayHideAnAdoption) {
  WaitPlan plan = AfterAGap(samples::Process(214, 7, "worker"));
  EXPECT_TRUE(plan.is_foreign_child());
  EXPECT_TRUE(Is<WaitPlan::Waiting>(plan.FromLook({{Child()}, 9})));
  EXPECT_FALSE(plan.is_foreign_child());
  plan = AfterAGap(samples::Process(214, 7, "worker"));
  EXPECT_TRUE(Is<WaitPlan::Waiting>(plan.FromLook({{}, 9})));  // its owner watches it
}

TEST(WaitPlan, ADeathBeforeItBeganIsAnothers) {
  WaitPlan plan(214);
  client::Process child = Child();
  child.id.reset();
  child.started_at = samples::kNow;
  EXPECT_TRUE(Is<WaitPlan::Waiting>(plan.Take(Snapshot({child}))));
  EXPECT_TRUE(Is<WaitPlan::AskList>(plan.Take({client::Gap{7, 9}, {}})));
  EXPECT_TRUE(Is<WaitPlan::AskLook>(plan.FromList({samples::Deaths()[2]})));
}

TEST(WaitPlan, TheChildOfAnotherIsWatchedElsewhereUntilItIsAdopted) {
  WaitPlan plan(214);
  client::Process grandchild = samples::Process(214, 7, "worker");
  EXPECT_TRUE(Is<WaitPlan::Waiting>(plan.Take(Snapshot({grandchild}))));
  EXPECT_TRUE(plan.is_foreign_child());
  EXPECT_TRUE(Is<WaitPlan::Waiting>(plan.Take(Event(client::AdoptedEvent{Child()}))));
  EXPECT_FALSE(plan.is_foreign_child());
}

TEST(WaitPlan, AForeignZombieHasAStatusForItsParentOnly) {
  WaitPlan plan(214);
  client::Process zombie = samples::Process(214, 7, "worker");
  zombie.state = "foreign";
  EXPECT_TRUE(Is<WaitPlan::Unknown>(plan.Take(Snapshot({zombie}))));
}

}  // namespace
}  // namespace reaperd::ctl
