// The object `hold` of a file: what its keys mean, and all that is said when something is wrong.
#include "config/config_parser.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <string>

#include "base/text.h"
#include "config/config_keys.h"

namespace reaperd::config {
namespace {

using model::Cause;
using model::HoldEnd;
using model::Role;
using Texts = std::vector<std::string>;

HoldConfig Parsed(std::string_view text, HoldConfig base = {}) {
  auto config = ParseHoldText(text, "h.json", std::move(base));
  EXPECT_TRUE(config.ok()) << (config.ok() ? "" : config.error().message());
  return config.ok() ? std::move(config).value() : HoldConfig{};
}

std::string Refusal(std::string_view text) {
  const auto config = ParseHoldText(text, "h.json");
  return config.ok() ? "accepted" : config.error().message();
}

/// What one rule with these members says.
model::HoldRule RuleOf(const std::string& members) {
  const HoldConfig config = Parsed(R"({"rules":[{)" + members + "}]}");
  EXPECT_EQ(config.spec.rules.size(), 1U);
  return config.spec.rules.empty() ? model::HoldRule{} : config.spec.rules.front();
}

/// The message about one key of a rule, without its place.
std::string RuleRefusal(const std::string& members) {
  const std::string text = Refusal(R"({"rules":[{)" + members + "}]}");
  const std::string_view place = "h.json:1: hold.rules[0].";
  return text.starts_with(place) ? text.substr(place.size()) : text;
}

constexpr std::string_view kWhole = R"(// all keys
{"hold": {
  "rules": [
    {"name":"crashes",
     "match":{"cause":["signal","core-dump"],"exclude_signals":["SIGTERM",15,"RTMIN+3"]},
     "for":"5m","keep":20},
    {"name":"workers",
     "match":{"comm":"worker*","role":["adopted","main"],"exit_codes":["1-125",130],
              "signals":9,"service":"a*","exe":"/usr/*","cmdline":["x *","y"],"cwd":"/srv/?",
              "uid":[0,"1000"],"cgroup":"/svc/*","min_run_time":"1s","max_run_time":"2h"},
     "until":"released"},
    {"name":"batch","match":{"service":"job-[a-z]"},"until":{"barrier":"jobs"}},
    {"name":"old","match":{},"until":"replaced"}
  ],
  "barriers": {"jobs":{"release_when":{"count":10},"timeout":"10m"},
               "rest":{"release_when":{"all":true}}},
  "limits": {"max_held":40,"max_share_of_pids":0.5,"max_time":"20m"} // the end
}})";

TEST(ConfigParser, ReadsEveryKey) {
  const model::HoldSpec spec = Parsed(kWhole).spec;
  ASSERT_EQ(spec.rules.size(), 4U);
  const model::HoldRule& crashes = spec.rules[0];
  EXPECT_EQ(crashes.name, "crashes");
  EXPECT_EQ(crashes.match.causes, (std::vector<Cause>{Cause::kSignal, Cause::kCoreDump}));
  EXPECT_EQ(crashes.match.exclude_signals, (std::vector<int>{SIGTERM, SIGRTMIN + 3}));
  EXPECT_EQ(crashes.end, HoldEnd::kTime);
  EXPECT_EQ(crashes.for_us, 300 * kSecond);
  EXPECT_EQ(crashes.keep, 20U);

  const model::HoldRule& workers = spec.rules[1];
  EXPECT_EQ(workers.end, HoldEnd::kReleased);
  EXPECT_EQ(workers.match.comm, Texts{"worker*"});
  EXPECT_EQ(workers.match.roles, (std::vector<Role>{Role::kAdopted, Role::kMain}));
  EXPECT_EQ(workers.match.exit_codes, (std::vector<model::CodeRange>{{1, 125}, {130, 130}}));
  EXPECT_EQ(workers.match.signals, std::vector<int>{SIGKILL});
  EXPECT_EQ(workers.match.services, Texts{"a*"});
  EXPECT_EQ(workers.match.exe, Texts{"/usr/*"});
  EXPECT_EQ(workers.match.cmdline, (Texts{"x *", "y"}));
  EXPECT_EQ(workers.match.cwd, Texts{"/srv/?"});
  EXPECT_EQ(workers.match.uids, (std::vector<uid_t>{0, 1000}));
  EXPECT_EQ(workers.match.cgroup, Texts{"/svc/*"});
  EXPECT_EQ(workers.match.min_run_time_us, kSecond);
  EXPECT_EQ(workers.match.max_run_time_us, 7200 * kSecond);

  EXPECT_EQ(spec.rules[2].end, HoldEnd::kBarrier);
  EXPECT_EQ(spec.rules[2].barrier, "jobs");
  EXPECT_EQ(spec.rules[3].end, HoldEnd::kReplaced);

  ASSERT_EQ(spec.barriers.size(), 2U);
  EXPECT_EQ(spec.barriers[0], (model::Barrier{"jobs", 10, false, 600 * kSecond}));
  EXPECT_EQ(spec.barriers[1], (model::Barrier{"rest", std::nullopt, true, std::nullopt}));
  EXPECT_EQ(spec.limits, (model::HoldLimits{40, 0.5, 1200 * kSecond}));
}

TEST(ConfigParser, TheObjectItselfAndTheWrappedOneAreTheSame) {
  const std::string inner = R"({"rules":[{"name":"a","for":"1s"}]})";
  EXPECT_EQ(Parsed(inner).spec, Parsed(R"({"hold":)" + inner + "}").spec);
  EXPECT_EQ(Parsed("{}").spec, model::HoldSpec{});
}

TEST(ConfigParser, AbnormalStandsForWhatItMeans) {
  const std::vector<Cause> causes =
      RuleOf(R"("match":{"cause":["oom-kill","abnormal"]})").match.causes;
  EXPECT_EQ(causes.size(), model::kCauses.size() - 3) << "none is there twice";
  for (const Cause cause : causes)
    EXPECT_TRUE((model::Verdict{cause, ""}.abnormal()));
}

TEST(ConfigParser, ADurationOfZeroNeedsNoUnit) {
  EXPECT_EQ(RuleOf(R"("for":0)").for_us, 0);
  EXPECT_EQ(RuleOf(R"("for":"0")").for_us, 0);
}

struct Bad {
  const char* members;
  const char* message;
};

void PrintTo(const Bad& bad, std::ostream* out) {
  *out << bad.members;
}

class BadValue : public ::testing::TestWithParam<Bad> {};

TEST_P(BadValue, IsToldWithItsPathAndWhatWasExpected) {
  EXPECT_EQ(RuleRefusal(GetParam().members), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Golden, BadValue,
    ::testing::Values(
        Bad{R"("for":"5x")", "for: '5x': expected a duration such as 500ms, 5s, 2m, 1h or 0"},
        Bad{R"("for":5)", "for: 5: expected a duration such as 500ms, 5s, 2m, 1h or 0"},
        Bad{R"("for":["5s"])", "for: a list: expected a duration such as 500ms, 5s, 2m, 1h or 0"},
        Bad{R"("for":null)", "for: null: expected a duration such as 500ms, 5s, 2m, 1h or 0"},
        Bad{R"("keep":0)", "keep: 0: expected a whole number from 1 to 4294967295"},
        Bad{R"("keep":-1)", "keep: -1: expected a whole number from 1 to 4294967295"},
        Bad{R"("keep":1.5)", "keep: 1.5: expected a whole number from 1 to 4294967295"},
        Bad{R"("keep":4294967296)",
            "keep: 4294967296: expected a whole number from 1 to 4294967295"},
        Bad{R"("keep":"3")", "keep: '3': expected a whole number from 1 to 4294967295"},
        Bad{R"("until":"forever")",
            "until: 'forever': expected \"released\", \"replaced\" or {\"barrier\": NAME}"},
        Bad{R"("until":true)",
            "until: true: expected \"released\", \"replaced\" or {\"barrier\": NAME}"},
        Bad{R"("until":{"barier":"x"})", "until: unknown key 'barier'; did you mean 'barrier'?"},
        Bad{R"("until":{"barrier":""})",
            "until.barrier: '': expected a name of 1 to 64 letters, digits, '.', '_' or '-' (not "
            "'lease')"},
        Bad{R"("name":"a b")",
            "name: 'a b': expected a name of 1 to 64 letters, digits, '.', '_' or '-' (not "
            "'lease')"},
        Bad{R"("match":[])", "match: a list: expected an object"},
        Bad{R"("match":{"cause":"oomkill"})",
            "match.cause: 'oomkill': expected forwarded-signal, stopped, escalated, watchdog, "
            "oom-kill, possible-oom, seccomp, core-dump, unknown-sigkill, signal, exec-failed, "
            "exit-error or success; or abnormal; did you mean 'oom-kill'?"},
        Bad{R"("match":{"role":["main","parent"]})",
            "match.role[1]: 'parent': expected main, service, hook, helper, adopted or entered"},
        Bad{R"("match":{"exit_codes":["1-125","125-1"]})",
            "match.exit_codes[1]: '125-1': expected an exit code from 0 to 255, or a range such as "
            "\"1-125\""},
        Bad{R"("match":{"exit_codes":256})",
            "match.exit_codes: 256: expected an exit code from 0 to 255, or a range such as "
            "\"1-125\""},
        Bad{R"("match":{"exit_codes":"-5"})",
            "match.exit_codes: '-5': expected an exit code from 0 to 255, or a range such as "
            "\"1-125\""},
        Bad{R"("match":{"signals":"TREM"})",
            "match.signals: 'TREM': expected a signal such as TERM, SIGTERM, 15 or RTMIN+3"},
        Bad{R"("match":{"exclude_signals":[0]})",
            "match.exclude_signals[0]: 0: expected a signal such as TERM, SIGTERM, 15 or RTMIN+3"},
        Bad{R"("match":{"comm":[]})",
            "match.comm: an empty list: expected a glob: text that is not empty, with * ? and "
            "[a-z]"},
        Bad{R"("match":{"comm":""})",
            "match.comm: '': expected a glob: text that is not empty, with * ? and [a-z]"},
        Bad{R"("match":{"comm":"a[b"})", "match.comm: 'a[b': a '[' that no ']' closes"},
        Bad{R"("match":{"uid":4294967295})",
            "match.uid: 4294967295: expected the number of a user, from 0 to 4294967294"},
        Bad{R"("match":{"uid":"root"})",
            "match.uid: 'root': expected the number of a user, from 0 to 4294967294"},
        Bad{R"("match":{"min_run_time":"1 s"})",
            "match.min_run_time: '1 s': expected a duration such as 500ms, 5s, 2m, 1h or 0"},
        Bad{R"("match":{"exit_code":1})",
            "match: unknown key 'exit_code'; did you mean 'exit_codes'?"},
        Bad{R"("match.cause":"signal")",
            "h.json:1: hold.rules[0]: unknown key 'match.cause'; known here: name, match, for, "
            "until, keep"}));

TEST(ConfigParser, ReportsAllProblemsAtOnceWithTheirLines) {
  EXPECT_EQ(
      Refusal(R"({
  "rules": [
    {"name":"a","for":"5x"},
    7,
    {"nam":"b",
     "match":{"cause":["signal",
                       "sgnal"]}}
  ],
  "barriers": {
    "jobs":{"release_when":{"count":0,"all":"yes"}},
    "a b":{},
    "c":5
  },
  "limits": {"max_held":-1,"max_share_of_pids":1.5,
             "max_time":"15"},
  "rulez": []
})"),
      "h.json:3: hold.rules[0].for: '5x': expected a duration such as 500ms, 5s, 2m, 1h or 0\n"
      "h.json:4: hold.rules[1]: 7: expected an object\n"
      "h.json:5: hold.rules[2]: unknown key 'nam'; did you mean 'name'?\n"
      "h.json:7: hold.rules[2].match.cause[1]: 'sgnal': expected forwarded-signal, stopped, "
      "escalated, watchdog, oom-kill, possible-oom, seccomp, core-dump, unknown-sigkill, "
      "signal, exec-failed, exit-error or success; or abnormal; did you mean 'signal'?\n"
      "h.json:10: hold.barriers.jobs.release_when.count: 0: expected a whole number from 1 "
      "to 4294967295\n"
      "h.json:10: hold.barriers.jobs.release_when.all: 'yes': expected true or false\n"
      "h.json:11: hold.barriers.a b: expected a name of 1 to 64 letters, digits, '.', '_' or "
      "'-' (not 'lease')\n"
      "h.json:12: hold.barriers.c: 5: expected an object\n"
      "h.json:14: hold.limits.max_held: -1: expected a whole number from 0 to 4294967295\n"
      "h.json:14: hold.limits.max_share_of_pids: 1.5: expected a number above 0 and up to 1, "
      "such as 0.25\n"
      "h.json:15: hold.limits.max_time: '15': expected a duration such as 500ms, 5s, 2m, 1h "
      "or 0\n"
      "h.json:16: hold: unknown key 'rulez'; did you mean 'rules'?");
}

TEST(ConfigParser, TheTopLevelIsTheObjectOrHoldsItAlone) {
  EXPECT_EQ(Refusal("[]"), "h.json:1: hold: a list: expected an object");
  EXPECT_EQ(Refusal(R"({"hold":5})"), "h.json:1: hold: 5: expected an object");
  EXPECT_EQ(Refusal("{\"hold\":{},\n\"services\":{}}"),
            "h.json:2: unknown key 'services'; known here: hold");
  EXPECT_EQ(Refusal(R"({"holds":{}})"),
            "h.json:1: hold: unknown key 'holds'; known here: rules, barriers, limits");
  EXPECT_NE(Refusal("nonsense").find("h.json:1: syntax error"), std::string::npos);
}

TEST(ConfigParser, ManyProblemsAreCounted) {
  std::string text = R"({"rules":[0)";
  for (int i = 1; i < 500; ++i)
    text += ",0";
  const std::string message = Refusal(text + "]}");
  const auto lines = Split(message, '\n');
  ASSERT_EQ(lines.size(), kMaxProblems);
  EXPECT_EQ(lines.back(), "h.json: and 401 more problems");
}

TEST(ConfigParser, MessagesArePrintable) {
  const std::string message = Refusal(
      R"({"\u001b":1,"rules":[{"name":"\u001b]0;x\u0007\n"}],"barriers":{"\n":{"timeout":1}}})");
  for (const std::string_view line : Split(message, '\n')) {
    EXPECT_TRUE(std::none_of(line.begin(), line.end(), [](char c) { return c >= 0 && c < ' '; }))
        << line;
  }
  EXPECT_EQ(Split(message, '\n').size(), 4U) << message;
}

TEST(ConfigParser, ASecondFileAddsRulesAndReplacesLimitsThatItNames) {
  HoldConfig base =
      Parsed(R"({"rules":[{"name":"a","for":"1s"}],"limits":{"max_held":7,"max_time":"1m"}})");
  base.AddRule({.name = "option"}, "--hold 'x'");
  base.warnings.emplace_back("kept");
  const HoldConfig both = Parsed(
      "{\"rules\":[\n{\"name\":\"b\"}],\"barriers\":{\"j\":{}},\"limits\":{\"max_time\":\"2m\"}}",
      std::move(base));
  ASSERT_EQ(both.spec.rules.size(), 3U);
  EXPECT_EQ(both.spec.rules[2].name, "b");
  EXPECT_EQ(both.spec.limits.max_held, 7U);
  EXPECT_EQ(both.spec.limits.max_time_us, 120 * kSecond);
  ASSERT_EQ(both.rule_sources.size(), 3U);
  EXPECT_EQ(both.rule_sources[0].Where("for"), "h.json:1: hold.rules[0].for");
  EXPECT_EQ(both.rule_sources[1].Where("match.cause"), "--hold 'x': cause");
  EXPECT_EQ(both.rule_sources[2].Where("name"), "h.json:2: hold.rules[0].name");
  EXPECT_EQ(both.barrier_sources[0].Where(), "h.json:2: hold.barriers.j");
  EXPECT_EQ(both.limits_source.Where("max_held"), "h.json:2: hold.limits.max_held");
  EXPECT_EQ(both.warnings, Texts{"kept"});
}

}  // namespace
}  // namespace reaperd::config
