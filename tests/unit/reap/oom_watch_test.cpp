#include "reap/oom_watch.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "temp_dir.h"

namespace reaperd::reap {
namespace {

/// Counters by cgroup; groups that are aliases share one.
class FakeCounters final : public OomCounters {
 public:
  std::optional<sys::CgroupCounter> Find(std::string_view cgroup) override {
    ++finds;
    const auto at = groups.find(std::string(cgroup));
    if (at == groups.end()) return std::nullopt;
    return sys::CgroupCounter{
        .path = at->second, .key = "oom_kill", .v2 = true, .hierarchical = hierarchical};
  }
  std::optional<sys::CgroupCount> Read(const sys::CgroupCounter& counter) override {
    ++reads;
    if (failing) return std::nullopt;
    return counts[counter.path];
  }

  void Add(const std::string& cgroup, const std::string& counter, std::uint64_t value = 0) {
    groups[cgroup] = counter;
    counts[counter] = {.value = value, .identity = 1};
  }
  /// The kernel kills so many.
  void Kill(const std::string& counter, std::uint64_t times = 1) { counts[counter].value += times; }

  std::map<std::string, std::string> groups;
  std::map<std::string, sys::CgroupCount> counts;
  bool hierarchical = false;
  bool failing = false;
  int finds = 0;
  int reads = 0;
};

class OomWatchTest : public ::testing::Test {
 protected:
  OomWatchTest() {
    counters_.Add("/web", "web", 3);
    watch_.Note("/web", now_us_);
  }
  /// A SIGKILL death in /web, judged at once.
  OomEvidence Death() {
    watch_.OnSigkill("/web", now_us_);
    const auto reading = watch_.Read("/web", now_us_);
    return reading ? reading->evidence() : OomEvidence::kNone;
  }
  void Pass(Micros time_us) { now_us_ += time_us; }

  FakeCounters counters_;
  OomWatch watch_{counters_};
  Micros now_us_ = 1000 * kSecond;
};

TEST_F(OomWatchTest, TheOnlySigkillSinceARiseIsTheVictim) {
  counters_.Kill("web");
  watch_.OnSigkill("/web", now_us_);
  const auto reading = watch_.Read("/web", now_us_);
  ASSERT_TRUE(reading.has_value());
  EXPECT_EQ(reading->before, 3U);
  EXPECT_EQ(reading->after, 4U);
  EXPECT_EQ(reading->sigkills, 1U);
  EXPECT_EQ(reading->counter.path, "web");
  EXPECT_EQ(reading->evidence(), OomEvidence::kCertain);
}

TEST_F(OomWatchTest, ASigkillWithoutARiseIsNot) {
  EXPECT_EQ(Death(), OomEvidence::kNone);
  EXPECT_EQ(Death(), OomEvidence::kNone);
}

TEST_F(OomWatchTest, EarlierKillsOfOthersDoNotBlurALaterRise) {
  EXPECT_EQ(Death(), OomEvidence::kNone);
  counters_.Kill("web");
  EXPECT_EQ(Death(), OomEvidence::kCertain);
}

TEST_F(OomWatchTest, TwoSigkillsAndOneRiseArePossible) {
  counters_.Kill("web");
  watch_.OnSigkill("/web", now_us_);
  watch_.OnSigkill("/web", now_us_);
  for (int death = 0; death < 2; ++death) {
    EXPECT_EQ(watch_.Read("/web", now_us_)->evidence(), OomEvidence::kPossible);
  }
}

TEST_F(OomWatchTest, ASigkillSoonAfterIsInTheSameReading) {
  counters_.Kill("web");
  EXPECT_EQ(Death(), OomEvidence::kCertain);
  Pass(OomWatch::kSettle - 1);
  EXPECT_EQ(Death(), OomEvidence::kPossible) << "who of the two was it?";
}

TEST_F(OomWatchTest, ASigkillLaterIsNot) {
  counters_.Kill("web");
  EXPECT_EQ(Death(), OomEvidence::kCertain);
  Pass(OomWatch::kSettle);
  EXPECT_EQ(Death(), OomEvidence::kNone);
}

TEST_F(OomWatchTest, AWholeGroupThatIsKilledAtOnceIsCertain) {
  counters_.Kill("web", 4);  // the first is counted twice
  for (int death = 0; death < 3; ++death)
    EXPECT_EQ(Death(), OomEvidence::kCertain);
}

TEST_F(OomWatchTest, ACrashLoopIsCertainEachTime) {
  for (int round = 0; round < 20; ++round) {
    counters_.Kill("web");
    EXPECT_EQ(Death(), OomEvidence::kCertain) << round;
    Pass(round % 4 * kSecond);
  }
}

TEST_F(OomWatchTest, ARiseThatMayBeLongPastIsOnlyPossible) {
  counters_.Kill("web");  // a grandchild, perhaps, that its parent reaped
  Pass(OomReading::kFresh + 1);
  EXPECT_EQ(Death(), OomEvidence::kPossible);
}

TEST_F(OomWatchTest, AnEventTellsThatTheRiseIsFresh) {
  Pass(3600 * kSecond);
  counters_.Kill("web");
  watch_.OnCounterEvent("/web", now_us_);
  Pass(kSecond);
  EXPECT_EQ(Death(), OomEvidence::kCertain);
}

TEST_F(OomWatchTest, AnEventWithoutARiseKeepsTheReadingFresh) {
  Pass(3600 * kSecond);
  watch_.OnCounterEvent("/web", now_us_);  // memory.events told of "max"
  counters_.Kill("web");
  EXPECT_EQ(Death(), OomEvidence::kCertain);
}

TEST_F(OomWatchTest, ARiseWithoutADeathOfOursIsForgotten) {
  counters_.Kill("web");
  watch_.OnCounterEvent("/web", now_us_);
  Pass(OomWatch::kVictimDies);
  EXPECT_EQ(Death(), OomEvidence::kNone) << "the victim was somebody else's child";
}

TEST_F(OomWatchTest, AVictimMayTakeItsTimeToDie) {
  counters_.Kill("web");
  watch_.OnCounterEvent("/web", now_us_);
  Pass(OomWatch::kSettle);
  EXPECT_EQ(Death(), OomEvidence::kCertain);
}

TEST_F(OomWatchTest, LongAfterARiseTheVictimMayHaveBeenBuriedByItsParent) {
  counters_.Kill("web");
  watch_.OnCounterEvent("/web", now_us_);
  Pass(OomWatch::kSettle + 1);
  EXPECT_EQ(Death(), OomEvidence::kPossible) << "a kill -9 of this one would look the same";
}

TEST_F(OomWatchTest, ACounterThatAddsUpWhatIsBelowIsNeverCertain) {
  counters_.hierarchical = true;
  counters_.Add("/old", "old");
  watch_.Note("/old", now_us_);
  counters_.Kill("old");
  watch_.OnSigkill("/old", now_us_);
  EXPECT_EQ(watch_.Read("/old", now_us_)->evidence(), OomEvidence::kPossible);
}

TEST_F(OomWatchTest, GroupsAreJudgedApart) {
  counters_.Add("/db", "db");
  watch_.Note("/db", now_us_);
  counters_.Kill("web");
  watch_.OnSigkill("/db", now_us_);
  EXPECT_EQ(watch_.Read("/db", now_us_)->evidence(), OomEvidence::kNone);
  EXPECT_EQ(Death(), OomEvidence::kCertain);
}

TEST_F(OomWatchTest, GroupsThatShareACounterAreJudgedTogether) {
  counters_.groups["/web/part"] = "web";
  watch_.Note("/web/part", now_us_);
  counters_.Kill("web");
  watch_.OnSigkill("/web/part", now_us_);
  EXPECT_EQ(Death(), OomEvidence::kPossible);
  EXPECT_EQ(watch_.Save().size(), 1U);
}

TEST_F(OomWatchTest, NothingIsSaidWithoutABaseline) {
  counters_.Add("/new", "new", 1);
  watch_.OnSigkill("/new", now_us_);
  EXPECT_EQ(watch_.Read("/new", now_us_), std::nullopt);
  EXPECT_EQ(watch_.Read("/not/visible", now_us_), std::nullopt);
  watch_.Note("/not/visible", now_us_);
  EXPECT_EQ(watch_.Save().size(), 1U);
}

TEST_F(OomWatchTest, NothingIsSaidWhileTheCounterCannotBeRead) {
  counters_.Kill("web");
  counters_.failing = true;
  watch_.OnSigkill("/web", now_us_);
  EXPECT_EQ(watch_.Read("/web", now_us_), std::nullopt);
  counters_.failing = false;
  EXPECT_EQ(watch_.Read("/web", now_us_)->evidence(), OomEvidence::kCertain);
}

TEST_F(OomWatchTest, ABaselineThatCouldNotBeReadIsTakenLater) {
  counters_.Add("/late", "late", 5);
  counters_.failing = true;
  watch_.Note("/late", now_us_);
  counters_.failing = false;
  watch_.Note("/late", now_us_);
  EXPECT_EQ(watch_.Read("/late", now_us_)->before, 5U);
}

TEST_F(OomWatchTest, AGroupMadeAnewBeganAtZero) {
  counters_.counts["web"] = {.value = 1, .identity = 2};
  EXPECT_EQ(Death(), OomEvidence::kCertain);
  EXPECT_EQ(watch_.Save().front().before.value, 0U);
}

TEST_F(OomWatchTest, ACounterThatFallsIsANewBaseline) {
  counters_.counts["web"].value = 1;
  EXPECT_EQ(Death(), OomEvidence::kNone);
  counters_.Kill("web");
  EXPECT_EQ(Death(), OomEvidence::kCertain);
}

TEST_F(OomWatchTest, ManyProcessesOfOneGroupCostNoSystemCall) {
  const int before = counters_.finds + counters_.reads;
  for (int process = 0; process < 1000; ++process)
    watch_.Note("/web", now_us_);
  EXPECT_EQ(counters_.finds + counters_.reads, before);
}

TEST_F(OomWatchTest, ManyDeathsInOneGroupDoNotLookForItsFile) {
  const int before = counters_.finds;
  for (int death = 0; death < 1000; ++death)
    watch_.OnSigkill("/web", now_us_);
  EXPECT_EQ(counters_.finds, before);
}

TEST_F(OomWatchTest, TheLeastRecentlyUsedGroupGoes) {
  const auto name = [](std::size_t i) { return "/g" + std::to_string(i); };
  for (std::size_t i = 0; i + 1 < OomWatch::kGroups; ++i) {
    counters_.Add(name(i), name(i), 7);
    watch_.Note(name(i), now_us_);
  }
  watch_.Note("/web", now_us_);  // used: /g0 is the oldest now
  counters_.Add("/last", "last");
  watch_.Note("/last", now_us_);
  EXPECT_EQ(watch_.Save().size(), OomWatch::kGroups);
  EXPECT_EQ(watch_.Read("/g0", now_us_), std::nullopt);
  EXPECT_TRUE(watch_.Read("/web", now_us_).has_value());
  EXPECT_TRUE(watch_.Read("/g1", now_us_).has_value());
  watch_.Note("/g0", now_us_);
  EXPECT_EQ(watch_.Read("/g0", now_us_)->before, 7U) << "a new baseline";
}

TEST_F(OomWatchTest, StaysBoundedWithManyNames) {
  for (int i = 0; i < 1000; ++i) {
    counters_.groups["/web/" + std::to_string(i)] = "web";
    watch_.Note("/web/" + std::to_string(i), now_us_);
  }
  EXPECT_EQ(watch_.Save().size(), 1U);
}

TEST_F(OomWatchTest, SurvivesAnExecOfOurselves) {
  counters_.Add("/db", "db");
  watch_.Note("/db", now_us_);
  counters_.Kill("web");
  EXPECT_EQ(Death(), OomEvidence::kCertain);
  OomWatch loaded(counters_);
  loaded.Load(watch_.Save());
  EXPECT_EQ(loaded.Save(), watch_.Save());
  loaded.OnSigkill("/web", now_us_);
  EXPECT_EQ(loaded.Read("/web", now_us_)->evidence(), OomEvidence::kPossible)
      << "the open reading came along";
  std::vector<OomWatch::Saved> many(OomWatch::kGroups + 5);
  loaded.Load(many);
  EXPECT_EQ(loaded.Save().size(), OomWatch::kGroups);
}

TEST(CgroupOomCounters, ReadsTheFilesOfATree) {
  const test::TempDir fs;
  fs.Write("web/memory.events.local", "oom 1\noom_kill 1\n");
  CgroupOomCounters counters(sys::CgroupTree::Parse(
      "41 31 0:38 / " + fs.path() + " rw - cgroup2 cgroup2 rw\n", {.unified = "/"}));
  OomWatch watch(counters);
  watch.Note("/web", 1);
  fs.Write("web/memory.events.local", "oom 2\noom_kill 2\n");
  watch.OnSigkill("/web", 2);
  const auto reading = watch.Read("/web", 2);
  ASSERT_TRUE(reading.has_value());
  EXPECT_EQ(reading->evidence(), OomEvidence::kCertain);
  EXPECT_EQ(reading->counter.path, fs.Path("web/memory.events.local"));
}

}  // namespace
}  // namespace reaperd::reap
