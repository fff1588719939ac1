#include "reap/oom_desk.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "manual_clock.h"
#include "temp_dir.h"

namespace reaperd::reap {
namespace {

/// The clock starts at one second.
constexpr Micros kNow_us = 2 * kSecond;

/// A machine in files: /proc of ourselves, a v2 tree, and a log of the kernel.
class OomDeskTest : public ::testing::Test {
 protected:
  OomDeskTest() {
    files_.Write("proc/self/cgroup", "0::/web\n");
    files_.Write("proc/self/mountinfo",
                 "41 31 0:38 / " + files_.Path("tree") + " rw - cgroup2 cgroup2 rw\n");
    OomKills("web", 0);
  }

  void OomKills(const std::string& group, int count) const {
    files_.Write("tree/" + group + "/memory.events.local",
                 "oom " + std::to_string(count) + "\noom_kill " + std::to_string(count) + "\n");
  }
  void V1() const {
    files_.Write("proc/self/cgroup", "5:memory:/web\n0::/\n");
    files_.Write("proc/self/mountinfo",
                 "33 31 0:29 / " + files_.Path("tree") + " rw - cgroup cgroup rw,memory\n");
    V1OomKills(0);
  }
  void V1OomKills(int count) const {
    files_.Write("tree/web/memory.oom_control",
                 "under_oom 0\noom_kill " + std::to_string(count) + "\n");
  }

  static model::DeathRecord Killed(pid_t pid, std::optional<std::string> cgroup = {}) {
    model::DeathRecord record;
    record.pid = pid;
    record.comm = "web";
    record.cgroup = std::move(cgroup);
    record.end = model::ExitStatus::Killed(9);
    return record;
  }
  /// One death by SIGKILL, alone.
  OomFacts Death(const model::DeathRecord& record) {
    desk_.OnSigkill(record, kNow_us);
    return desk_.Facts(record, kNow_us);
  }

  test::TempDir files_;
  test::ManualClock clock_;
  OomDesk desk_{clock_, files_.Path("proc"), files_.Path("kmsg")};
};

TEST_F(OomDeskTest, AMainThatNobodyHadDiscoveredIsTheVictimOfARise) {
  desk_.Start();
  OomKills("web", 1);
  const OomFacts facts = Death(Killed(7));
  EXPECT_EQ(facts.cgroup, "/web");
  EXPECT_EQ(facts.counter, "memory.events.local oom_kill");
  EXPECT_EQ(facts.before, 0U);
  EXPECT_EQ(facts.after, 1U);
  EXPECT_EQ(facts.sigkills, 1U);
  EXPECT_EQ(facts.rise, OomFacts::Rise::kCertain);
  EXPECT_EQ(facts.kernel_log, std::nullopt);
}

TEST_F(OomDeskTest, KillsBeforeTheStartAreNobodysOfOurs) {
  OomKills("web", 4);
  desk_.Start();
  const OomFacts facts = Death(Killed(7));
  EXPECT_EQ(facts.before, 4U);
  EXPECT_EQ(facts.after, 4U);
}

TEST_F(OomDeskTest, WithoutAStartTheFirstDeathIsNotExplained) {
  OomKills("web", 1);
  const OomFacts facts = Death(Killed(7));
  EXPECT_EQ(facts.before, 1U);
  EXPECT_EQ(facts.after, 1U);
}

TEST_F(OomDeskTest, TheGroupOfTheDeadIsAskedNotOurs) {
  OomKills("db", 2);
  desk_.Start();
  desk_.OnSeen("/db", kNow_us);
  OomKills("db", 3);
  EXPECT_EQ(Death(Killed(7, "/db")).after, 3U);
  EXPECT_EQ(Death(Killed(8)).after, 0U);
}

TEST_F(OomDeskTest, AGroupThatNobodySawAliveProvesNothing) {
  OomKills("db", 2);
  desk_.Start();
  const OomFacts facts = Death(Killed(7, "/db"));
  EXPECT_EQ(facts.cgroup, "/db");
  EXPECT_EQ(facts.before, std::nullopt);
}

TEST_F(OomDeskTest, ThoseWhoDiedTogetherAreJudgedByOneReading) {
  desk_.Start();
  OomKills("web", 1);
  desk_.OnSigkill(Killed(7), kNow_us);
  desk_.OnSigkill(Killed(8), kNow_us);
  const OomFacts first = desk_.Facts(Killed(7), kNow_us);
  OomKills("web", 2);  // after the reading
  const OomFacts second = desk_.Facts(Killed(8), kNow_us);
  EXPECT_EQ(first.sigkills, 2U);
  EXPECT_EQ(second.after, first.after);
  EXPECT_EQ(first.rise, OomFacts::Rise::kPossible);
  EXPECT_EQ(second.rise, OomFacts::Rise::kPossible);
  // The rise that came after is for who dies after.
  EXPECT_EQ(Death(Killed(9)).after, 2U);
}

TEST_F(OomDeskTest, AnEventMakesALateRiseCertain) {
  desk_.Start();
  ASSERT_TRUE(desk_.OwnCounter().has_value());
  EXPECT_EQ(desk_.OwnCounter()->path, files_.Path("tree/web/memory.events.local"));
  EXPECT_TRUE(desk_.OwnCounter()->v2);
  clock_.Advance(3600 * kSecond);
  OomKills("web", 1);
  desk_.OnOwnCounterEvent();
  const Micros now_us = clock_.Now() + kSecond;
  desk_.OnSigkill(Killed(7), now_us);
  EXPECT_EQ(desk_.Facts(Killed(7), now_us).rise, OomFacts::Rise::kCertain);
}

TEST_F(OomDeskTest, Version1IsAskedInItsOwnFile) {
  V1();
  desk_.Start();
  V1OomKills(1);
  const OomFacts facts = Death(Killed(7));
  EXPECT_EQ(facts.counter, "memory.oom_control oom_kill");
  EXPECT_EQ(facts.after, 1U);
  EXPECT_FALSE(desk_.OwnCounter()->v2);
}

TEST_F(OomDeskTest, TheBaselineOutlivesAnExecOfOurselves) {
  desk_.Start();
  OomKills("web", 1);
  OomDesk after(clock_, files_.Path("proc"), files_.Path("kmsg"));
  after.Load(desk_.Save());
  after.OnSigkill(Killed(7), clock_.Now());
  EXPECT_EQ(after.Facts(Killed(7), clock_.Now()).rise, OomFacts::Rise::kCertain)
      << "it rose meanwhile";
}

TEST_F(OomDeskTest, WithoutCgroupsNothingIsClaimed) {
  std::filesystem::remove_all(files_.Path("proc"));
  desk_.Start();
  EXPECT_EQ(desk_.OwnCounter(), std::nullopt);
  desk_.OnOwnCounterEvent();
  const OomFacts facts = Death(Killed(7));
  EXPECT_EQ(facts.cgroup, "");
  EXPECT_EQ(facts.before, std::nullopt);
  EXPECT_EQ(facts.kernel_log, std::nullopt);
}

TEST_F(OomDeskTest, TheLogIsNotReadOutsideOfTheFirstPidNamespace) {
  // This /proc/self/ns/pid is an ordinary file.
  files_.Write("proc/self/ns/pid", "");
  files_.Write("kmsg",
               "6,1,900000000,-;Memory cgroup out of memory: Killed process 7 (web) "
               "total-vm:1kB\n");
  desk_.Start();
  OomKills("web", 1);
  EXPECT_EQ(Death(Killed(7)).kernel_log, std::nullopt);
}

}  // namespace
}  // namespace reaperd::reap
