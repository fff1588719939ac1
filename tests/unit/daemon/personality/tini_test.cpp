#include "daemon/personality/tini.h"

#include <gtest/gtest.h>
#include <signal.h>

#include "daemon/version.h"
#include "parse_helper.h"

namespace reaperd::daemon {
namespace {

using model::RunSpec;
using Command = std::vector<std::string>;

ParsedCommandLine Tini(const Texts& argv, const Texts& environment = {}) {
  return Parse(ParseTini, argv, environment);
}

RunSpec SpecOf(const Texts& argv, const Texts& environment = {}) {
  ParsedCommandLine parsed = Tini(argv, environment);
  EXPECT_TRUE(Runs(parsed)) << parsed.err;
  EXPECT_NE(parsed.voice, nullptr);
  return parsed.spec;
}

TEST(Tini, EndsWithItsCommandAndKillsNothing) {
  const RunSpec spec = SpecOf({"tini", "prog", "arg"});
  EXPECT_EQ(spec.main.command, (Command{"prog", "arg"}));
  EXPECT_EQ(spec.main.process_group, model::ProcessGroup::kOwn);
  EXPECT_TRUE(spec.main.shell_fallback);
  EXPECT_FALSE(spec.main.unblock_all_signals);
  EXPECT_EQ(spec.signals.target, model::SignalTarget::kMain);
  EXPECT_EQ(spec.signals.rewrite, model::SignalPolicy::IdentityRewrite());
  EXPECT_FALSE(spec.signals.forward_faults);
  EXPECT_EQ(spec.stop.grace.mode, model::Grace::Mode::kOff);
  EXPECT_EQ(spec.stop.drain_us, 0);
  EXPECT_FALSE(spec.stop.timeout_us.has_value());
  EXPECT_EQ(spec.stop.signal_group_at_end, 0);
  EXPECT_EQ(spec.exit.own_failure, 1);
  EXPECT_EQ(spec.exit.exec_failure, model::ExitPolicy::ExecFailure::kTini);
  EXPECT_TRUE(spec.exit.map.empty());
  EXPECT_EQ(spec.subreaper, model::Subreaper::kOnlyIfAsked);
  EXPECT_EQ(spec.parent_death_signal, 0);
  EXPECT_EQ(spec.termination_log, "");
  EXPECT_FALSE(spec.change_to_root);
  EXPECT_FALSE(spec.close_inherited_descriptors);
}

TEST(Tini, IgnoresTheTerminalsStopSignalsAndNoOthers) {
  const RunSpec spec = SpecOf({"tini", "prog"});
  for (int number = 1; number < model::kSignalLimit; ++number) {
    EXPECT_EQ(spec.signals.swallow[static_cast<std::size_t>(number)],
              number == SIGTTIN || number == SIGTTOU)
        << number;
  }
}

TEST(Tini, EveryOptionHasItsEffect) {
  EXPECT_EQ(SpecOf({"tini", "-s", "x"}).subreaper, model::Subreaper::kForce);
  EXPECT_EQ(SpecOf({"tini", "-g", "x"}).signals.target, model::SignalTarget::kGroup);
  EXPECT_EQ(SpecOf({"tini", "-p", "SIGKILL", "x"}).parent_death_signal, SIGKILL);
  EXPECT_EQ(SpecOf({"tini", "-p", "SIGUSR1", "-pSIGSYS", "x"}).parent_death_signal, SIGSYS);
  EXPECT_EQ(SpecOf({"tini", "-e", "143", "-e0", "-e", "255", "x"}).exit.map,
            (std::vector<std::pair<int, int>>{{143, 0}, {0, 0}, {255, 0}}));
  EXPECT_EQ(SpecOf({"tini", "-vvwgse7", "x"}).main.command, Command{"x"});
}

TEST(Tini, TheEnvironmentCountsByPresence) {
  EXPECT_EQ(SpecOf({"tini", "x"}, {"TINI_SUBREAPER="}).subreaper, model::Subreaper::kForce);
  EXPECT_EQ(SpecOf({"tini", "x"}, {"TINI_KILL_PROCESS_GROUP="}).signals.target,
            model::SignalTarget::kGroup);
  EXPECT_EQ(SpecOf({"tini", "x"}, {"TINI_SUBREAPERS=1"}).subreaper, model::Subreaper::kOnlyIfAsked);
}

TEST(Tini, ReaperdsOwnVariablesComeLast) {
  const RunSpec spec =
      SpecOf({"tini", "-g", "x"}, {"REAPERD_GRACE=3s", "REAPERD_SIGNAL_TARGET=session"});
  EXPECT_EQ(spec.stop.grace.mode, model::Grace::Mode::kTimed);
  EXPECT_EQ(spec.stop.grace.time_us, 3'000'000);
  EXPECT_EQ(spec.signals.target, model::SignalTarget::kSession);
  EXPECT_TRUE(spec.main.environment.empty());
}

TEST(Tini, AWrongVariableOfReaperdIsTinisFatalError) {
  const auto parsed = Tini({"tini", "x"}, {"REAPERD_GRACE=soon"});
  EXPECT_FALSE(Runs(parsed));
  EXPECT_EQ(parsed.exit_code, 1);
  EXPECT_TRUE(parsed.err.starts_with("[FATAL tini (")) << parsed.err;
  EXPECT_NE(parsed.err.find("REAPERD_GRACE"), std::string::npos) << parsed.err;
}

TEST(Tini, PosixlyCorrectLeavesTheCommandsOptionsAlone) {
  EXPECT_EQ(SpecOf({"tini", "sh", "-g", "x"}).main.command, (Command{"sh", "x"}));
  EXPECT_EQ(SpecOf({"tini", "sh", "-c", "x"}, {"POSIXLY_CORRECT="}).main.command,
            (Command{"sh", "-c", "x"}));
  EXPECT_EQ(SpecOf({"tini", "--", "sh", "-c", "x"}).main.command, (Command{"sh", "-c", "x"}));
}

struct PrintRow {
  Texts argv;
  int code;
  const char* out;  ///< how standard output starts; "" is nothing there
  const char* err;  ///< how standard error starts, "(" standing for "(PID)" and what follows
};

const PrintRow kPrintRows[] = {
    {{"/sbin/tini", "-h"}, 0, "tini (tini version ", ""},
    {{"/sbin/docker-init", "-vh"}, 0, "docker-init (tini version ", ""},
    {{"tini", "-l"}, 0, "This is reaperd", ""},
    {{"tini", "--version"}, 0, "tini version ", ""},
    {{"/sbin/tini", "--version", "x"}, 1, "", "/sbin/tini: invalid option -- '-'\ntini (tini"},
    {{"tini", "-s", "--version"}, 1, "", "tini: invalid option -- '-'\n"},
    {{"tini"}, 1, "", "tini (tini version "},
    {{"tini", "-s", "--"}, 1, "", "tini (tini version "},
    {{"tini", "-e"}, 1, "", "tini: option requires an argument -- 'e'\n"},
    {{"tini", "sh", "-c", "x"}, 1, "", "tini: invalid option -- 'c'\n"},
    {{"tini", "-e", "256", "x"}, 1, "", "[FATAL tini ("},
    {{"tini", "-e", "-1", "x"}, 1, "", "[FATAL tini ("},
    {{"tini", "-e", "1x", "x"}, 1, "", "[FATAL tini ("},
    {{"tini", "-p", "KILL", "x"}, 1, "", "[FATAL tini ("},
    {{"tini", "-p", "9", "x"}, 1, "", "[FATAL tini ("},
    {{"tini", "-p", "SIGKILL", "-p", "SIGRTMIN", "x"}, 1, "", "[FATAL tini ("},
};

class TiniPrintTest : public testing::TestWithParam<PrintRow> {};

TEST_P(TiniPrintTest, SaysItAndEnds) {
  const PrintRow& row = GetParam();
  const auto parsed = Tini(row.argv);
  ASSERT_FALSE(Runs(parsed));
  EXPECT_EQ(parsed.exit_code, row.code);
  EXPECT_TRUE(parsed.out.starts_with(row.out)) << parsed.out;
  EXPECT_TRUE(parsed.err.starts_with(row.err)) << parsed.err;
  EXPECT_EQ(parsed.out.empty(), row.out[0] == '\0') << parsed.out;
  EXPECT_EQ(parsed.err.empty(), row.err[0] == '\0') << parsed.err;
}

INSTANTIATE_TEST_SUITE_P(Table, TiniPrintTest, testing::ValuesIn(kPrintRows));

TEST(Tini, TheVersionIsOurs) {
  EXPECT_EQ(Tini({"tini", "--version"}).out, "tini version " + std::string(kVersion) + "\n");
}

TEST(Tini, AFatalErrorNamesOptionAndValue) {
  const auto parsed = Tini({"tini", "-e", "300", "x"});
  EXPECT_TRUE(parsed.err.ends_with(")] Not a valid option for -e: 300\n")) << parsed.err;
}

}  // namespace
}  // namespace reaperd::daemon
