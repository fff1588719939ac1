#include "reap/process_table.h"

#include <gtest/gtest.h>

#include "reap/discovery.h"

namespace reaperd::reap {
namespace {

using model::FirstSight;
using model::ProcessInfo;

ProcessInfo Info(pid_t pid, FirstSight sight = FirstSight::kSpawn, Micros seen_us = 0) {
  return {.pid = pid, .first_sight = sight, .first_seen_us = seen_us};
}

TEST(ProcessTable, KeepsTheFirstThatItWasTold) {
  ProcessTable table;
  EXPECT_TRUE(table.Insert(Info(5, FirstSight::kSpawn, 10)));
  EXPECT_FALSE(table.Insert(Info(5, FirstSight::kDiscovery, 20)));
  ASSERT_NE(table.Find(5), nullptr);
  EXPECT_EQ(table.Find(5)->first_sight, FirstSight::kSpawn);
  EXPECT_EQ(table.Find(5)->first_seen_us, 10);
  EXPECT_EQ(table.size(), 1U);
}

TEST(ProcessTable, ForgetsWhatIsErased) {
  ProcessTable table;
  table.Insert(Info(5));
  EXPECT_TRUE(table.Erase(5));
  EXPECT_FALSE(table.Erase(5));
  EXPECT_EQ(table.Find(5), nullptr);
  EXPECT_TRUE(table.Insert(Info(5, FirstSight::kDiscovery)));
  EXPECT_EQ(table.Find(5)->first_sight, FirstSight::kDiscovery);
}

TEST(ProcessTable, SurvivesAnExecOfOurselves) {
  ProcessTable table;
  const std::vector<FirstSight> sights{FirstSight::kSpawn, FirstSight::kDiscovery,
                                       FirstSight::kDeath};
  for (pid_t pid = 100; pid > 0; --pid) {
    table.Insert(Info(pid, sights[static_cast<std::size_t>(pid) % 3], pid * 1000));
  }
  const std::vector<ProcessInfo> saved = table.Save();
  ASSERT_EQ(saved.size(), 100U);
  for (std::size_t i = 0; i < saved.size(); ++i) {
    EXPECT_EQ(saved[i].pid, static_cast<pid_t>(i + 1)) << "in order";
  }
  ProcessTable loaded;
  loaded.Insert(Info(4711));
  loaded.Load(saved);
  EXPECT_EQ(loaded.size(), 100U) << "what was there before is gone";
  for (const ProcessInfo& process : saved) {
    const ProcessInfo* const found = loaded.Find(process.pid);
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->first_sight, process.first_sight);
    EXPECT_EQ(found->first_seen_us, process.first_seen_us);
  }
  loaded.Load({});
  EXPECT_EQ(loaded.size(), 0U);
}

model::ProcessInfo SeenAs(std::string exe) {
  auto shadow = std::make_shared<model::Shadow>();
  shadow->comm = exe;
  shadow->exe = std::move(exe);
  return {.pid = 5, .start_ticks = 70, .shadow = std::move(shadow)};
}

TEST(ProcessTable, AnotherProgramHasOtherWords) {
  ProcessTable table;
  table.Insert(Info(5, FirstSight::kDiscovery));
  table.Note(SeenAs("sh"));
  const auto learn = [&](const model::Shadow& known) {
    auto shadow = std::make_shared<model::Shadow>(known);
    shadow->cmdline = {"sh", "-c", "exec job"};
    shadow->environ = {"A=1"};
    shadow->lineage = {{.pid = 3, .comm = "parent"}};
    return shadow;
  };
  ASSERT_TRUE(table.ChangeShadow(5, 70, learn));
  table.Note(SeenAs("sh"));
  EXPECT_TRUE(table.Find(5)->shadow->cmdline && table.Find(5)->shadow->environ);
  table.Note(SeenAs("job"));
  const model::Shadow& now = *table.Find(5)->shadow;
  EXPECT_EQ(now.comm, "job");
  EXPECT_FALSE(now.cmdline || now.environ);
  EXPECT_TRUE(now.lineage) << "where it comes from stays";
}

TEST(ProcessTable, TheSameFileUnderAnotherNameHasOtherWordsOfTheSameOwner) {
  const auto seen = [](const char* comm, uid_t uid) {
    auto shadow = std::make_shared<model::Shadow>();
    shadow->comm = comm;
    shadow->exe = "/bin/busybox";
    shadow->uid = uid;
    return model::ProcessInfo{.pid = 5, .start_ticks = 70, .shadow = std::move(shadow)};
  };
  ProcessTable table;
  table.Insert(Info(5, FirstSight::kDiscovery));
  table.Note(seen("sh", 0));
  const auto learn = [&](const model::Shadow& known) {
    auto shadow = std::make_shared<model::Shadow>(known);
    shadow->cmdline = {"sh", "-c", "exec sleep 5"};
    return shadow;
  };
  ASSERT_TRUE(table.ChangeShadow(5, 70, learn));
  table.Note(seen("sh", 7));
  EXPECT_TRUE(table.Find(5)->shadow->cmdline);
  table.Note(seen("sleep", 7));
  EXPECT_FALSE(table.Find(5)->shadow->cmdline);
  EXPECT_EQ(table.Find(5)->shadow->uid, 0U) << "it may have had no exec, but a prctl and a setuid";
}

TEST(ProcessTable, AnIdKeepsItsFormWhateverLaterLooksTell) {
  ProcessTable table;
  table.Insert(Info(5));
  EXPECT_EQ(table.Find(5)->Id(), "");
  table.Note({.pid = 5, .start_ticks = 70});  // no descriptor was left for a pidfd
  EXPECT_EQ(table.Find(5)->Id(), "s5:70");
  table.Note({.pid = 5, .start_ticks = 70, .pidfs_inode = 42});
  EXPECT_EQ(table.Find(5)->Id(), "s5:70");

  table.Insert({.pid = 6, .pidfs_inode = 43});  // as main, by its pidfd
  table.Note({.pid = 6, .start_ticks = 71});
  EXPECT_EQ(table.Find(6)->Id(), "i43");
  EXPECT_EQ(table.Find(6)->start_ticks, 71U);

  table.Insert(Info(7));
  table.Note({.pid = 7, .start_ticks = 72, .pidfs_inode = 44});
  EXPECT_EQ(table.Find(7)->Id(), "i44");
}

TEST(Discovery, IsDueAfterASigchldAndPacedByItsCost) {
  Discovery discovery;
  EXPECT_FALSE(discovery.ShouldRun(1'000'000));
  EXPECT_EQ(discovery.next_us(), std::nullopt);
  discovery.OnSigchld();
  EXPECT_TRUE(discovery.ShouldRun(1'000'000));
  discovery.OnListing();
  discovery.OnPass(10'000, false, 1'000'000);
  EXPECT_FALSE(discovery.ShouldRun(9'000'000)) << "nobody died since";
  EXPECT_EQ(discovery.next_us(), std::nullopt);
  discovery.OnSigchld();
  EXPECT_FALSE(discovery.ShouldRun(1'999'999));
  EXPECT_EQ(discovery.next_us(), 2'000'000);
  EXPECT_TRUE(discovery.ShouldRun(2'000'000));
}

TEST(Discovery, ACheapPassIsFollowedByAPauseToo) {
  Discovery discovery;
  discovery.OnPass(1, false, 1'000'000);
  discovery.OnSigchld();
  EXPECT_EQ(discovery.next_us(), 1'100'000);
}

TEST(Discovery, LooksThatAreLeftMakeTheNextPassDueButNoList) {
  Discovery discovery;
  discovery.OnSigchld();
  discovery.OnListing();
  discovery.OnPass(1000, true, 1'000'000);
  EXPECT_TRUE(discovery.ShouldRun(1'100'000));
  EXPECT_FALSE(discovery.list_due());
}

TEST(Discovery, ARequestIsNotPacedAndLooksAtAll) {
  Discovery discovery;
  discovery.OnPass(1'000'000, false, 1'000'000);
  EXPECT_FALSE(discovery.MayLook(Discovery::kLooksPerPass));
  discovery.OnRequest();
  EXPECT_TRUE(discovery.ShouldRun(1'000'001));
  EXPECT_TRUE(discovery.MayLook(100'000));
  discovery.OnListing();
  discovery.OnPass(1, false, 1'000'002);
  EXPECT_FALSE(discovery.MayLook(Discovery::kLooksPerPass)) << "only once";
}

TEST(Discovery, ARequestIsAnsweredByAListThatBeganAfterIt) {
  Discovery discovery;
  discovery.OnSigchld();
  discovery.OnListing();
  const std::uint64_t request = discovery.OnRequest();  // half of the list is read
  discovery.OnPass(1000, false, 1'000'000);
  EXPECT_FALSE(discovery.IsAnswered(request));
  EXPECT_TRUE(discovery.ShouldRun(1'000'000)) << "and without a pause";
  EXPECT_TRUE(discovery.list_due());
  EXPECT_TRUE(discovery.MayLook(100'000));
  discovery.OnListing();
  EXPECT_FALSE(discovery.IsAnswered(request));
  discovery.OnPass(1000, false, 1'000'001);
  EXPECT_TRUE(discovery.IsAnswered(request));
  EXPECT_FALSE(discovery.ShouldRun(2'000'000));
  EXPECT_FALSE(discovery.IsAnswered(request + 1)) << "not asked yet";
}

TEST(Discovery, OneListAnswersAllThatAskedBefore) {
  Discovery discovery;
  const std::uint64_t first = discovery.OnRequest();
  const std::uint64_t second = discovery.OnRequest();
  EXPECT_LT(first, second);
  discovery.OnListing();
  discovery.OnPass(1000, false, 1'000'000);
  EXPECT_TRUE(discovery.IsAnswered(first));
  EXPECT_TRUE(discovery.IsAnswered(second));
}

KinNote Kin(bool entered = false) {
  auto shadow = std::make_shared<model::Shadow>();
  shadow->comm = "before";
  shadow->lineage = {{.pid = 3, .comm = "sh"}};
  return {.first_seen_us = 5, .entered = entered, .shadow = std::move(shadow)};
}

TEST(ProcessTable, KinAddsALineageToWhatALookTold) {
  ProcessTable table;
  auto shadow = std::make_shared<model::Shadow>();
  shadow->comm = "now";
  table.Insert({.pid = 7, .first_seen_us = 9});
  table.Note({.pid = 7, .start_ticks = 70, .shadow = shadow});
  table.NoteKin(7, Kin());
  const model::ProcessInfo* known = table.Find(7);
  EXPECT_EQ(known->first_seen_us, 5);
  EXPECT_EQ(known->shadow->comm, "now");
  EXPECT_EQ(known->shadow->lineage->front().pid, 3);
  EXPECT_EQ(known->role, model::Role::kAdopted);
}

TEST(ProcessTable, KinIsAllThatIsKnownOfOneThatWasNotLookedAt) {
  ProcessTable table;
  table.Insert({.pid = 7, .first_seen_us = 3});
  table.NoteKin(7, Kin());
  EXPECT_EQ(table.Find(7)->shadow->comm, "before");
  EXPECT_EQ(table.Find(7)->first_seen_us, 3);
}

TEST(ProcessTable, OnlyAnOrphanCanHaveEntered) {
  ProcessTable table;
  table.Insert({.pid = 7});
  table.Insert({.pid = 8});
  table.Insert({.pid = 9, .role = model::Role::kMain});
  table.NoteKin(7, Kin(true));
  table.Note({.pid = 8, .role = model::Role::kEntered});
  table.Note({.pid = 9, .role = model::Role::kEntered});
  EXPECT_EQ(table.Find(7)->role, model::Role::kEntered);
  EXPECT_EQ(table.Find(8)->role, model::Role::kEntered);
  EXPECT_EQ(table.Find(9)->role, model::Role::kMain);
}

}  // namespace
}  // namespace reaperd::reap
