// 'cause=signal+core-dump,for=30s': what it means, and what is said when it means nothing.
#include "config/short_form.h"

#include <gtest/gtest.h>
#include <signal.h>

#include "config/config_parser.h"

namespace reaperd::config {
namespace {

using model::Cause;
using model::HoldEnd;
using Texts = std::vector<std::string>;

model::HoldRule RuleOf(std::string_view text) {
  auto rule = ParseHoldRule(text);
  EXPECT_TRUE(rule.ok()) << (rule.ok() ? "" : rule.error().message());
  return rule.ok() ? std::move(rule).value() : model::HoldRule{};
}

std::string Refusal(std::string_view text) {
  const auto rule = ParseHoldRule(text);
  return rule.ok() ? "accepted" : rule.error().message();
}

std::string ForeignRefusal(std::string_view text) {
  const auto spec = ParseForeignZombies(text);
  return spec.ok() ? "accepted" : spec.error().message();
}

TEST(HoldShortForm, TakesEveryKeyOfARule) {
  const model::HoldRule rule = RuleOf(
      "name=w,cause=signal+core-dump,exit_codes=1-125+200,signals=SEGV+9,exclude_signals=TERM,"
      "role=adopted+main,service=a*+b,comm=worker*,exe=/usr/*,cmdline=x y=z,cwd=/,uid=0+1000,"
      "cgroup=/svc,min_run_time=1s,max_run_time=500ms,for=30s,keep=5");
  EXPECT_EQ(rule.name, "w");
  EXPECT_EQ(rule.match.causes, (std::vector<Cause>{Cause::kSignal, Cause::kCoreDump}));
  EXPECT_EQ(rule.match.exit_codes, (std::vector<model::CodeRange>{{1, 125}, {200, 200}}));
  EXPECT_EQ(rule.match.signals, (std::vector<int>{SIGSEGV, SIGKILL}));
  EXPECT_EQ(rule.match.exclude_signals, std::vector<int>{SIGTERM});
  EXPECT_EQ(rule.match.roles,
            (std::vector<model::Role>{model::Role::kAdopted, model::Role::kMain}));
  EXPECT_EQ(rule.match.services, (Texts{"a*", "b"}));
  EXPECT_EQ(rule.match.cmdline, Texts{"x y=z"});
  EXPECT_EQ(rule.match.uids, (std::vector<uid_t>{0, 1000}));
  EXPECT_EQ(rule.match.min_run_time_us, kSecond);
  EXPECT_EQ(rule.match.max_run_time_us, 500 * kMillisecond);
  EXPECT_EQ(rule.for_us, 30 * kSecond);
  EXPECT_EQ(rule.keep, 5U);
  EXPECT_EQ(rule.end, HoldEnd::kTime);
}

TEST(HoldShortForm, MeansWhatTheFileMeans) {
  const auto file = ParseHoldText(
      R"({"rules":[{"name":"n","match":{"cause":"abnormal","comm":["a","b"]},"until":"released"}]})",
      "f");
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(RuleOf("name=n,cause=abnormal,comm=a+b,until=released"), file->spec.rules[0]);
}

TEST(HoldShortForm, KnowsTheEndsOfAHold) {
  EXPECT_EQ(RuleOf("until=released").end, HoldEnd::kReleased);
  EXPECT_EQ(RuleOf("until=replaced").end, HoldEnd::kReplaced);
  const model::HoldRule rule = RuleOf("until=barrier:jobs");
  EXPECT_EQ(rule.end, HoldEnd::kBarrier);
  EXPECT_EQ(rule.barrier, "jobs");
}

TEST(HoldShortForm, ARealTimeSignalKeepsItsPlus) {
  EXPECT_EQ(RuleOf("signals=RTMIN+3").match.signals, std::vector<int>{SIGRTMIN + 3});
  EXPECT_EQ(RuleOf("signals=TERM+SIGRTMIN+3+RTMAX-1+RTMIN+KILL").match.signals,
            (std::vector<int>{SIGTERM, SIGRTMIN + 3, SIGRTMAX - 1, SIGRTMIN, SIGKILL}));
}

TEST(HoldShortForm, ABackslashKeepsSeparators) {
  EXPECT_EQ(RuleOf(R"(comm=g\+\++a\,b+c\\d)").match.comm, (Texts{"g++", "a,b", R"(c\d)"}));
}

struct Bad {
  const char* text;
  const char* message;
};

void PrintTo(const Bad& bad, std::ostream* out) {
  *out << bad.text;
}

class BadRule : public ::testing::TestWithParam<Bad> {};

TEST_P(BadRule, IsOneLineWithKeyValueAndExpectation) {
  EXPECT_EQ(Refusal(GetParam().text), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Golden, BadRule,
    ::testing::Values(
        Bad{"", "'': expected KEY=VALUE, as in cause=signal+core-dump,for=30s"},
        Bad{"for=5s,", "'': expected KEY=VALUE, as in cause=signal+core-dump,for=30s"},
        Bad{"crashes", "'crashes': expected KEY=VALUE, as in cause=signal+core-dump,for=30s"},
        Bad{"for=5x", "for '5x': expected a duration such as 500ms, 5s, 2m, 1h or 0"},
        Bad{"for=5s+6s", "for '5s+6s': expected a duration such as 500ms, 5s, 2m, 1h or 0"},
        Bad{"cuase=signal", "unknown key 'cuase'; did you mean 'cause'?"},
        Bad{"match=signal",
            "unknown key 'match'; known here: cause, exit_codes, signals, exclude_signals, role, "
            "service, comm, exe, cmdline, cwd, uid, cgroup, min_run_time, max_run_time, name, for, "
            "until, keep"},
        Bad{"comm=a,comm=b", "comm: given twice; '+' separates several values"},
        Bad{"comm=a+", "comm '': expected a glob: text that is not empty, with * ? and [a-z]"},
        Bad{"comm=a\\b", "comm 'a\\\\b': a backslash stands before ',', '+' or '\\' only"},
        Bad{"comm=a\\", "comm 'a\\\\': a backslash stands before ',', '+' or '\\' only"},
        Bad{"comm=\x1b[", "comm '\\x1b[': a '[' that no ']' closes"},
        Bad{"until=later", "until 'later': expected released, replaced or barrier:NAME"},
        Bad{"until=barrier:",
            "until '': expected a name of 1 to 64 letters, digits, '.', '_' or '-' (not 'lease')"},
        Bad{"until=barrier", "until 'barrier': expected released, replaced or barrier:NAME"},
        Bad{"signals=TERM+FOO",
            "signals 'FOO': expected a signal such as TERM, SIGTERM, 15 or RTMIN+3"},
        Bad{"signals=RTMIN+99",
            "signals 'RTMIN+99': expected a signal such as TERM, SIGTERM, 15 or RTMIN+3"},
        Bad{"role=mian",
            "role 'mian': expected main, service, hook, helper, adopted or entered; did you mean "
            "'main'?"}));

TEST(HoldShortForm, EveryRuleComesBackFromItsText) {
  for (const std::string_view text :
       {"cause=signal+core-dump,for=30s", "name=a,cause=abnormal,until=released,keep=3",
        "signals=RTMIN+0+32+33+RTMIN+3+RTMAX,for=90s", R"(comm=g\+\++a\,b+c\\d,until=barrier:x)",
        "exit_codes=0+1-125,min_run_time=1500ms,max_run_time=24h,until=replaced", "for=0"}) {
    const model::HoldRule rule = RuleOf(text);
    EXPECT_EQ(RuleOf(FormatHoldRule(rule)), rule) << FormatHoldRule(rule);
  }
  EXPECT_EQ(FormatHoldRule(RuleOf("name=x,cause=abnormal,for=5s")), "name=x,cause=abnormal,for=5s");
  EXPECT_EQ(FormatHoldRule(RuleOf("name=x,cause=signal,for=5s")), "name=x,cause=signal,for=5s");
  EXPECT_EQ(FormatHoldRule(RuleOf("for=90s,exit_codes=1-125+3,name=x")),
            "name=x,exit_codes=1-125+3,for=90s");
}

TEST(ForeignZombiesShortForm, TakesEveryKey) {
  const auto spec = ParseForeignZombies("interval=10s,action=nudge,min_age=5s,exempt=sshd+cron*");
  ASSERT_TRUE(spec.ok()) << spec.error().message();
  EXPECT_EQ(spec->interval_us, 10 * kSecond);
  EXPECT_EQ(spec->action, model::ForeignAction::kNudge);
  EXPECT_EQ(spec->min_age_us, 5 * kSecond);
  EXPECT_EQ(spec->exempt, (Texts{"sshd", "cron*"}));
}

TEST(ForeignZombiesShortForm, OffIsOnDemandOnly) {
  const auto spec = ParseForeignZombies("interval=off");
  ASSERT_TRUE(spec.ok());
  EXPECT_EQ(*spec, model::ForeignZombieSpec{});
}

TEST(ForeignZombiesShortForm, WhatIsWrongIsOneLine) {
  EXPECT_EQ(ForeignRefusal("interval=0"),
            "interval '0': expected off, or a duration of 100ms or more");
  EXPECT_EQ(ForeignRefusal("interval=99ms"),
            "interval '99ms': expected off, or a duration of 100ms or more");
  EXPECT_EQ(ForeignRefusal("action=kill"),
            "action 'kill': expected report, nudge, terminate-parent or kill-parent");
  EXPECT_EQ(ForeignRefusal("min_age=old"),
            "min_age 'old': expected a duration such as 500ms, 5s, 2m, 1h or 0");
  EXPECT_EQ(ForeignRefusal("intervall=1s"), "unknown key 'intervall'; did you mean 'interval'?");
  EXPECT_EQ(ForeignRefusal("off"),
            "'off': expected KEY=VALUE, as in interval=10s,action=nudge,min_age=10s");
}

}  // namespace
}  // namespace reaperd::config
