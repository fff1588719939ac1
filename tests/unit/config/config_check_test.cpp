// Whether the whole makes sense: every rule across keys, with the text that tells of it.
#include "config/config_check.h"

#include <gtest/gtest.h>

#include <limits>

#include "config/config_parser.h"
#include "config/config_setters.h"
#include "config/short_form.h"

namespace reaperd::config {
namespace {

using Lines = std::vector<std::string>;

HoldConfig Parsed(std::string_view text) {
  auto config = ParseHoldText(text, "h.json");
  EXPECT_TRUE(config.ok()) << (config.ok() ? "" : config.error().message());
  return config.ok() ? std::move(config).value() : HoldConfig{};
}

Findings Check(std::string_view text, Mode mode = Mode::kServices) {
  return CheckHold(Parsed(text), mode);
}

/// Of one rule 'r' with this match: the single finding, without its place and name.
std::string About(const Lines& lines) {
  if (lines.empty()) return "nothing";
  if (lines.size() > 1) return std::to_string(lines.size()) + " lines: " + lines[0] + lines[1];
  const std::size_t name = lines[0].find("rule 'r': ");
  return name == std::string::npos ? lines[0] : lines[0].substr(name + 10);
}

Findings CheckRule(std::string_view rule, Mode mode = Mode::kServices) {
  HoldConfig config;
  auto parsed = ParseHoldRule("name=r," + std::string(rule));
  EXPECT_TRUE(parsed.ok()) << (parsed.ok() ? "" : parsed.error().message());
  if (parsed.ok()) config.AddRule(std::move(parsed).value(), "--hold '" + std::string(rule) + "'");
  return CheckHold(config, mode);
}

TEST(ConfigCheck, TheExampleOfTheManualIsClean) {
  const Findings findings = Check(R"({"rules":[
    {"name":"crashes","match":{"cause":["signal","core-dump","oom-kill"],"exclude_signals":["SIGTERM"]},"for":"5m","keep":20},
    {"name":"batch","match":{"service":"job-*"},"until":{"barrier":"jobs"}}],
    "barriers":{"jobs":{"release_when":{"count":10},"timeout":"10m"}}})");
  EXPECT_EQ(findings.errors, Lines{});
  EXPECT_EQ(findings.warnings, Lines{});
  EXPECT_EQ(findings.notes, Lines{});
  EXPECT_EQ(CheckHold({}, Mode::kCommand).errors, Lines{});
}

TEST(ConfigCheck, MessagesNameLinePathAndRule) {
  const Findings findings = Check(
      "{\"hold\":{\"rules\":[\n{\"name\":\"a\",\"for\":\"1s\"},\n{\"name\":\"b\",\n\"match\":{\n"
      "\"exit_codes\":1,\n\"signals\":9},\"for\":\"1s\"}]}}");
  ASSERT_EQ(findings.errors.size(), 1U);
  EXPECT_EQ(
      findings.errors[0],
      "h.json:6: hold.rules[1].match.signals: rule 'b': never matches: exit_codes and signals "
      "are both given, and a death is one of them");
  const Findings option = CheckRule("exit_codes=1,signals=9,for=1s");
  ASSERT_EQ(option.errors.size(), 1U);
  EXPECT_EQ(option.errors[0],
            "--hold 'exit_codes=1,signals=9,for=1s': signals: rule 'r': never matches: exit_codes "
            "and signals are both given, and a death is one of them");
}

TEST(ConfigCheck, ASpecWithoutSourcesIsToldByItsPath) {
  HoldConfig config;
  config.spec.rules.push_back({.name = "a", .for_us = kSecond});
  config.spec.rules.push_back({.for_us = kSecond});
  config.spec.rules.push_back({.name = "a", .match = {.comm = {"x"}}, .for_us = kSecond});
  const Findings findings = CheckHold(config, Mode::kCommand);
  ASSERT_EQ(findings.errors.size(), 2U);
  EXPECT_EQ(findings.errors[0],
            "hold.rules[1].name: rule without a name: expected a name of 1 to 64 letters, digits, "
            "'.', '_' or '-' (not 'lease')");
  EXPECT_EQ(findings.errors[1], "hold.rules[2].name: rule 'a': its name is taken: hold.rules[0]");
}

struct Row {
  const char* rule;
  const char* text;
};

void PrintTo(const Row& row, std::ostream* out) {
  *out << row.rule;
}

class CheckError : public ::testing::TestWithParam<Row> {};

TEST_P(CheckError, IsRefusedWithTheReason) {
  EXPECT_EQ(About(CheckRule(GetParam().rule).errors), GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(
    Contradictions, CheckError,
    ::testing::Values(
        Row{"exit_codes=1,cause=signal+core-dump,for=1s",
            "never matches: what exit_codes leaves is never signal, core-dump"},
        Row{"exit_codes=0,cause=exit-error,for=1s",
            "never matches: what exit_codes leaves is never exit-error"},
        Row{"exit_codes=1-255,cause=success,for=1s",
            "never matches: what exit_codes leaves is never success"},
        Row{"signals=TERM,cause=success+exit-error,for=1s",
            "never matches: what signals leaves is never success, exit-error"},
        Row{"signals=TERM,cause=oom-kill,for=1s",
            "never matches: what signals leaves is never oom-kill"},
        Row{"signals=KILL,cause=signal,for=1s",
            "never matches: what signals leaves is never signal"},
        Row{"exclude_signals=KILL,cause=oom-kill+unknown-sigkill,for=1s",
            "never matches: what exclude_signals leaves is never oom-kill, unknown-sigkill"},
        Row{"signals=TERM+KILL,exclude_signals=KILL+TERM,for=1s",
            "never matches: all of signals are excluded again"},
        Row{"min_run_time=2s,max_run_time=1s,for=1s",
            "never matches: min_run_time 2s is above max_run_time 1s"},
        Row{"role=main,service=web,for=1s",
            "never matches: the role main is that of the service 'main'"},
        Row{"role=helper,for=1s", "never matches: reaperd's own helpers are never held"},
        Row{"for=0", "0 holds nothing"},
        Row{"for=1s,until=released", "for and until are both given: one ends a hold"},
        Row{"until=barrier:x", "there is no barrier 'x'"},
        Row{"role=adopted+main,until=replaced",
            "replaced: only a service's main process is ever replaced, and role service is not "
            "among its roles"}));

class CheckWarning : public ::testing::TestWithParam<Row> {};

TEST_P(CheckWarning, IsToldAndNotRefused) {
  const Findings findings = CheckRule(GetParam().rule);
  EXPECT_EQ(findings.errors, Lines{});
  EXPECT_EQ(About(findings.warnings), GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(
    Doubts, CheckWarning,
    ::testing::Values(
        Row{"exit_codes=1,cause=signal+exit-error,for=1s",
            "never matches by signal: exit_codes must match, too; two rules would say \"or\""},
        Row{"exit_codes=1,exclude_signals=TERM,for=1s",
            "changes nothing: no death by a signal matches anyway"},
        Row{"cause=success,exclude_signals=TERM,for=1s",
            "changes nothing: no death by a signal matches anyway"},
        Row{"service=main,for=1s", "main itself is matched only by a rule with role main"},
        Row{"comm=x", "neither for nor until: held for limits.max_time (15m00s)"},
        Row{"for=16m", "16m00s is shortened to limits.max_time (15m00s)"},
        Row{"until=replaced",
            "replaced: only a service's main process is ever replaced; others are held for "
            "limits.max_time (15m00s), unless role is service alone"}));

TEST(ConfigCheck, GoodRulesAreLeftInPeace) {
  for (const std::string_view rule :
       {"cause=abnormal,exit_codes=1-125,for=1s", "cause=abnormal,signals=SEGV,for=1s",
        "cause=oom-kill,signals=KILL,for=1s", "cause=watchdog,exit_codes=1,for=1s",
        "cause=signal,exclude_signals=TERM,for=1s", "signals=TERM+KILL,exclude_signals=KILL,for=1s",
        "min_run_time=1s,max_run_time=1s,for=1s", "role=main,service=main,for=1s",
        "role=main,service=m*,for=1s", "role=service,until=replaced", "for=15m",
        "role=main+service,service=web,for=1s"}) {
    const Findings findings = CheckRule(rule);
    EXPECT_EQ(findings.errors, Lines{}) << rule;
    EXPECT_EQ(findings.warnings, Lines{}) << rule;
  }
}

TEST(ConfigCheck, NotesTellWhatIsTrueAndGoodToKnow) {
  EXPECT_EQ(
      About(CheckRule("exe=/a,cwd=/,for=1s").notes),
      "exe, cwd: matches only processes that were seen alive, since a zombie does not show it");
  EXPECT_EQ(About(CheckRule("until=released").notes),
            "released after limits.max_time (15m00s) at the latest");
  EXPECT_EQ(CheckRule("until=released").warnings, Lines{});
}

TEST(ConfigCheck, CommandModeReplacesNothingAndHasMainOnly) {
  EXPECT_EQ(About(CheckRule("until=replaced", Mode::kCommand).errors),
            "replaced: only a service's main process is ever replaced, and command mode starts "
            "nothing again");
  for (const std::string_view rule : {"service=web,for=1s", "service=w*,for=1s"}) {
    EXPECT_EQ(About(CheckRule(rule, Mode::kCommand).errors),
              "never matches: command mode has the service 'main' only");
  }
  EXPECT_EQ(About(CheckRule("role=service+helper,for=1s", Mode::kCommand).errors),
            "never matches: in command mode nobody is a service");
  EXPECT_EQ(About(CheckRule("cause=watchdog,for=1s", Mode::kCommand).errors),
            "never matches: command mode has no watchdog");
  for (const std::string_view rule :
       {"service=m*+web,role=main,for=1s", "role=service+adopted,for=1s",
        "cause=watchdog+signal,for=1s"}) {
    EXPECT_EQ(CheckRule(rule, Mode::kCommand).errors, Lines{}) << rule;
  }
}

TEST(ConfigCheck, ARuleThatIsNeverReachedIsToldOnce) {
  const Findings findings = Check(R"({"rules":[
    {"name":"some","match":{"comm":"a"},"for":"1s"},
    {"name":"again","match":{"comm":"a"},"for":"2s"},
    {"name":"all","for":"1s"},
    {"name":"late","match":{"comm":"b"},"for":"1s"},
    {"name":"mine","match":{"role":"main"},"for":"1s"}]})");
  EXPECT_EQ(findings.errors, Lines{});
  EXPECT_EQ(
      findings.warnings,
      (Lines{"h.json:3: hold.rules[1]: rule 'again': never reached: rule 'some' before it "
             "takes the same",
             "h.json:5: hold.rules[3]: rule 'late': never reached: rule 'all' before it takes "
             "everything"}));
}

TEST(ConfigCheck, BarriersAreCompletedInOneWayAndUsed) {
  const Findings findings = Check(R"({"rules":[
{"name":"a","match":{"comm":"a"},"until":{"barrier":"both"}},
{"name":"b","match":{"comm":"b"},"until":{"barrier":"none"}},
{"name":"c","match":{"comm":"c"},"until":{"barrier":"many"}},
{"name":"d","match":{"comm":"d"},"until":{"barrier":"nome"}}],
"barriers":{
"both":{"release_when":{"count":2,"all":true},"timeout":"1m"},
"none":{},
"many":{"release_when":{"count":65},"timeout":"1h"},
"unused":{"release_when":{"all":true},"timeout":"1m"}}})");
  EXPECT_EQ(
      findings.errors,
      (Lines{"h.json:5: hold.rules[3].until: rule 'd': there is no barrier 'nome'; did you "
             "mean 'none'?",
             "h.json:7: hold.barriers.both.release_when: barrier 'both': count and all are "
             "both given: one completes it",
             "h.json:8: hold.barriers.none.release_when: barrier 'none': expected {\"count\": "
             "NUMBER} or {\"all\": true}"}));
  EXPECT_EQ(findings.warnings,
            (Lines{"h.json:8: hold.barriers.none: barrier 'none': no timeout: released after "
                   "limits.max_time (15m00s)",
                   "h.json:9: hold.barriers.many.release_when.count: barrier 'many': 65 is above "
                   "limits.max_held (64): the first go before it is complete",
                   "h.json:9: hold.barriers.many.timeout: barrier 'many': 1h00m is shortened to "
                   "limits.max_time (15m00s)",
                   "h.json:10: hold.barriers.unused: barrier 'unused': no rule uses it"}));
}

TEST(ConfigCheck, ABarrierOfTwoFilesIsRefused) {
  const std::string text = R"({"barriers":{"j":{"release_when":{"all":true},"timeout":"1m"}}})";
  auto both = ParseHoldText(text, "b.json", Parsed(text));
  ASSERT_TRUE(both.ok());
  EXPECT_EQ(CheckHold(*both, Mode::kServices).errors,
            (Lines{"b.json:1: hold.barriers.j: barrier 'j': its name is taken: h.json:1: "
                   "hold.barriers.j"}));
}

TEST(ConfigCheck, ValuesThatNoTextCanGiveAreRefused) {
  HoldConfig config;
  config.spec.rules.push_back({.name = "r",
                               .match = {.exit_codes = {{5, 3}, {0, 256}}, .exclude_signals = {65}},
                               .for_us = kSecond,
                               .keep = 0});
  config.spec.barriers.push_back({.name = "a b", .count = 0, .timeout_us = kSecond});
  config.spec.limits.max_share_of_pids = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(CheckHold(config, Mode::kCommand).errors,
            (Lines{"hold.rules[0].match.exit_codes: rule 'r': 5-3 is not a range within 0 to 255",
                   "hold.rules[0].match.exit_codes: rule 'r': 0-256 is not a range within 0 to 255",
                   "hold.rules[0].match.exclude_signals: rule 'r': 65 is not a signal",
                   "hold.rules[0].keep: rule 'r': 0 holds nothing",
                   "hold.barriers.a b: barrier 'a b': expected a name of 1 to 64 letters, digits, "
                   "'.', '_' or '-' (not 'lease')",
                   "hold.barriers.a b.release_when.count: barrier 'a b': 0 is complete from the "
                   "start",
                   "hold.limits.max_share_of_pids: expected a number above 0 and up to 1"}));
}

TEST(ConfigCheck, LimitsOfNothingHoldNothing) {
  const Findings findings = Check(
      "{\"rules\":[{\"name\":\"a\",\"for\":0}],\n\"limits\":{\"max_held\":0,\"max_time\":0}}");
  EXPECT_EQ(findings.warnings, (Lines{"h.json:2: hold.limits.max_held: 0: nothing is held",
                                      "h.json:2: hold.limits.max_time: 0: nothing is held"}));
}

TEST(ConfigCheck, TheNumberOfRulesIsBounded) {
  HoldConfig config;
  for (std::size_t i = 0; i <= kMaxHoldRules; ++i)
    config.spec.rules.push_back({.name = "r" + std::to_string(i), .for_us = kSecond});
  config.spec.barriers.resize(kMaxBarriers + 1);
  EXPECT_EQ(
      CheckHold(config, Mode::kCommand).errors,
      (Lines{"hold.rules: 257 rules, more than 256", "hold.barriers: 65 barriers, more than 64"}));
}

}  // namespace
}  // namespace reaperd::config
