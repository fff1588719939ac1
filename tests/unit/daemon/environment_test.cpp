#include "daemon/environment.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <cctype>

#include "daemon/option_table.h"
#include "daemon/options.h"
#include "personality/parse_helper.h"

namespace reaperd::daemon {
namespace {

using model::ProcessGroup;
using model::RunSpec;
using Strings = std::vector<std::string>;

constexpr std::size_t At(int signal) {
  return static_cast<std::size_t>(signal);
}

ParsedCommandLine Own(const Texts& environment, const Texts& argv = {"reaperd", "true"}) {
  return Parse(ParseOwnCommandLine, argv, environment);
}

RunSpec SpecOf(const Texts& environment, const Texts& argv = {"reaperd", "true"}) {
  ParsedCommandLine parsed = Own(environment, argv);
  EXPECT_TRUE(Runs(parsed)) << parsed.err;
  return std::move(parsed.spec);
}

std::string Refusal(const Texts& environment, const Texts& argv = {"reaperd", "true"}) {
  const ParsedCommandLine parsed = Own(environment, argv);
  EXPECT_FALSE(Runs(parsed));
  EXPECT_EQ(parsed.exit_code, 125);
  EXPECT_EQ(parsed.out, "");
  return parsed.err;
}

TEST(Environment, EveryVariableHasTheEffectOfItsOption) {
  const RunSpec spec =
      SpecOf({"REAPERD_SIGNAL_TARGET=group", "REAPERD_REWRITE=HUP=QUIT,USR1=none",
              "REAPERD_NEW_SESSION=1", "REAPERD_STOP_SIGNAL=USR2,15", "REAPERD_DRAIN=1s",
              "REAPERD_STOP_TIMEOUT=2s", "REAPERD_FORCE_ON_SECOND=true", "REAPERD_GRACE=3s",
              "REAPERD_WAIT_FOR=all", "REAPERD_EXIT_STATUS=first-failure",
              "REAPERD_MAP=143=0,SIGKILL=1", "REAPERD_EXIT_BY_SIGNAL=yes", "REAPERD_USER=5:6",
              "REAPERD_CHDIR=/", "REAPERD_NO_NEW_PRIVILEGES=on", "REAPERD_PARENT_DEATH_SIGNAL=HUP",
              "REAPERD_LOG_LEVEL=debug", "REAPERD_LOG_FORMAT=json"});
  EXPECT_EQ(spec.signals.target, model::SignalTarget::kGroup);
  EXPECT_EQ(spec.signals.rewrite[At(SIGHUP)], SIGQUIT);
  EXPECT_EQ(spec.signals.rewrite[At(SIGUSR1)], 0);
  EXPECT_EQ(spec.main.process_group, ProcessGroup::kNewSession);
  EXPECT_EQ(spec.stop.signals, (std::vector<int>{SIGUSR2, SIGTERM}));
  EXPECT_EQ(spec.stop.drain_us, kSecond);
  EXPECT_EQ(spec.stop.timeout_us, 2 * kSecond);
  EXPECT_TRUE(spec.stop.force_on_second);
  EXPECT_EQ(spec.stop.grace.time_us, 3 * kSecond);
  EXPECT_EQ(spec.exit.wait_for, model::WaitFor::kAll);
  EXPECT_EQ(spec.exit.status_from, model::ExitStatusFrom::kFirstFailure);
  EXPECT_EQ(spec.exit.map, (std::vector<std::pair<int, int>>{{143, 0}, {137, 1}}));
  EXPECT_TRUE(spec.exit.by_signal);
  ASSERT_TRUE(spec.main.user.has_value());
  EXPECT_EQ(spec.main.user->uid, 5U);
  EXPECT_EQ(spec.main.working_directory, "/");
  EXPECT_TRUE(spec.main.no_new_privileges);
  EXPECT_EQ(spec.parent_death_signal, SIGHUP);
  EXPECT_EQ(spec.log_level, model::LogLevel::kDebug);
  EXPECT_EQ(spec.log_format, model::LogFormat::kJson);
}

TEST(Environment, VariablesAreNamedLikeTheirOptions) {
  for (const OptionRow& row : OptionTable()) {
    const bool only_flag = row.name == "env" || row.name == "drain-command" ||
                           row.name == "explain" || row.name == "version" || row.name == "help";
    EXPECT_EQ(row.variable.empty(), only_flag) << row.name;
    if (row.variable.empty()) continue;
    std::string name = "REAPERD_";
    for (const char c : row.name) {
      name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    EXPECT_EQ(row.variable, name);
  }
}

TEST(Environment, ABadValueIsNamedWithItsVariable) {
  EXPECT_EQ(
      Refusal({"REAPERD_GRACE=5"}),
      "reaperd: REAPERD_GRACE '5': expected off, or a duration such as 500ms, 5s, 2m, 1h or 0\n");
  EXPECT_EQ(Refusal({"REAPERD_STOP_SIGNAL=TERM,FOO,INT"}),
            "reaperd: REAPERD_STOP_SIGNAL 'FOO': expected a signal such as TERM, SIGTERM, 15 or "
            "RTMIN+3\n");
  EXPECT_EQ(Refusal({"REAPERD_STOP_SIGNAL="}),
            "reaperd: REAPERD_STOP_SIGNAL '': expected a signal such as TERM, SIGTERM, 15 or "
            "RTMIN+3\n");
  EXPECT_EQ(
      Refusal({"REAPERD_REWRITE=KILL=TERM"}),
      "reaperd: REAPERD_REWRITE 'KILL=TERM': SIGKILL never reaches a program, so it cannot be "
      "rewritten\n");
  EXPECT_EQ(Refusal({"REAPERD_CHDIR=/no/such/directory"}),
            "reaperd: REAPERD_CHDIR '/no/such/directory': No such file or directory\n");
  EXPECT_EQ(Refusal({"REAPERD_NEW_SESSION=maybe"}),
            "reaperd: REAPERD_NEW_SESSION 'maybe': expected 1 or 0\n");
}

TEST(Environment, AFlagTakesTheUsualWords) {
  for (const char* yes : {"", "1", "true", "yes", "on"}) {
    const std::string entry = std::string("REAPERD_FORCE_ON_SECOND=") + yes;
    EXPECT_TRUE(SpecOf({entry.c_str()}).stop.force_on_second) << entry;
  }
  for (const char* no : {"0", "false", "no", "off"}) {
    const std::string entry = std::string("REAPERD_FORCE_ON_SECOND=") + no;
    EXPECT_FALSE(SpecOf({entry.c_str()}).stop.force_on_second) << entry;
  }
}

TEST(Environment, AnUnknownVariableIsRefusedWithASuggestion) {
  EXPECT_EQ(Refusal({"REAPERD_GRACEFUL=1"}),
            "reaperd: REAPERD_GRACEFUL: there is no such environment variable of reaperd; did you "
            "mean REAPERD_GRACE?\n");
  EXPECT_EQ(
      Refusal({"REAPERD_GARCE=1"}),
      "reaperd: REAPERD_GARCE: there is no such environment variable of reaperd; did you mean "
      "REAPERD_GRACE?\n");
  EXPECT_EQ(
      Refusal({"REAPERD_ENTIRELY_DIFFERENT=1"}),
      "reaperd: REAPERD_ENTIRELY_DIFFERENT: there is no such environment variable of reaperd\n");
  EXPECT_EQ(Refusal({"REAPERD_\x1b=1"}),
            "reaperd: REAPERD_\\x1b: there is no such environment variable of reaperd\n");
}

TEST(Environment, WhatPlatformsMakeForAServiceOfThatNameIsNotOurs) {
  const Texts platform{"REAPERD_PORT=tcp://10.0.0.1:80", "REAPERD_PORT_80_TCP=tcp://10.0.0.1:80",
                       "REAPERD_SERVICE_HOST=10.0.0.1",  "REAPERD_SERVICE_PORT=80",
                       "REAPERD_NAME=/web/reaperd",      "REAPERD_ENV_PATH=/bin"};
  const RunSpec spec = SpecOf(platform);
  EXPECT_EQ(spec.main.environment, Strings(platform.begin(), platform.end()))
      << "they pass through";
}

TEST(Environment, OthersWithoutThePrefixPass) {
  const Texts others{"REAPER_GRACE=x", "XREAPERD_GRACE=x", "reaperd_grace=x",
                     "=strange",       "no equals sign",   "REAPERD_GRACE"};
  EXPECT_EQ(SpecOf(others).main.environment.size(), others.size() - 1)
      << "only the name of ours is not given on";
  EXPECT_EQ(SpecOf(others).stop.grace.mode, model::Grace::Mode::kDefault);
}

TEST(Environment, TheChildDoesNotSeeOurs) {
  EXPECT_EQ(SpecOf({"A=1", "REAPERD_GRACE=off", "B=2", "REAPERD_LOG_LEVEL=warn"}).main.environment,
            (Strings{"A=1", "B=2"}));
}

TEST(Environment, AFlagReplacesWhatTheVariableSaid) {
  const Texts environment{"REAPERD_GRACE=off", "REAPERD_STOP_SIGNAL=USR1", "REAPERD_MAP=8=10",
                          "REAPERD_REWRITE=HUP=INT", "REAPERD_LOG_LEVEL=error"};
  const RunSpec spec =
      SpecOf(environment, {"reaperd", "--grace=7s", "--stop-signal=USR2", "--map=7=9",
                           "--rewrite=USR1=none", "--log-level=warn", "true"});
  EXPECT_EQ(spec.stop.grace.time_us, 7 * kSecond);
  EXPECT_EQ(spec.stop.signals, std::vector<int>{SIGUSR2});
  EXPECT_EQ(spec.exit.map, (std::vector<std::pair<int, int>>{{7, 9}}));
  EXPECT_EQ(spec.signals.rewrite[At(SIGHUP)], SIGHUP);
  EXPECT_EQ(spec.signals.rewrite[At(SIGUSR1)], 0);
  EXPECT_EQ(spec.signals.rewrite[At(SIGRTMIN + 3)], SIGTERM);
  EXPECT_EQ(spec.log_level, model::LogLevel::kWarn);
}

TEST(Environment, ABadVariableIsRefusedAlsoWhereAFlagReplacesIt) {
  EXPECT_EQ(
      Refusal({"REAPERD_GRACE=x"}, {"reaperd", "--grace=7s", "true"}),
      "reaperd: REAPERD_GRACE 'x': expected off, or a duration such as 500ms, 5s, 2m, 1h or 0\n");
}

TEST(Environment, SessionAndGroupContradictOnlyWhenBothAreAskedFor) {
  const std::string contradiction =
      "reaperd: REAPERD_NEW_SESSION and REAPERD_PROCESS_GROUP contradict each other; expected one "
      "of "
      "them\n";
  EXPECT_EQ(Refusal({"REAPERD_NEW_SESSION=1", "REAPERD_PROCESS_GROUP=own"}), contradiction);
  EXPECT_EQ(Refusal({"REAPERD_PROCESS_GROUP=inherit", "REAPERD_NEW_SESSION=yes"}), contradiction);
  for (const char* no : {"0", "false", "no", "off"}) {
    const std::string entry = std::string("REAPERD_NEW_SESSION=") + no;
    EXPECT_EQ(SpecOf({entry.c_str(), "REAPERD_PROCESS_GROUP=inherit"}).main.process_group,
              ProcessGroup::kInherit)
        << entry;
  }
  // The flag goes before the variable, whichever of the two it is.
  EXPECT_EQ(
      SpecOf({"REAPERD_NEW_SESSION=1"}, {"reaperd", "--process-group=own", "x"}).main.process_group,
      ProcessGroup::kOwn);
  EXPECT_EQ(SpecOf({"REAPERD_PROCESS_GROUP=inherit"}, {"reaperd", "--new-session", "x"})
                .main.process_group,
            ProcessGroup::kNewSession);
}

TEST(Environment, ARefusalLeavesTheSpecAsItWas) {
  RunSpec spec;
  const Words words({"REAPERD_DRAIN=5s", "REAPERD_GRACE=x"});
  EXPECT_FALSE(ApplyEnvironment(words.span(), spec).ok());
  EXPECT_EQ(spec.stop.drain_us, 0);
}

TEST(Environment, ADeathLogAloneAsksForRecords) {
  const auto mode_of = [](const Texts& environment) {
    RunSpec spec;
    spec.records.mode = model::RecordsMode::kOff;  // as the personalities have it
    const Words words(environment);
    EXPECT_TRUE(ApplyEnvironment(words.span(), spec).ok());
    return spec.records.mode;
  };
  EXPECT_EQ(mode_of({"REAPERD_GRACE=1s"}), model::RecordsMode::kOff);
  EXPECT_EQ(mode_of({"REAPERD_DEATH_LOG=/x"}), model::RecordsMode::kAuto);
  EXPECT_EQ(mode_of({"REAPERD_DEATH_LOG=/x", "REAPERD_RECORDS=full"}), model::RecordsMode::kFull);
  EXPECT_EQ(mode_of({"REAPERD_DEATH_LOG=/x", "REAPERD_RECORDS=off"}), model::RecordsMode::kOff);
}

TEST(SetVariable, ReplacesInPlaceOrAppends) {
  Strings environment{"PATH=/bin", "HOME=/", "HOMER=1"};
  SetVariable(environment, "HOME=/root");
  EXPECT_EQ(environment, (Strings{"PATH=/bin", "HOME=/root", "HOMER=1"}));
  SetVariable(environment, "NEW=");
  EXPECT_EQ(environment, (Strings{"PATH=/bin", "HOME=/root", "HOMER=1", "NEW="}));
}

}  // namespace
}  // namespace reaperd::daemon
