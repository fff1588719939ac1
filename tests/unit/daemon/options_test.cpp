// Every option of our own command line: what its values do, and what is said about bad ones.
#include "daemon/options.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <set>

#include "base/text.h"
#include "daemon/option_table.h"
#include "personality/parse_helper.h"
#include "temp_dir.h"

namespace reaperd::daemon {
namespace {

using model::RunSpec;

ParsedCommandLine Own(const Texts& argv, const Texts& environment = {}) {
  return Parse(ParseOwnCommandLine, argv, environment);
}

RunSpec SpecOf(const Texts& argv, const Texts& environment = {}) {
  ParsedCommandLine parsed = Own(argv, environment);
  EXPECT_TRUE(Runs(parsed)) << parsed.err;
  EXPECT_NE(parsed.voice, nullptr);
  return std::move(parsed.spec);
}

struct Good {
  const char* option;
  const char* value;  ///< nullptr: a flag
  bool (*took_effect)(const RunSpec& spec);
};

constexpr std::size_t At(int signal) {
  return static_cast<std::size_t>(signal);
}

const std::vector<Good>& GoodValues() {
  using model::ProcessGroup;
  using model::SignalTarget;
  using Grace = model::Grace::Mode;
  using Level = model::LogLevel;
  using Codes = std::vector<std::pair<int, int>>;
  using Words = std::vector<std::string>;
  static const std::vector<Good> rows{
      {"signal-target", "main",
       [](const RunSpec& s) { return s.signals.target == SignalTarget::kMain; }},
      {"signal-target", "group",
       [](const RunSpec& s) { return s.signals.target == SignalTarget::kGroup; }},
      {"signal-target", "session",
       [](const RunSpec& s) { return s.signals.target == SignalTarget::kSession; }},
      {"signal-target", "all",
       [](const RunSpec& s) { return s.signals.target == SignalTarget::kAll; }},
      {"rewrite", "HUP=QUIT",
       [](const RunSpec& s) { return s.signals.rewrite[At(SIGHUP)] == SIGQUIT; }},
      {"rewrite", "SIGUSR1=none",
       [](const RunSpec& s) { return s.signals.rewrite[At(SIGUSR1)] == 0; }},
      {"rewrite", "15=2", [](const RunSpec& s) { return s.signals.rewrite[At(15)] == 2; }},
      {"rewrite", "RTMIN+3=RTMAX",
       [](const RunSpec& s) { return s.signals.rewrite[At(SIGRTMIN + 3)] == SIGRTMAX; }},
      {"rewrite", "TERM=KILL",
       [](const RunSpec& s) { return s.signals.rewrite[At(SIGTERM)] == SIGKILL; }},
      {"process-group", "own",
       [](const RunSpec& s) { return s.main.process_group == ProcessGroup::kOwn; }},
      {"process-group", "inherit",
       [](const RunSpec& s) { return s.main.process_group == ProcessGroup::kInherit; }},
      {"new-session", nullptr,
       [](const RunSpec& s) { return s.main.process_group == ProcessGroup::kNewSession; }},
      {"stop-signal", "USR2",
       [](const RunSpec& s) { return s.stop.signals == std::vector<int>{SIGUSR2}; }},
      {"drain", "1500ms", [](const RunSpec& s) { return s.stop.drain_us == 1'500'000; }},
      {"drain", "0", [](const RunSpec& s) { return s.stop.drain_us == 0; }},
      {"drain-command", "/bin/sh -c 'a b'",
       [](const RunSpec& s) {
         return s.stop.drain_command == Words{"/bin/sh", "-c", "a b"};
       }},
      {"stop-timeout", "2m", [](const RunSpec& s) { return s.stop.timeout_us == 120 * kSecond; }},
      {"stop-timeout", "0", [](const RunSpec& s) { return s.stop.timeout_us == 0; }},
      {"stop-timeout", "never", [](const RunSpec& s) { return !s.stop.timeout_us.has_value(); }},
      {"force-on-second", nullptr, [](const RunSpec& s) { return s.stop.force_on_second; }},
      {"grace", "off", [](const RunSpec& s) { return s.stop.grace.mode == Grace::kOff; }},
      {"grace", "0",
       [](const RunSpec& s) {
         return s.stop.grace.mode == Grace::kTimed && s.stop.grace.time_us == 0;
       }},
      {"grace", "1h",
       [](const RunSpec& s) {
         return s.stop.grace.mode == Grace::kTimed && s.stop.grace.time_us == 3600 * kSecond;
       }},
      {"wait-for", "main",
       [](const RunSpec& s) { return s.exit.wait_for == model::WaitFor::kMain; }},
      {"wait-for", "all", [](const RunSpec& s) { return s.exit.wait_for == model::WaitFor::kAll; }},
      {"exit-status", "main",
       [](const RunSpec& s) { return s.exit.status_from == model::ExitStatusFrom::kMain; }},
      {"exit-status", "first-failure",
       [](const RunSpec& s) { return s.exit.status_from == model::ExitStatusFrom::kFirstFailure; }},
      {"map", "143=0",
       [](const RunSpec& s) {
         return s.exit.map == Codes{{143, 0}};
       }},
      {"map", "SIGTERM=0",
       [](const RunSpec& s) {
         return s.exit.map == Codes{{143, 0}};
       }},
      {"map", "0=255",
       [](const RunSpec& s) {
         return s.exit.map == Codes{{0, 255}};
       }},
      {"map", "KILL=HUP",
       [](const RunSpec& s) {
         return s.exit.map == Codes{{137, 129}};
       }},
      {"map", "oom=99", [](const RunSpec& s) { return s.exit.oom_status == 99; }},
      {"exit-by-signal", nullptr, [](const RunSpec& s) { return s.exit.by_signal; }},
      {"records", "minimal",
       [](const RunSpec& s) { return s.records.mode == model::RecordsMode::kMinimal; }},
      {"records", "off",
       [](const RunSpec& s) { return s.records.mode == model::RecordsMode::kOff; }},
      {"death-log", "-", [](const RunSpec& s) { return s.records.death_log == "-"; }},
      {"death-log", "/var/log/x",
       [](const RunSpec& s) { return s.records.death_log == "/var/log/x"; }},
      {"status-socket", "/run/x.sock",
       [](const RunSpec& s) { return s.status_socket.path == "/run/x.sock"; }},
      {"status-socket", "none",
       [](const RunSpec& s) {
         return !s.status_socket.Wanted(true) && !s.status_socket.Wanted(false);
       }},
      {"status-socket", "auto",
       [](const RunSpec& s) {
         return s.status_socket.Wanted(true) && s.status_socket.Wanted(false);
       }},
      {"socket-group", "0", [](const RunSpec& s) { return s.status_socket.group == gid_t{0}; }},
      {"hold", "cause=abnormal,for=30s",
       [](const RunSpec& s) {
         return s.hold.rules.size() == 1 && s.hold.rules[0].name == "hold-1" &&
                s.hold.rules[0].for_us == 30 * kSecond;
       }},
      {"foreign-zombies", "interval=5s,action=nudge",
       [](const RunSpec& s) {
         return s.foreign_zombies.interval_us == 5 * kSecond &&
                s.foreign_zombies.action == model::ForeignAction::kNudge;
       }},
      {"reap", "wait", [](const RunSpec& s) { return s.reap == model::ReapMode::kWait; }},
      {"reap", "auto", [](const RunSpec& s) { return s.reap == model::ReapMode::kAuto; }},
      {"watch", "250ms", [](const RunSpec& s) { return s.watch_us == 250 * kMillisecond; }},
      {"watch", "off", [](const RunSpec& s) { return !s.watch_us.has_value(); }},
      {"user", "0:0",
       [](const RunSpec& s) {
         return s.main.user && s.main.user->uid == 0 && s.main.user->gid == 0;
       }},
      {"user", "54321:12345",
       [](const RunSpec& s) {
         return s.main.user && s.main.user->uid == 54321 && s.main.user->gid == 12345;
       }},
      {"chdir", "/", [](const RunSpec& s) { return s.main.working_directory == "/"; }},
      {"env", "NAME=va=lue",
       [](const RunSpec& s) { return s.main.environment == Words{"NAME=va=lue"}; }},
      {"env", "NAME=", [](const RunSpec& s) { return s.main.environment == Words{"NAME="}; }},
      {"no-new-privileges", nullptr, [](const RunSpec& s) { return s.main.no_new_privileges; }},
      {"parent-death-signal", "TERM",
       [](const RunSpec& s) { return s.parent_death_signal == SIGTERM; }},
      {"log-level", "trace", [](const RunSpec& s) { return s.log_level == Level::kTrace; }},
      {"log-level", "debug", [](const RunSpec& s) { return s.log_level == Level::kDebug; }},
      {"log-level", "info", [](const RunSpec& s) { return s.log_level == Level::kInfo; }},
      {"log-level", "warn", [](const RunSpec& s) { return s.log_level == Level::kWarn; }},
      {"log-level", "error", [](const RunSpec& s) { return s.log_level == Level::kError; }},
      {"log-level", "off", [](const RunSpec& s) { return s.log_level == Level::kOff; }},
      {"log-format", "text",
       [](const RunSpec& s) { return s.log_format == model::LogFormat::kText; }},
      {"log-format", "json",
       [](const RunSpec& s) { return s.log_format == model::LogFormat::kJson; }},
  };
  return rows;
}

TEST(Options, EveryGoodValueTakesEffect) {
  for (const Good& row : GoodValues()) {
    const std::string name = "--" + std::string(row.option);
    if (row.value == nullptr) {
      EXPECT_TRUE(row.took_effect(SpecOf({"reaperd", name.c_str(), "true"}))) << name;
      continue;
    }
    const std::string joined = name + "=" + row.value;
    EXPECT_TRUE(row.took_effect(SpecOf({"reaperd", name.c_str(), row.value, "true"}))) << joined;
    EXPECT_TRUE(row.took_effect(SpecOf({"reaperd", joined.c_str(), "--", "true"}))) << joined;
  }
}

struct Bad {
  const char* option;
  const char* value;
  const char* complaint;  ///< after "--option 'value': "
};

constexpr char kTarget[] = "expected main, group, session or all";
constexpr char kRewrite[] =
    "expected FROM=TO with signals such as HUP=QUIT, RTMIN+3=TERM or USR1=none";
constexpr char kSignal[] = "expected a signal such as TERM, SIGTERM, 15 or RTMIN+3";
constexpr char kDuration[] = "expected a duration such as 500ms, 5s, 2m, 1h or 0";
constexpr char kTimeout[] = "expected never, or a duration such as 500ms, 5s, 2m, 1h or 0";
constexpr char kGrace[] = "expected off, or a duration such as 500ms, 5s, 2m, 1h or 0";
constexpr char kMap[] =
    "expected FROM=TO with exit codes 0-255, signals or oom, such as 143=0, SIGTERM=0 or oom=1";
constexpr char kCommand[] = "expected a command line with all quotes closed";
constexpr char kNoValue[] = "expected no value";

constexpr Bad kBadValues[] = {
    {"signal-target", "", kTarget},
    {"signal-target", "Main", kTarget},
    {"signal-target", "main ", kTarget},
    {"rewrite", "", kRewrite},
    {"rewrite", "TERM", kRewrite},
    {"rewrite", "=TERM", kRewrite},
    {"rewrite", "TERM=", kRewrite},
    {"rewrite", "none=TERM", kRewrite},
    {"rewrite", "TERM=NONE", kRewrite},
    {"rewrite", "0=15", kRewrite},
    {"rewrite", "15=65", kRewrite},
    {"rewrite", "KILL=TERM", "SIGKILL never reaches a program, so it cannot be rewritten"},
    {"rewrite", "STOP=none", "SIGSTOP never reaches a program, so it cannot be rewritten"},
    {"rewrite", "CHLD=TERM", "SIGCHLD tells reaperd of deaths and cannot be rewritten"},
    {"process-group", "new", "expected own or inherit"},
    {"new-session", "1", kNoValue},
    {"stop-signal", "", kSignal},
    {"stop-signal", "TERM,INT", kSignal},
    {"stop-signal", "sigterm", kSignal},
    {"stop-signal", "RTMIN+31", kSignal},
    {"stop-signal", "KILL", "SIGKILL cannot be a stop signal"},
    {"stop-signal", "19", "SIGSTOP cannot be a stop signal"},
    {"stop-signal", "CHLD", "SIGCHLD cannot be a stop signal"},
    {"drain", "", kDuration},
    {"drain", "5", kDuration},
    {"drain", "-5s", kDuration},
    {"drain", "5 s", kDuration},
    {"drain", "1d", kDuration},
    {"drain", "1.5s", kDuration},
    {"drain", "99999999999999999999s", kDuration},
    {"drain", "999999h", kDuration},
    {"drain-command", "", kCommand},
    {"drain-command", "  ", kCommand},
    {"drain-command", "sh -c 'x", kCommand},
    {"drain-command", "x\\", kCommand},
    {"stop-timeout", "Never", kTimeout},
    {"stop-timeout", "10", kTimeout},
    {"force-on-second", "yes", kNoValue},
    {"grace", "on", kGrace},
    {"grace", "5sec", kGrace},
    {"wait-for", "none", "expected main or all"},
    {"exit-status", "last", "expected main or first-failure"},
    {"map", "", kMap},
    {"map", "143", kMap},
    {"map", "143=", kMap},
    {"map", "256=0", kMap},
    {"map", "0=256", kMap},
    {"map", "-1=0", kMap},
    {"map", "137=oom", kMap},
    {"map", "oom=256", kMap},
    {"records", "", "expected auto, full, standard, minimal or off"},
    {"records", "some", "expected auto, full, standard, minimal or off"},
    {"death-log", "", "expected an absolute path, or - for stderr"},
    {"death-log", "deaths.json", "expected an absolute path, or - for stderr"},
    {"status-socket", "", "expected an absolute path, auto or none"},
    {"status-socket", "x.sock", "expected an absolute path, auto or none"},
    {"socket-group", "no-such-group", "there is no group 'no-such-group' in /etc/group"},
    {"hold", "", "'': expected KEY=VALUE, as in cause=signal+core-dump,for=30s"},
    {"foreign-zombies", "", "'': expected KEY=VALUE, as in interval=10s,action=nudge,min_age=10s"},
    {"reap", "never", "expected wait or auto"},
    {"watch", "1ms", "expected off, or a duration of 100ms or more"},
    {"exit-by-signal", "", kNoValue},
    {"termination-log", "", "expected an absolute path"},
    {"termination-log", "log", "expected an absolute path"},
    {"termination-log", "/no/such/file", "cannot open /no/such/file: No such file or directory"},
    {"termination-log", "/dev/null", "/dev/null is not a regular file"},
    {"user", "", "there is no user '' in /etc/passwd"},
    {"user", "no-such-user", "there is no user 'no-such-user' in /etc/passwd"},
    {"user", "0:no-such-group", "there is no group 'no-such-group' in /etc/group"},
    {"chdir", "", "expected a directory"},
    {"chdir", "/no/such/directory", "No such file or directory"},
    {"chdir", "/dev/null", "Not a directory"},
    {"env", "", "expected NAME=VALUE"},
    {"env", "NAME", "expected NAME=VALUE"},
    {"env", "=value", "expected NAME=VALUE"},
    {"no-new-privileges", "1", kNoValue},
    {"parent-death-signal", "none", kSignal},
    {"parent-death-signal", "0", kSignal},
    {"log-level", "verbose", "expected trace, debug, info, warn, error or off"},
    {"log-format", "journal", "expected text or json"},
    {"explain", "x", kNoValue},
    {"version", "x", kNoValue},
    {"help", "x", kNoValue},
};

TEST(Options, EveryBadValueIsNamedWithWhatWasExpected) {
  for (const Bad& row : kBadValues) {
    const std::string name = "--" + std::string(row.option);
    const std::string joined = name + "=" + row.value;
    const std::string line =
        "reaperd: " + name + " '" + Printable(row.value) + "': " + row.complaint + "\n";
    const ParsedCommandLine parsed = Own({"reaperd", joined.c_str(), "true"});
    EXPECT_FALSE(Runs(parsed)) << joined;
    EXPECT_EQ(parsed.exit_code, 125) << joined;
    EXPECT_EQ(parsed.err, line);
    EXPECT_EQ(parsed.out, "");
    if (std::string_view(row.complaint) == kNoValue) continue;
    EXPECT_EQ(Own({"reaperd", name.c_str(), row.value, "true"}).err, parsed.err);
  }
}

TEST(Options, EveryOptionStandsInTheTablesOfThisTest) {
  std::set<std::string_view> good;
  std::set<std::string_view> bad;
  for (const Good& row : GoodValues())
    good.insert(row.option);
  for (const Bad& row : kBadValues)
    bad.insert(row.option);
  // These run nothing, or need a file of their own: tested below or in command_line_test.cpp.
  good.insert({"explain", "version", "help", "termination-log"});
  for (const OptionRow& row : OptionTable()) {
    EXPECT_TRUE(good.contains(row.name)) << row.name;
    EXPECT_TRUE(bad.contains(row.name)) << row.name;
    EXPECT_FALSE(row.help.empty()) << row.name;
    EXPECT_EQ(row.expected.empty(),
              row.name == "explain" || row.name == "version" || row.name == "help")
        << row.name;
  }
}

TEST(Options, AMissingValueIsTold) {
  for (const OptionRow& row : OptionTable()) {
    if (row.argument.empty()) continue;
    const std::string name = "--" + std::string(row.name);
    EXPECT_EQ(Own({"reaperd", name.c_str()}).err, "reaperd: " + name + ": expected " +
                                                      std::string(row.expected) +
                                                      " after it, but nothing follows\n");
  }
}

TEST(Options, ControlBytesOfAValueAreShownHarmlessly) {
  EXPECT_EQ(Own({"reaperd", "--grace", "\x1b[2J\n\xff", "x"}).err,
            "reaperd: --grace '\\x1b[2J\\x0a\\xff': " + std::string(kGrace) + "\n");
}

TEST(Options, TheTerminationLogMustBeFitAtTheStart) {
  const test::TempDir dir;
  const std::string path = dir.Write("log", "");
  EXPECT_EQ(SpecOf({"reaperd", "--termination-log", path.c_str(), "true"}).termination_log, path);
  std::filesystem::create_symlink(path, dir.Path("link"));
  EXPECT_EQ(Own({"reaperd", "--termination-log", dir.Path("link").c_str(), "true"}).err,
            "reaperd: --termination-log '" + dir.Path("link") + "': cannot open " +
                dir.Path("link") + ": it is a symbolic link, or leads through /proc\n");
}

TEST(Options, WithoutAnyTheDefaultsHold) {
  const RunSpec spec = SpecOf({"reaperd", "prog", "arg"}, {"A=1"});
  EXPECT_EQ(spec.main.name, "main");
  EXPECT_EQ(spec.main.command, (std::vector<std::string>{"prog", "arg"}));
  EXPECT_EQ(spec.main.environment, std::vector<std::string>{"A=1"});
  EXPECT_EQ(spec.main.process_group, model::ProcessGroup::kOwn);
  EXPECT_FALSE(spec.main.shell_fallback);
  EXPECT_FALSE(spec.main.unblock_all_signals);
  EXPECT_EQ(spec.stop.signals, (std::vector<int>{SIGTERM, SIGINT, SIGQUIT, SIGPWR, SIGRTMIN + 3}));
  EXPECT_EQ(spec.stop.grace.mode, model::Grace::Mode::kDefault);
  EXPECT_FALSE(spec.stop.timeout_us.has_value());
  EXPECT_EQ(spec.exit.own_failure, 125);
  EXPECT_EQ(spec.exit.exec_failure, model::ExitPolicy::ExecFailure::kReaperd);
  EXPECT_EQ(spec.subreaper, model::Subreaper::kUnlessPid1);
  EXPECT_FALSE(spec.termination_log.has_value());
  auto rewrite = model::SignalPolicy::IdentityRewrite();
  rewrite[At(SIGRTMIN + 3)] = SIGTERM;
  EXPECT_EQ(spec.signals.rewrite, rewrite);
}

TEST(Options, RepeatedOnesAdd) {
  const RunSpec spec = SpecOf({"reaperd",   "--stop-signal", "USR1",      "--stop-signal=USR2",
                               "--rewrite", "HUP=1",         "--rewrite", "HUP=2",
                               "--rewrite", "USR1=none",     "--map",     "1=2",
                               "--map=3=4", "--env",         "A=1",       "--env",
                               "B=2",       "--env",         "A=3",       "true"});
  EXPECT_EQ(spec.stop.signals, (std::vector<int>{SIGUSR1, SIGUSR2}));
  EXPECT_EQ(spec.signals.rewrite[At(SIGHUP)], 2) << "the last for a signal counts";
  EXPECT_EQ(spec.signals.rewrite[At(SIGUSR1)], 0);
  EXPECT_EQ(spec.signals.rewrite[At(SIGRTMIN + 3)], SIGTERM) << "the default row stays";
  EXPECT_EQ(spec.exit.map, (std::vector<std::pair<int, int>>{{1, 2}, {3, 4}}));
  EXPECT_EQ(spec.main.environment, (std::vector<std::string>{"A=3", "B=2"}));
}

TEST(Options, TheLastOfOthersCounts) {
  const RunSpec spec = SpecOf({"reaperd", "--grace", "off", "--grace=5s", "--drain=1s", "--drain",
                               "2s", "--stop-timeout=1s", "--stop-timeout=never", "true"});
  EXPECT_EQ(spec.stop.grace.mode, model::Grace::Mode::kTimed);
  EXPECT_EQ(spec.stop.drain_us, 2 * kSecond);
  EXPECT_FALSE(spec.stop.timeout_us.has_value());
}

TEST(Options, ADrainCommandThatIsNotThereIsRefused) {
  const auto refusal = [](const char* command) {
    return Own({"reaperd", "--drain-command", command, "true"}, {"PATH=/bin"}).err;
  };
  EXPECT_EQ(refusal("/no/such/command x"),
            "reaperd: --drain-command '/no/such/command': No such file or directory\n");
  EXPECT_EQ(refusal("no-such-command"),
            "reaperd: --drain-command 'no-such-command': No such file or directory\n");
  EXPECT_EQ(refusal("/dev"), "reaperd: --drain-command '/dev': Permission denied\n");
  EXPECT_EQ(refusal("''"), "reaperd: --drain-command '': No such file or directory\n");
  EXPECT_EQ(refusal("true"), "");
}

}  // namespace
}  // namespace reaperd::daemon
