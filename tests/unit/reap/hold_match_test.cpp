#include "reap/hold_match.h"

#include <gtest/gtest.h>

#include <csignal>

#include "hold_fixture.h"

namespace reaperd::reap {
namespace {

using model::Cause;
using model::DeathRecord;
using model::ExitStatus;
using model::HoldMatch;
using model::ProcessInfo;
using model::Shadow;

bool Matches(const HoldMatch& match, const DeathRecord& record) {
  HoldRule rule;
  rule.match = match;
  return FirstMatch(std::vector{rule}, record).has_value();
}

DeathRecord Killed(int signal) {
  DeathRecord record = Record(5);
  record.end = ExitStatus::Killed(signal);
  record.verdict.cause = Cause::kSignal;
  return record;
}

std::shared_ptr<const Shadow> SeenAlive() {
  Shadow shadow;
  shadow.comm = "worker";
  shadow.cmdline = std::vector<std::string>{"worker", "--queue", "a"};
  shadow.exe = "/app/worker";
  shadow.cwd = "/app";
  shadow.cgroup = "/svc/web";
  return std::make_shared<const Shadow>(shadow);
}

TEST(HoldMatch, TheFirstRuleThatMatchesCounts) {
  const std::vector<HoldRule> rules{RuleFor("a", "other"), RuleFor("b", "work*"),
                                    RuleFor("c", "worker")};
  EXPECT_EQ(FirstMatch(rules, Record(5)), 1U);
  EXPECT_EQ(FirstMatch(rules, Record(5, "nobody")), std::nullopt);
  EXPECT_EQ(FirstMatch({}, Record(5)), std::nullopt);
}

TEST(HoldMatch, ARuleWithoutKeysMatchesAllButMainAndHelpers) {
  for (const auto& row : model::kRoles.rows) {
    DeathRecord record = Record(5);
    record.role = row.value;
    const bool spared = row.value == Role::kMain || row.value == Role::kHelper;
    EXPECT_EQ(Matches({}, record), !spared) << row.name;
  }
}

TEST(HoldMatch, MainIsMatchedByARuleThatSaysSoAndAHelperNever) {
  DeathRecord record = Record(5);
  record.role = Role::kMain;
  EXPECT_TRUE(Matches({.roles = {Role::kAdopted, Role::kMain}}, record));
  EXPECT_FALSE(Matches({.roles = {Role::kAdopted}}, record));
  record.role = Role::kHelper;
  EXPECT_FALSE(Matches({.roles = {Role::kHelper}}, record));
}

TEST(HoldMatch, AllKeysMustMatchAndOneValueOfEach) {
  const HoldMatch match{.causes = {Cause::kSignal, Cause::kExitError}, .comm = {"x", "work*"}};
  EXPECT_TRUE(Matches(match, Record(5)));
  EXPECT_FALSE(Matches(match, Record(5, "y")));
  DeathRecord record = Record(5);
  record.verdict.cause = Cause::kSuccess;
  EXPECT_FALSE(Matches(match, record));
}

TEST(HoldMatch, ExitCodesAreRangesOfExitsOnly) {
  const HoldMatch match{.exit_codes = {{1, 1}, {100, 125}}};
  DeathRecord record = Record(5);
  for (const auto& [code, expected] : {std::pair{0, false},
                                       {1, true},
                                       {2, false},
                                       {99, false},
                                       {100, true},
                                       {125, true},
                                       {126, false}}) {
    record.end = ExitStatus::Exited(code);
    EXPECT_EQ(Matches(match, record), expected) << code;
  }
  EXPECT_FALSE(Matches(match, Killed(1))) << "a signal's number is no exit code";
}

TEST(HoldMatch, SignalsAreThoseOfDeathsBySignalOnly) {
  const HoldMatch match{.signals = {SIGSEGV, SIGKILL}};
  EXPECT_TRUE(Matches(match, Killed(SIGSEGV)));
  EXPECT_FALSE(Matches(match, Killed(SIGTERM)));
  DeathRecord record = Record(5);
  record.end = ExitStatus::Exited(SIGKILL);
  EXPECT_FALSE(Matches(match, record));
}

TEST(HoldMatch, AnExcludedSignalDoesNotMatch) {
  const HoldMatch match{.causes = {Cause::kSignal, Cause::kExitError},
                        .exclude_signals = {SIGTERM}};
  EXPECT_FALSE(Matches(match, Killed(SIGTERM)));
  EXPECT_TRUE(Matches(match, Killed(SIGSEGV)));
  EXPECT_TRUE(Matches(match, Record(5))) << "an exit is no signal";
}

TEST(HoldMatch, RunTimesIncludeTheirBounds) {
  const HoldMatch match{.min_run_time_us = kSecond, .max_run_time_us = 2 * kSecond};
  DeathRecord record = Record(5);
  record.died_us = 10 * kSecond;
  for (const auto& [ran, expected] : {std::pair{kSecond - 1, false},
                                      {kSecond, true},
                                      {2 * kSecond, true},
                                      {2 * kSecond + 1, false}}) {
    record.started_us = record.died_us - ran;
    EXPECT_EQ(Matches(match, record), expected) << ran;
  }
  record.started_us.reset();
  EXPECT_FALSE(Matches(match, record)) << "not known";
  EXPECT_FALSE(Matches({.min_run_time_us = 0}, record)) << "not known";
}

TEST(HoldMatch, WhatIsNotKnownDoesNotMatchAKeyThatAsksForIt) {
  DeathRecord record = Record(5, "");
  for (const HoldMatch& match :
       {HoldMatch{.services = {"*"}}, HoldMatch{.comm = {"*"}}, HoldMatch{.exe = {"*"}},
        HoldMatch{.cmdline = {"*"}}, HoldMatch{.cwd = {"*"}}, HoldMatch{.uids = {0}},
        HoldMatch{.cgroup = {"*"}}}) {
    record.shadow.reset();
    EXPECT_FALSE(Matches(match, record));
    record.shadow = std::make_shared<const Shadow>();
    EXPECT_FALSE(Matches(match, record)) << "seen alive, but not that";
  }
  EXPECT_TRUE(Matches({}, record));
}

TEST(HoldMatch, TextsAreGlobs) {
  DeathRecord record = Record(5);
  record.service = "job-7";
  record.uid = 1000;
  record.shadow = SeenAlive();
  EXPECT_TRUE(Matches({.services = {"job-*"}}, record));
  EXPECT_TRUE(Matches({.exe = {"/app/*"}}, record));
  EXPECT_FALSE(Matches({.exe = {"app"}}, record));
  EXPECT_TRUE(Matches({.cwd = {"/a??"}}, record));
  EXPECT_TRUE(Matches({.uids = {0, 1000}}, record));
  EXPECT_FALSE(Matches({.uids = {0}}, record));
  EXPECT_TRUE(Matches({.cmdline = {"worker --queue [ab]"}}, record)) << "joined by blanks";
  EXPECT_FALSE(Matches({.cmdline = {"worker"}}, record));
}

TEST(HoldMatch, TheCgroupOfTheZombieGoesBeforeThatOfTheLiving) {
  DeathRecord record = Record(5);
  record.shadow = SeenAlive();
  EXPECT_TRUE(Matches({.cgroup = {"/svc/*"}}, record));
  record.cgroup = "/other";
  EXPECT_FALSE(Matches({.cgroup = {"/svc/*"}}, record));
  EXPECT_TRUE(Matches({.cgroup = {"/other"}}, record));
}

TEST(CouldMatch, AsksTheLivingForWhatTheyCanShow) {
  const ProcessInfo process{.pid = 5, .shadow = SeenAlive(), .service = "web"};
  HoldRule rule = RuleFor("a", "work*");
  rule.match.causes = {Cause::kOomKill};  // only its end can tell
  rule.match.uids = {0};
  EXPECT_TRUE(CouldMatch(rule, process));
  EXPECT_FALSE(CouldMatch(RuleFor("a", "other"), process));
  rule.match = {.services = {"db"}};
  EXPECT_FALSE(CouldMatch(rule, process));
  rule.match = {.exe = {"/bin/*"}};
  EXPECT_FALSE(CouldMatch(rule, process));
  rule.match = {.cmdline = {"* --queue a"}, .cwd = {"/app"}, .cgroup = {"/svc/*"}};
  EXPECT_TRUE(CouldMatch(rule, process));
  rule.match = {.cgroup = {"/none"}};
  EXPECT_FALSE(CouldMatch(rule, process));
}

TEST(CouldMatch, KnowsRoles) {
  HoldRule rule = RuleFor("a", "*");
  ProcessInfo process{.pid = 5, .role = Role::kMain, .shadow = SeenAlive()};
  EXPECT_FALSE(CouldMatch(rule, process));
  process.role = Role::kHelper;
  EXPECT_FALSE(CouldMatch(rule, process));
  process.role = Role::kMain;
  rule.match.roles = {Role::kMain};
  EXPECT_TRUE(CouldMatch(rule, process));
}

TEST(CouldMatch, WhoWasNotLookedAtMight) {
  HoldRule rule = RuleFor("a", "nobody");
  EXPECT_TRUE(CouldMatch(rule, ProcessInfo{.pid = 5}));
  rule.match = {.services = {"web"}};
  EXPECT_FALSE(CouldMatch(rule, ProcessInfo{.pid = 5})) << "services are ours: that is known";
}

TEST(CouldMatch, WhatALookDidNotFindOutWillNotMatchLater) {
  const ProcessInfo process{.pid = 5, .shadow = std::make_shared<const Shadow>()};
  HoldRule rule;
  rule.match = {.cmdline = {"*"}};
  EXPECT_FALSE(CouldMatch(rule, process));
  rule.match = {.cgroup = {"*"}};
  EXPECT_TRUE(CouldMatch(rule, process)) << "a zombie shows its cgroup";
}

TEST(NeedsCmdline, OnlyWhenARuleAsksForIt) {
  HoldSpec spec;
  spec.rules = {RuleFor("a", "worker"), RuleFor("b", "other")};
  EXPECT_FALSE(NeedsCmdline(spec));
  spec.rules[1].match.cmdline = {"*x*"};
  EXPECT_TRUE(NeedsCmdline(spec));
}

}  // namespace
}  // namespace reaperd::reap
