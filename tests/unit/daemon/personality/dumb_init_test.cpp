#include "daemon/personality/dumb_init.h"

#include <gtest/gtest.h>
#include <signal.h>

#include "daemon/version.h"
#include "parse_helper.h"

namespace reaperd::daemon {
namespace {

using model::RunSpec;
using Command = std::vector<std::string>;

ParsedCommandLine DumbInit(const Texts& argv, const Texts& environment = {}) {
  return Parse(ParseDumbInit, argv, environment);
}

RunSpec SpecOf(const Texts& argv, const Texts& environment = {}) {
  ParsedCommandLine parsed = DumbInit(argv, environment);
  EXPECT_TRUE(Runs(parsed)) << parsed.err;
  return parsed.spec;
}

int Rewritten(const RunSpec& spec, int signal) {
  return spec.signals.rewrite[static_cast<std::size_t>(signal)];
}

TEST(DumbInit, GivesItsCommandASessionAndSignalsTheGroup) {
  const RunSpec spec = SpecOf({"dumb-init", "prog", "-v", "--", "x"});
  EXPECT_EQ(spec.main.command, (Command{"prog", "-v", "--", "x"}));
  EXPECT_EQ(spec.main.process_group, model::ProcessGroup::kNewSession);
  EXPECT_TRUE(spec.main.unblock_all_signals);
  EXPECT_TRUE(spec.main.shell_fallback);
  EXPECT_EQ(spec.signals.target, model::SignalTarget::kGroup);
  EXPECT_TRUE(spec.signals.job_signals_stop_us);
  EXPECT_TRUE(spec.signals.ignore_first_hangup);
  EXPECT_TRUE(spec.signals.forward_faults);
  EXPECT_EQ(spec.stop.signal_group_at_end, SIGTERM);
  EXPECT_EQ(spec.stop.grace.mode, model::Grace::Mode::kOff);
  EXPECT_EQ(spec.exit.own_failure, 1);
  EXPECT_EQ(spec.exit.exec_failure, model::ExitPolicy::ExecFailure::kDumbInit);
  EXPECT_EQ(spec.subreaper, model::Subreaper::kOnlyIfAsked);
  EXPECT_TRUE(spec.change_to_root);
}

TEST(DumbInit, TerminalStopSignalsBecomeStopInASession) {
  const RunSpec spec = SpecOf({"dumb-init", "-r", "21:10", "x"});
  EXPECT_EQ(Rewritten(spec, SIGTSTP), SIGSTOP);
  EXPECT_EQ(Rewritten(spec, SIGTTOU), SIGSTOP);
  EXPECT_EQ(Rewritten(spec, SIGTTIN), SIGUSR1);
  EXPECT_EQ(Rewritten(spec, SIGTERM), SIGTERM);
}

TEST(DumbInit, SingleChildModeStaysInOurSession) {
  struct Row {
    Texts argv;
    Texts environment;
  };
  for (const Row& row :
       {Row{{"dumb-init", "-c", "x"}, {}}, Row{{"dumb-init", "--single-child", "x"}, {}},
        Row{{"dumb-init", "x"}, {"DUMB_INIT_SETSID=0"}}}) {
    const RunSpec spec = SpecOf(row.argv, row.environment);
    EXPECT_EQ(spec.main.process_group, model::ProcessGroup::kInherit);
    EXPECT_EQ(spec.signals.target, model::SignalTarget::kMain);
    EXPECT_EQ(spec.stop.signal_group_at_end, 0);
    EXPECT_FALSE(spec.signals.ignore_first_hangup);
    EXPECT_TRUE(spec.signals.job_signals_stop_us);
    EXPECT_EQ(Rewritten(spec, SIGTSTP), SIGTSTP);
  }
}

TEST(DumbInit, OtherValuesOfSetsidDoNotCount) {
  for (const char* value : {"DUMB_INIT_SETSID=", "DUMB_INIT_SETSID=00", "DUMB_INIT_SETSID=1"}) {
    EXPECT_EQ(SpecOf({"dumb-init", "x"}, {value}).main.process_group,
              model::ProcessGroup::kNewSession)
        << value;
  }
}

TEST(DumbInit, RewritesAreTakenInOrder) {
  const RunSpec spec = SpecOf({"dumb-init", "-r", "15:3", "--rewrite=1:0", "--rew", "2:9",
                               "-r15:10", "-r", " 31: 31", "x"});
  EXPECT_EQ(Rewritten(spec, SIGTERM), SIGUSR1);
  EXPECT_EQ(Rewritten(spec, SIGHUP), 0);
  EXPECT_EQ(Rewritten(spec, SIGINT), SIGKILL);
  EXPECT_EQ(Rewritten(spec, SIGSYS), SIGSYS);
}

TEST(DumbInit, WhatFollowsARewriteIsNotLookedAt) {
  EXPECT_EQ(Rewritten(SpecOf({"dumb-init", "-r", "15:9x", "x"}), SIGTERM), SIGKILL);
  EXPECT_EQ(Rewritten(SpecOf({"dumb-init", "-r", "15:9:3", "x"}), SIGTERM), SIGKILL);
}

TEST(DumbInit, ReaperdsOwnVariablesComeLast) {
  const RunSpec spec = SpecOf({"dumb-init", "x"}, {"REAPERD_SIGNAL_TARGET=main"});
  EXPECT_EQ(spec.signals.target, model::SignalTarget::kMain);
}

struct PrintRow {
  Texts argv;
  int code;
  const char* err;  ///< how it starts
};

constexpr const char* kRewriteUsage = "Usage: -r option takes <signum>:<signum>, where ";

const PrintRow kPrintRows[] = {
    {{"/a/dumb-init", "--help"}, 0, "dumb-init v"},
    {{"dumb-init", "-hV"}, 0, "dumb-init v"},
    {{"dumb-init", "-V"}, 0, "dumb-init v"},
    {{"dumb-init", "--vers"}, 0, "dumb-init v"},
    {{"/a/dumb-init"}, 1, "Usage: /a/dumb-init [option] program [args]\nTry /a/dumb-init --help"},
    {{"dumb-init", "-v", "--"}, 1, "Usage: dumb-init [option] program"},
    {{"dumb-init", "-x", "y"}, 1, "dumb-init: invalid option -- 'x'\n"},
    {{"dumb-init", "--v"}, 1, "dumb-init: option '--v' is ambiguous"},
    {{"dumb-init", "--nope"}, 1, "dumb-init: unrecognized option '--nope'\n"},
    {{"dumb-init", "-r"}, 1, "dumb-init: option requires an argument -- 'r'\n"},
    {{"dumb-init", "-r", "15", "x"}, 1, kRewriteUsage},
    {{"dumb-init", "-r", "15:", "x"}, 1, kRewriteUsage},
    {{"dumb-init", "-r", ":15", "x"}, 1, kRewriteUsage},
    {{"dumb-init", "-r", "0:9", "x"}, 1, kRewriteUsage},
    {{"dumb-init", "-r", "32:9", "x"}, 1, kRewriteUsage},
    {{"dumb-init", "-r", "31:32", "x"}, 1, kRewriteUsage},
    {{"dumb-init", "-r", "15:-1", "x"}, 1, kRewriteUsage},
    {{"dumb-init", "-r", "TERM:9", "x"}, 1, kRewriteUsage},
    {{"dumb-init", "-r", "15 :9", "x"}, 1, kRewriteUsage},
};

class DumbInitPrintTest : public testing::TestWithParam<PrintRow> {};

TEST_P(DumbInitPrintTest, SaysItOnStandardErrorAndEnds) {
  const PrintRow& row = GetParam();
  const auto parsed = DumbInit(row.argv);
  ASSERT_FALSE(Runs(parsed));
  EXPECT_EQ(parsed.exit_code, row.code);
  EXPECT_EQ(parsed.out, "");
  EXPECT_TRUE(parsed.err.starts_with(row.err)) << parsed.err;
}

INSTANTIATE_TEST_SUITE_P(Table, DumbInitPrintTest, testing::ValuesIn(kPrintRows));

TEST(DumbInit, TheVersionIsOurs) {
  EXPECT_EQ(DumbInit({"dumb-init", "-V"}).err, "dumb-init v" + std::string(kVersion) + "\n");
}

}  // namespace
}  // namespace reaperd::daemon
