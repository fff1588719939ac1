// HeldQueue and HeldStore: what outlives an exec of ourselves, and the orders of the store.
#include "reap/held_store.h"

#include <algorithm>

#include "hold_fixture.h"
#include "model_kernel/random.h"

namespace reaperd::reap {
namespace {

TEST_F(HeldQueueTest, SurvivesAnExecOfOurselves) {
  spec.rules = {TimedRule("short", "a", 10 * kSecond), BarrierRule("batch", "job", "jobs"),
                RuleFor("gone", "x"), RuleFor("pids", "w", HoldEnd::kReplaced)};
  spec.rules[3].keep = 1;
  spec.barriers = {{.name = "jobs", .count = 3, .timeout_us = 60 * kSecond}};
  Queue().SetSurroundings({.pid1 = true, .process_limit = 32, .own_processes = 2});
  EXPECT_TRUE(Lease(5, 30 * kSecond).ok());
  EXPECT_TRUE(Lease(20, 5 * kSecond, kNow, 7, true).ok());
  for (const auto& [pid, comm] :
       {std::pair{4, "job"}, {5, "a"}, {6, "job"}, {7, "x"}, {8, "job2"}, {9, "w"}})
    Die(pid, comm);
  EXPECT_TRUE(Queue().Release(4, "").ok());
  EXPECT_TRUE(Queue().RemoveRule("gone").ok());
  const HeldState saved = Queue().Save();

  HeldQueue loaded{HoldSpec{}};
  EXPECT_TRUE(loaded.AddRule(RuleFor("before", "*")).ok());
  loaded.Load(saved);
  EXPECT_EQ(loaded.cap(), 6U);
  EXPECT_EQ(loaded.size(), 4U);
  EXPECT_EQ(loaded.rules(), Queue().rules());
  EXPECT_EQ(loaded.counters(), Queue().counters());
  EXPECT_EQ(loaded.lease_count(), 2U);
  EXPECT_EQ(loaded.NextDeadline(), kNow + 10 * kSecond);
  ASSERT_NE(loaded.Find(5), nullptr);
  EXPECT_EQ(loaded.Find(5)->until_us, kNow + 30 * kSecond);
  EXPECT_EQ(loaded.TakeReleases(), (std::vector<model::Release>{{4, ReleaseReason::kRequest}}));

  const auto die = [&](pid_t pid, const char* comm) {
    model::DeathRecord record = Record(pid, comm);
    record.seq = static_cast<std::uint64_t>(pid) * 100;
    return loaded.OnDeath(std::make_shared<const model::DeathRecord>(record), kNow + kSecond);
  };
  EXPECT_FALSE(die(10, "x")) << "its rule was removed";
  EXPECT_TRUE(loaded.ReleaseRule("gone", kNow).ok());
  EXPECT_TRUE(die(11, "job"));
  EXPECT_TRUE(die(12, "w"));
  loaded.OnDisconnect(7, kNow);
  EXPECT_FALSE(die(20, "leased"));
  EXPECT_EQ(loaded.TakeReleases(), (std::vector<model::Release>{{7, ReleaseReason::kRequest},
                                                                {6, ReleaseReason::kBarrier},
                                                                {11, ReleaseReason::kBarrier},
                                                                {9, ReleaseReason::kKeep}}));
  const auto results = loaded.TakeBarrierResults();
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(results[0].members.size(), 3U) << "4 had to go before";
}

TEST_F(HeldQueueTest, TheEndOfHoldingSurvivesAnExec) {
  spec.rules = {RuleFor("all", "*")};
  Queue().Close(ReleaseReason::kShutdown);
  HeldQueue loaded{HoldSpec{}};
  loaded.Load(Queue().Save());
  EXPECT_TRUE(loaded.closed());
  EXPECT_FALSE(loaded.MayHold());
}

model::HoldInfo Info(pid_t pid) {
  model::DeathRecord record = Record(pid);
  record.seq = static_cast<std::uint64_t>(pid);
  return {.record = std::make_shared<const model::DeathRecord>(std::move(record))};
}

TEST(HeldStore, KnowsWhoIsDueFirstWhateverIsSetMovedAndErased) {
  test::Random random(1);
  HeldStore store;
  std::map<pid_t, Micros> due;
  for (int step = 0; step < 20'000; ++step) {
    const auto pid = static_cast<pid_t>(random.Between(1, 60));
    Held* const held = store.Find(pid);
    if (held == nullptr) {
      store.Insert(Info(pid), 1);
    } else if (random.Chance(30)) {
      store.Erase(*held);
      due.erase(pid);
    } else if (random.Chance(20)) {
      store.SetDue(*held, std::nullopt);
      due.erase(pid);
    } else {
      due[pid] = random.Between(0, 30);
      store.SetDue(*held, due[pid]);
    }
    const auto first = std::min_element(due.begin(), due.end(), [](const auto& a, const auto& b) {
      return std::pair{a.second, a.first} < std::pair{b.second, b.first};
    });
    const Held* const found = store.first_due();
    const pid_t found_pid = found == nullptr ? 0 : found->pid();
    ASSERT_EQ(found_pid, due.empty() ? 0 : first->first) << "step " << step;
  }
}

TEST(HeldStore, KeepsTheOrdersOfAgeAndOfGroups) {
  HeldStore store;
  for (pid_t pid = 1; pid <= 6; ++pid)
    store.Insert(Info(pid), static_cast<HoldGroup>(1 + pid % 2));
  store.Erase(*store.Find(3));
  store.Move(*store.Find(2), 2);
  std::string ages;
  for (const Held* held = store.oldest(); held != nullptr; held = HeldStore::Newer(*held))
    ages += std::to_string(held->pid());
  EXPECT_EQ(ages, "12456");
  std::string group;
  for (const Held* held = store.OldestOf(2); held != nullptr; held = HeldStore::NewerOfGroup(*held))
    group += std::to_string(held->pid());
  EXPECT_EQ(group, "152");
  EXPECT_EQ(store.CountOf(1), 2U);
  EXPECT_EQ(store.CountOf(3), 0U);
  EXPECT_EQ(store.OldestOf(3), nullptr);
  store.Clear();
  EXPECT_EQ(store.size(), 0U);
  EXPECT_EQ(store.oldest(), nullptr);
}

}  // namespace
}  // namespace reaperd::reap
