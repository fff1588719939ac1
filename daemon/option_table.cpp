#include "daemon/option_table.h"

#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/enum_names.h"
#include "base/text.h"
#include "config/config_check.h"
#include "config/config_parser.h"
#include "config/short_form.h"
#include "sys/termination_log.h"
#include "sys/unix_socket.h"
#include "sys/users.h"

namespace reaperd::daemon {
namespace {

constexpr EnumNames<model::SignalTarget, 4> kTargets{{{
    {model::SignalTarget::kMain, "main"},
    {model::SignalTarget::kGroup, "group"},
    {model::SignalTarget::kSession, "session"},
    {model::SignalTarget::kAll, "all"},
}}};
constexpr EnumNames<model::ProcessGroup, 2> kGroups{{{
    {model::ProcessGroup::kOwn, "own"},
    {model::ProcessGroup::kInherit, "inherit"},
}}};
constexpr EnumNames<model::WaitFor, 2> kWaitFor{{{
    {model::WaitFor::kMain, "main"},
    {model::WaitFor::kAll, "all"},
}}};
constexpr EnumNames<model::ExitStatusFrom, 2> kStatusFrom{{{
    {model::ExitStatusFrom::kMain, "main"},
    {model::ExitStatusFrom::kFirstFailure, "first-failure"},
}}};
constexpr EnumNames<model::ReapMode, 2> kReapModes{{{
    {model::ReapMode::kWait, "wait"},
    {model::ReapMode::kAuto, "auto"},
}}};
constexpr EnumNames<model::LogFormat, 2> kFormats{{{
    {model::LogFormat::kText, "text"},
    {model::LogFormat::kJson, "json"},
}}};

using model::kSignalWords;

template <typename Names, typename T>
bool ApplyName(const Names& names, std::string_view value, T& field) {
  const auto parsed = names.Parse(value);
  if (parsed) field = *parsed;
  return parsed.has_value();
}

bool ApplyDuration(std::string_view value, Micros& field) {
  const auto duration = ParseDuration(value);
  if (duration) field = *duration;
  return duration.has_value();
}

/// A flag has no value on the command line ("") and a truth value in the environment.
bool ApplyFlag(std::string_view value, bool& field) {
  constexpr std::array<std::string_view, 5> kYes{"", "1", "true", "yes", "on"};
  constexpr std::array<std::string_view, 4> kNo{"0", "false", "no", "off"};
  const bool yes = std::find(kYes.begin(), kYes.end(), value) != kYes.end();
  if (!yes && std::find(kNo.begin(), kNo.end(), value) == kNo.end()) return false;
  field = yes;
  return true;
}

bool ApplyRewrite(std::string_view value, OptionValues& values, std::string& problem) {
  const std::size_t equals = value.find('=');
  if (equals == std::string_view::npos) return false;
  const auto from = model::ParseSignal(value.substr(0, equals));
  const std::string_view to_text = value.substr(equals + 1);
  const auto to = to_text == "none" ? std::optional<int>(0) : model::ParseSignal(to_text);
  if (!from || !to) return false;
  if (*from == SIGKILL || *from == SIGSTOP) {
    problem = model::SignalName(*from) + " never reaches a program, so it cannot be rewritten";
    return false;
  }
  if (*from == SIGCHLD) {
    problem = "SIGCHLD tells reaperd of deaths and cannot be rewritten";
    return false;
  }
  values.spec.signals.rewrite[static_cast<std::size_t>(*from)] = *to;
  return true;
}

void ResetRewrite(OptionValues& values) {
  values.spec.signals.rewrite = model::SignalPolicy::IdentityRewrite();
  values.spec.signals.rewrite[static_cast<std::size_t>(SIGRTMIN + 3)] = SIGTERM;
}

bool ApplyStopSignal(std::string_view value, OptionValues& values, std::string& problem) {
  const auto signal = model::ParseSignal(value);
  if (!signal) return false;
  if (*signal == SIGKILL || *signal == SIGSTOP || *signal == SIGCHLD) {
    problem = model::SignalName(*signal) + " cannot be a stop signal";
    return false;
  }
  values.spec.stop.signals.push_back(*signal);
  return true;
}

bool ApplyMap(std::string_view value, OptionValues& values, [[maybe_unused]] std::string& problem) {
  const std::size_t equals = value.find('=');
  if (equals == std::string_view::npos) return false;
  const auto code = [](std::string_view text) -> std::optional<int> {
    if (const auto number = ParseUnsigned(text)) {
      return *number <= 255 ? std::optional<int>(static_cast<int>(*number)) : std::nullopt;
    }
    const auto signal = model::ParseSignal(text);
    return signal ? std::optional<int>(128 + *signal) : std::nullopt;
  };
  const auto to = code(value.substr(equals + 1));
  if (!to) return false;
  if (value.substr(0, equals) == "oom") {
    values.spec.exit.oom_status = *to;
    return true;
  }
  const auto from = code(value.substr(0, equals));
  if (!from) return false;
  values.spec.exit.map.emplace_back(*from, *to);
  return true;
}

bool ApplyGrace(std::string_view value, OptionValues& values,
                [[maybe_unused]] std::string& problem) {
  model::Grace& grace = values.spec.stop.grace;
  if (value == "off") {
    grace = {.mode = model::Grace::Mode::kOff};
    return true;
  }
  grace.mode = model::Grace::Mode::kTimed;
  return ApplyDuration(value, grace.time_us);
}

bool ApplyUser(std::string_view value, OptionValues& values, std::string& problem) {
  auto user = sys::ResolveUser(value);
  if (!user) {
    problem = user.error().message();
    return false;
  }
  values.spec.main.user = std::move(user).value();
  return true;
}

bool ApplyDrainCommand(std::string_view value, OptionValues& values,
                       [[maybe_unused]] std::string& problem) {
  auto words = SplitWords(value);
  if (!words || words->empty()) return false;
  values.spec.stop.drain_command = *std::move(words);
  return true;
}

bool ApplyEnv(std::string_view value, OptionValues& values, [[maybe_unused]] std::string& problem) {
  const std::size_t equals = value.find('=');
  if (equals == 0 || equals == std::string_view::npos) return false;
  values.set_variables.emplace_back(value);
  return true;
}

bool ApplyParentDeath(std::string_view value, OptionValues& values,
                      [[maybe_unused]] std::string& problem) {
  const auto signal = model::ParseSignal(value);
  if (signal) values.spec.parent_death_signal = *signal;
  return signal.has_value();
}

bool ApplyStopTimeout(std::string_view value, OptionValues& values,
                      [[maybe_unused]] std::string& problem) {
  if (value == "never") {
    values.spec.stop.timeout_us.reset();
    return true;
  }
  Micros timeout_us = 0;
  if (!ApplyDuration(value, timeout_us)) return false;
  values.spec.stop.timeout_us = timeout_us;
  return true;
}

/// An absolute path, so that --chdir and a changed working directory cannot move it.
bool ApplyTerminationLog(std::string_view value, OptionValues& values, std::string& problem) {
  if (!value.starts_with('/')) return false;
  values.spec.termination_log = std::string(value);
  const Status usable = sys::CheckTerminationLog(*values.spec.termination_log);
  if (!usable) problem = usable.error().message();
  return usable.ok();
}

bool ApplyWorkingDirectory(std::string_view value, OptionValues& values, std::string& problem) {
  if (value.empty()) return false;
  const std::string directory(value);
  struct stat info {};
  const int error = stat(directory.c_str(), &info) < 0 ? errno : 0;
  if (error == 0 && S_ISDIR(info.st_mode)) {
    values.spec.main.working_directory = directory;
    return true;
  }
  problem = ErrnoText(error == 0 ? ENOTDIR : error);
  return false;
}

bool ApplyDeathLog(std::string_view value, OptionValues& values,
                   [[maybe_unused]] std::string& problem) {
  if (value != "-" && !value.starts_with('/')) return false;
  values.spec.records.death_log = std::string(value);
  return true;
}

bool ApplyHold(std::string_view value, OptionValues& values, std::string& problem) {
  if (value.starts_with('@')) {
    auto config = config::ReadHoldFile(std::string(value.substr(1)), std::move(values.hold));
    if (!config) {
      problem = config.error().message();
      return false;
    }
    values.hold = std::move(config).value();
    return true;
  }
  auto rule = config::ParseHoldRule(value);
  if (!rule) {
    problem = rule.error().message();
    return false;
  }
  if (rule->name.empty()) rule->name = "hold-" + std::to_string(values.hold.spec.rules.size() + 1);
  values.hold.AddRule(std::move(rule).value(), "--hold '" + Printable(value) + "'");
  return true;
}

bool ApplyWatch(std::string_view value, OptionValues& values,
                [[maybe_unused]] std::string& problem) {
  values.spec.watch_us.reset();
  if (value == "off") return true;
  Micros watch_us = 0;
  if (!ApplyDuration(value, watch_us) || watch_us < model::kLeastWatch_us) return false;
  values.spec.watch_us = watch_us;
  return true;
}

bool ApplyForeignZombies(std::string_view value, OptionValues& values, std::string& problem) {
  auto spec = config::ParseForeignZombies(value);
  if (!spec) {
    problem = spec.error().message();
    return false;
  }
  values.spec.foreign_zombies = std::move(spec).value();
  return true;
}

bool ApplyStatusSocket(std::string_view value, OptionValues& values, std::string& problem) {
  using Where = model::StatusSocketSpec::Where;
  model::StatusSocketSpec& socket = values.spec.status_socket;
  socket.path.clear();
  if (value == "none" || value == "auto") {
    socket.where = value == "none" ? Where::kNone : Where::kAuto;
    return true;
  }
  if (!value.starts_with('/')) return false;
  if (value.size() > sys::kMaxSocketPathBytes) {
    problem = "a socket's path has at most " + std::to_string(sys::kMaxSocketPathBytes) +
              " bytes, and this one " + std::to_string(value.size());
    return false;
  }
  socket.where = Where::kPath;
  socket.path = std::string(value);
  return true;
}

bool ApplySocketGroup(std::string_view value, OptionValues& values, std::string& problem) {
  const auto group = sys::ResolveGroup(value);
  if (group) {
    values.spec.status_socket.group = *group;
  } else {
    problem = group.error().message();
  }
  return group.ok();
}

#define APPLY(expression)                                                            \
  [](std::string_view value, OptionValues& values, std::string& problem) -> bool {   \
    static_cast<void>(value), static_cast<void>(values), static_cast<void>(problem); \
    return (expression);                                                             \
  }

constexpr std::string_view kSignals = "Signals";
constexpr std::string_view kStop = "Stopping";
constexpr std::string_view kExit = "Exit status";
constexpr std::string_view kDeaths = "Deaths";
constexpr std::string_view kChild = "The command's surroundings";
constexpr std::string_view kSelf = "reaperd itself";

constexpr auto MakeTable() {
  return std::to_array<OptionRow>({
      {"signal-target", "WHO", "REAPERD_SIGNAL_TARGET", kSignals, "main",
       "gets the signals: main, group, session, all", "main, group, session or all", false,
       APPLY(ApplyName(kTargets, value, values.spec.signals.target))},
      {"rewrite", "FROM=TO", "REAPERD_REWRITE", kSignals, "RTMIN+3=TERM",
       "send TO for FROM; none drops (repeat)",
       "FROM=TO with signals such as HUP=QUIT, RTMIN+3=TERM or USR1=none", true, ApplyRewrite,
       ResetRewrite},
      {"process-group", "KIND", "REAPERD_PROCESS_GROUP", kSignals, "own",
       "main's group: own (takes our terminal), inherit", "own or inherit", false,
       APPLY(ApplyName(kGroups, value, values.spec.main.process_group))},
      {"new-session", "", "REAPERD_NEW_SESSION", kSignals, "off",
       "setsid for main, and our terminal", "1 or 0", false,
       [](std::string_view value, OptionValues& values, std::string&) {
         bool wanted = false;
         if (!ApplyFlag(value, wanted)) return false;
         if (wanted) values.spec.main.process_group = model::ProcessGroup::kNewSession;
         return true;
       }},
      {"stop-signal", "SIG", "REAPERD_STOP_SIGNAL", kStop, "TERM INT QUIT PWR RTMIN+3",
       "starts a stop (repeat)", kSignalWords, true, ApplyStopSignal,
       [](OptionValues& values) { values.spec.stop.signals.clear(); }, true},
      {"drain", "DURATION", "REAPERD_DRAIN", kStop, "0",
       "wait before forwarding; a 2nd stop ends it", kDurationWords, false,
       APPLY(ApplyDuration(value, values.spec.stop.drain_us))},
      {"drain-command", "CMD", "", kStop, "none", "run at the start of the drain; its end ends it",
       "a command line with all quotes closed", false, ApplyDrainCommand},
      {"stop-timeout", "DURATION", "REAPERD_STOP_TIMEOUT", kStop, "never",
       "after forwarding; then KILL to all", "never, or a duration such as 500ms, 5s, 2m, 1h or 0",
       false, ApplyStopTimeout},
      {"force-on-second", "", "REAPERD_FORCE_ON_SECOND", kStop, "off",
       "a second stop signal KILLs at once", "1 or 0", false,
       APPLY(ApplyFlag(value, values.spec.stop.force_on_second))},
      {"grace", "DURATION|off", "REAPERD_GRACE", kStop, "5s as PID 1, else off",
       "TERM, then KILL to the rest", "off, or a duration such as 500ms, 5s, 2m, 1h or 0", false,
       ApplyGrace},
      {"wait-for", "main|all", "REAPERD_WAIT_FOR", kExit, "main", "when the run is over",
       "main or all", false, APPLY(ApplyName(kWaitFor, value, values.spec.exit.wait_for))},
      {"exit-status", "WHOSE", "REAPERD_EXIT_STATUS", kExit, "main",
       "whose status: main, first-failure", "main or first-failure", false,
       APPLY(ApplyName(kStatusFrom, value, values.spec.exit.status_from))},
      {"map", "FROM=TO", "REAPERD_MAP", kExit, "none", "143=0, SIGTERM=0, oom=1 … (repeat)",
       "FROM=TO with exit codes 0-255, signals or oom, such as 143=0, SIGTERM=0 or oom=1", true,
       ApplyMap,
       [](OptionValues& values) {
         values.spec.exit.map.clear();
         values.spec.exit.oom_status.reset();
       }},
      {"exit-by-signal", "", "REAPERD_EXIT_BY_SIGNAL", kExit, "off",
       "not PID 1: die of main's signal", "1 or 0", false,
       APPLY(ApplyFlag(value, values.spec.exit.by_signal))},
      {"termination-log", "FILE", "REAPERD_TERMINATION_LOG", kExit, "/dev/termination-log",
       "a line if main fails", "an absolute path", false, ApplyTerminationLog},
      {"records", "HOW", "REAPERD_RECORDS", kDeaths, "auto",
       "of each death: auto, full, … minimal, off", "auto, full, standard, minimal or off", false,
       APPLY(ApplyName(model::kRecordsModes, value, values.spec.records.mode))},
      {"death-log", "FILE|-", "REAPERD_DEATH_LOG", kDeaths, "none",
       "a JSON line for each death; -: stderr", "an absolute path, or - for stderr", false,
       ApplyDeathLog},
      {"hold", "RULE|@FILE", "REAPERD_HOLD", kDeaths, "none",
       "keep zombies: cause=abnormal,for=5s (repeat)",
       "a rule such as cause=abnormal,for=30s, or @FILE", true, ApplyHold,
       [](OptionValues& values) { values.hold = {}; }, true, ';'},
      {"foreign-zombies", "HOW", "REAPERD_FOREIGN_ZOMBIES", kDeaths, "interval=off",
       "those that others keep: action=…", "interval=10s,action=nudge,min_age=10s or the like",
       false, ApplyForeignZombies},
      {"reap", "wait|auto", "REAPERD_REAP", kDeaths, "wait",
       "who reaps: we do, or the kernel (auto)", "wait or auto", false,
       APPLY(ApplyName(kReapModes, value, values.spec.reap))},
      {"watch", "DURATION|off", "REAPERD_WATCH", kDeaths, "off", "look for new processes so often",
       "off, or a duration of 100ms or more", false, ApplyWatch},
      {"user", "U[:G]", "REAPERD_USER", kChild, "ours", "user and group of main; sets HOME",
       "a user, or USER:GROUP, as names or numbers", false, ApplyUser},
      {"chdir", "DIR", "REAPERD_CHDIR", kChild, "ours", "main's working directory", "a directory",
       false, ApplyWorkingDirectory},
      {"env", "K=V", "", kChild, "none", "set a variable for main (repeat)", "NAME=VALUE", true,
       ApplyEnv},
      {"no-new-privileges", "", "REAPERD_NO_NEW_PRIVILEGES", kChild, "off",
       "setuid programs gain nothing below main", "1 or 0", false,
       APPLY(ApplyFlag(value, values.spec.main.no_new_privileges))},
      {"parent-death-signal", "S", "REAPERD_PARENT_DEATH_SIGNAL", kSelf, "none",
       "sent to us when our parent dies", kSignalWords, false, ApplyParentDeath},
      {"status-socket", "PATH", "REAPERD_STATUS_SOCKET", kSelf, "auto as PID 1",
       "for reaperctl: PATH, auto, none", "an absolute path, auto or none", false,
       ApplyStatusSocket},
      {"socket-group", "GROUP", "REAPERD_SOCKET_GROUP", kSelf, "none", "may read on that socket",
       "a group, as name or number", false, ApplySocketGroup},
      {"log-level", "LEVEL", "REAPERD_LOG_LEVEL", kSelf, "info",
       "trace, debug, info, warn, error or off", "trace, debug, info, warn, error or off", false,
       APPLY(ApplyName(model::kLogLevels, value, values.spec.log_level))},
      {"log-format", "text|json", "REAPERD_LOG_FORMAT", kSelf, "text", "the form of log lines",
       "text or json", false, APPLY(ApplyName(kFormats, value, values.spec.log_format))},
      {"explain", "", "", kSelf, "", "show what would be done here and why", "", false,
       APPLY((values.explain = true))},
      {"version", "", "", kSelf, "", "show the version", "", false, APPLY((values.version = true))},
      {"help", "", "", kSelf, "", "show this", "", false, APPLY((values.help = true))},
  });
}

#undef APPLY

constexpr auto kTable = MakeTable();

}  // namespace

Status SettleHold(OptionValues& values) {
  if (values.hold.spec.rules.empty() && values.hold.spec.barriers.empty()) return {};
  const config::Findings findings = config::CheckHold(values.hold, config::Mode::kCommand);
  if (!findings.errors.empty()) {
    std::string text = findings.errors.front();
    for (std::size_t i = 1; i < findings.errors.size(); ++i)
      text += "\nreaperd: " + findings.errors[i];
    return Error(0, text);
  }
  std::vector<std::string>& warnings = values.spec.warnings;
  warnings.insert(warnings.end(), values.hold.warnings.begin(), values.hold.warnings.end());
  warnings.insert(warnings.end(), findings.warnings.begin(), findings.warnings.end());
  values.spec.hold = values.hold.spec;
  return {};
}

std::span<const OptionRow> OptionTable() {
  return kTable;
}

const OptionRow* FindOption(std::string_view name) {
  for (const OptionRow& row : kTable) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

Error BadValue(std::string_view shown_name, std::string_view value, const OptionRow& row,
               const std::string& problem) {
  std::string text = std::string(shown_name) + " '" + Printable(value) + "': ";
  text += problem.empty() ? "expected " + std::string(row.expected) : problem;
  return {0, text};
}

}  // namespace reaperd::daemon
