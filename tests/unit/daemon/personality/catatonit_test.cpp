#include "daemon/personality/catatonit.h"

#include <gtest/gtest.h>
#include <signal.h>

#include "daemon/personality/pause.h"
#include "daemon/version.h"
#include "parse_helper.h"

namespace reaperd::daemon {
namespace {

using model::RunSpec;
using Command = std::vector<std::string>;

ParsedCommandLine Catatonit(const Texts& argv, const Texts& environment = {}) {
  return Parse(ParseCatatonit, argv, environment);
}

RunSpec SpecOf(const Texts& argv, const Texts& environment = {}) {
  ParsedCommandLine parsed = Catatonit(argv, environment);
  EXPECT_TRUE(Runs(parsed)) << parsed.err;
  EXPECT_NE(parsed.voice, nullptr);
  return parsed.spec;
}

TEST(Catatonit, IsASubreaperAndSwallowsTheTerminalsStopSignals) {
  const RunSpec spec = SpecOf({"catatonit", "prog", "x"});
  EXPECT_EQ(spec.main.command, (Command{"prog", "x"}));
  EXPECT_EQ(spec.main.process_group, model::ProcessGroup::kOwn);
  EXPECT_TRUE(spec.main.shell_fallback);
  EXPECT_EQ(spec.subreaper, model::Subreaper::kUnlessPid1);
  EXPECT_EQ(spec.signals.target, model::SignalTarget::kMain);
  EXPECT_EQ(spec.stop.grace.mode, model::Grace::Mode::kOff);
  EXPECT_EQ(spec.exit.own_failure, 1);
  EXPECT_EQ(spec.exit.exec_failure, model::ExitPolicy::ExecFailure::kCatatonit);
  EXPECT_TRUE(spec.change_to_root);
  EXPECT_TRUE(spec.close_inherited_descriptors);
  for (int number = 1; number < model::kSignalLimit; ++number) {
    EXPECT_EQ(spec.signals.swallow[static_cast<std::size_t>(number)],
              number == SIGTSTP || number == SIGTTIN || number == SIGTTOU)
        << number;
  }
}

TEST(Catatonit, OptionsMayFollowTheCommandUnlessPosixlyCorrect) {
  EXPECT_EQ(SpecOf({"catatonit", "x", "-g"}).signals.target, model::SignalTarget::kGroup);
  EXPECT_EQ(SpecOf({"catatonit", "x", "-g"}).main.command, Command{"x"});
  EXPECT_EQ(SpecOf({"catatonit", "--", "x", "-g"}).main.command, (Command{"x", "-g"}));
  EXPECT_EQ(SpecOf({"catatonit", "x", "-g"}, {"POSIXLY_CORRECT=1"}).main.command,
            (Command{"x", "-g"}));
}

TEST(Catatonit, PauseModeRunsNothingAndEndsOnTermOrInt) {
  const RunSpec spec = SpecOf({"catatonit", "-P", "ignored"});
  EXPECT_TRUE(spec.main.command.empty());
  EXPECT_EQ(spec.stop.signals, (std::vector<int>{SIGTERM, SIGINT}));
  EXPECT_EQ(spec.stop.grace.mode, model::Grace::Mode::kOff);
}

struct PrintRow {
  Texts argv;
  Texts environment;
  int code;
  const char* out;
  const char* err;
};

const PrintRow kPrintRows[] = {
    {{"catatonit", "-h"}, {}, 0, "", "usage: catatonit [-ghLPV] [--] <progname>"},
    {{"podman-init", "-gL"}, {}, 0, "This is reaperd", ""},
    {{"podman-init", "--version"}, {}, 0, "tini version ", ""},
    {{"catatonit", "--v"}, {}, 0, "tini version ", ""},
    {{"catatonit", "-Vx"}, {}, 0, "tini version ", ""},
    {{"/x/catatonit", "--help"}, {}, 1, "", "/x/catatonit: unrecognized option '--help'\nusage: "},
    {{"catatonit", "true", "-c"}, {}, 1, "", "catatonit: invalid option -- 'c'\nusage: "},
    {{"catatonit"}, {}, 1, "", "ERROR (catatonit:"},
    {{"catatonit", "-g", "--"}, {}, 1, "", "ERROR (catatonit:"},
    {{"catatonit", "-h"}, {"CATATONIT_LOG="}, 1, "", "ERROR (catatonit:"},
    {{"catatonit", "x"}, {"REAPERD_GRACE=soon"}, 1, "", "ERROR (catatonit:"},
};

class CatatonitPrintTest : public testing::TestWithParam<PrintRow> {};

TEST_P(CatatonitPrintTest, SaysItAndEnds) {
  const PrintRow& row = GetParam();
  const auto parsed = Catatonit(row.argv, row.environment);
  ASSERT_FALSE(Runs(parsed));
  EXPECT_EQ(parsed.exit_code, row.code);
  EXPECT_TRUE(parsed.out.starts_with(row.out)) << parsed.out;
  EXPECT_TRUE(parsed.err.starts_with(row.err)) << parsed.err;
  EXPECT_EQ(parsed.out.empty(), row.out[0] == '\0') << parsed.out;
  EXPECT_EQ(parsed.err.empty(), row.err[0] == '\0') << parsed.err;
}

INSTANTIATE_TEST_SUITE_P(Table, CatatonitPrintTest, testing::ValuesIn(kPrintRows));

TEST(Catatonit, TheVersionIsOursInTheFormThatDockerReads) {
  EXPECT_EQ(Catatonit({"podman-init", "--version"}).out,
            "tini version " + std::string(kVersion) + "_catatonit\n");
}

TEST(Pause, RunsNothingWhateverItsArguments) {
  const auto parsed = Parse(ParsePause, {"/pause", "anything"});
  ASSERT_TRUE(Runs(parsed));
  EXPECT_TRUE(parsed.spec.main.command.empty());
  EXPECT_EQ(parsed.spec.stop.signals, (std::vector<int>{SIGTERM, SIGINT}));
}

TEST(Pause, PrintsItsVersion) {
  const auto parsed = Parse(ParsePause, {"/pause", "-v"});
  ASSERT_FALSE(Runs(parsed));
  EXPECT_EQ(parsed.exit_code, 0);
  EXPECT_EQ(parsed.out, "pause " + std::string(kVersion) + "\n");
}

}  // namespace
}  // namespace reaperd::daemon
