#include "daemon/options.h"

#include <signal.h>

#include <set>

#include "base/suggest.h"
#include "base/text.h"
#include "daemon/environment.h"
#include "daemon/explain.h"
#include "daemon/log_voice.h"
#include "daemon/option_table.h"
#include "daemon/version.h"
#include "sys/program_path.h"

namespace reaperd::daemon {
namespace {

constexpr int kOwnFailure = 125;

ParsedCommandLine Refuse(const Error& error) {
  return ParsedCommandLine::Print(kOwnFailure, {}, "reaperd: " + error.message() + "\n");
}

OptionValues Defaults(const CommandLine& line) {
  OptionValues values;
  model::RunSpec& spec = values.spec;
  spec.main.environment = ChildEnvironment(line.environment);
  spec.stop.signals = {SIGTERM, SIGINT, SIGQUIT, SIGPWR, SIGRTMIN + 3};
  FindOption("rewrite")->reset(values);
  return values;
}

Error UnknownOption(std::string_view shown) {
  std::vector<std::string_view> names;
  for (const OptionRow& row : OptionTable())
    names.push_back(row.name);
  std::string text = "there is no option '" + Printable(shown) + "'";
  const std::size_t begin = shown.find_first_not_of('-');
  const std::string_view close =
      begin == std::string_view::npos ? "" : Suggest(shown.substr(begin), names);
  text += close.empty() ? "; see reaperd --help" : "; did you mean --" + std::string(close) + "?";
  return {0, text};
}

/// Parses words[at], which begins with '-', and what belongs to it; moves `at` behind it.
Status ParseOption(std::span<char* const> words, std::size_t& at, OptionValues& values,
                   std::set<std::string_view>& seen) {
  const std::string_view word = words[at++];
  const std::size_t equals = word.find('=');
  const std::string_view shown = word.substr(0, equals);
  const OptionRow* const row = shown == "-h"             ? FindOption("help")
                               : shown.starts_with("--") ? FindOption(shown.substr(2))
                                                         : nullptr;
  if (row == nullptr) return UnknownOption(shown);
  std::string_view value;
  if (row->argument.empty()) {
    if (equals != std::string_view::npos) {
      return Error(0, std::string(shown) + " '" + Printable(word.substr(equals + 1)) +
                          "': expected no value");
    }
  } else if (equals != std::string_view::npos) {
    value = word.substr(equals + 1);
  } else if (at < words.size()) {
    value = words[at++];
  } else {
    return Error(0, std::string(shown) + ": expected " + std::string(row->expected) +
                        " after it, but nothing follows");
  }
  const bool first = seen.insert(row->name).second;
  if (first && row->reset != nullptr) row->reset(values);
  std::string problem;
  if (!row->apply(value, values, problem)) return BadValue(shown, value, *row, problem);
  return {};
}

Status CheckContradictions(const std::set<std::string_view>& seen, const OptionValues& values) {
  if (seen.contains("new-session") && seen.contains("process-group")) {
    return Error(0,
                 "--new-session and --process-group contradict each other; expected one of them");
  }
  const model::StatusSocketSpec& socket = values.spec.status_socket;
  if (socket.group && socket.where == model::StatusSocketSpec::Where::kNone) {
    return Error(
        0, "--socket-group without a socket: --status-socket is none; expected a path or auto");
  }
  if (values.spec.exit.by_signal && seen.contains("map") && seen.contains("exit-by-signal")) {
    for (const auto& [from, to] : values.spec.exit.map) {
      if (from <= 128 || to > 128) continue;
      return Error(0, "--exit-by-signal and --map '" + std::to_string(from) + "=" +
                          std::to_string(to) +
                          "' contradict each other; expected one of them for that signal");
    }
  }
  return {};
}

void AppendPadded(std::string& text, std::string_view part, std::size_t width) {
  text += part;
  if (part.size() < width) text.append(width - part.size(), ' ');
}

}  // namespace

std::string HelpText() {
  std::string text =
      "Usage: reaperd [OPTIONS] [--] COMMAND [ARG...]\n"
      "Runs COMMAND as a container's init or as a subreaper: adopts and reaps orphans,\n"
      "forwards signals, exits with COMMAND's status (128+n for signal n; 125 own\n"
      "failure, 126 not executable, 127 not found). [Defaults] in brackets.\n";
  std::string_view section;
  for (const OptionRow& row : OptionTable()) {
    if (row.section != section) {
      section = row.section;
      text += std::string(section) + ":\n";
    }
    std::string left = "  --" + std::string(row.name);
    if (!row.argument.empty()) left += " " + std::string(row.argument);
    AppendPadded(text, left, 26);
    text += " " + std::string(row.help);
    if (!row.fallback.empty()) text += " [" + std::string(row.fallback) + "]";
    text += "\n";
  }
  text +=
      "Durations: 500ms 5s 2m 1h 0. Signals: TERM SIGTERM 15 RTMIN+3. Each option but\n"
      "--drain-command and --env is also a variable (--grace: REAPERD_GRACE; lists by\n"
      "commas, rules by semicolons), which the command does not see. Called as tini,\n"
      "dumb-init, catatonit or pause, reaperd takes that program's options.\n";
  return text;
}

ParsedCommandLine ParseOwnCommandLine(const CommandLine& line) {
  OptionValues values = Defaults(line);
  const Status environment = ApplyEnvironment(line.environment, values);
  if (!environment) return Refuse(environment.error());

  std::set<std::string_view> seen;
  std::size_t at = 1;
  while (at < line.argv.size()) {
    const std::string_view word = line.argv[at];
    if (word == "--") {
      ++at;
      break;
    }
    if (!word.starts_with('-') || word == "-") break;
    const Status parsed = ParseOption(line.argv, at, values, seen);
    if (!parsed) return Refuse(parsed.error());
  }
  if (values.help) return ParsedCommandLine::Print(0, HelpText());
  if (values.version) {
    return ParsedCommandLine::Print(0, "reaperd " + std::string(kVersion) + "\n");
  }
  const Status consistent = CheckContradictions(seen, values);
  if (!consistent) return Refuse(consistent.error());
  const Status holds = SettleHold(values);
  if (!holds) return Refuse(holds.error());

  for (; at < line.argv.size(); ++at)
    values.spec.main.command.emplace_back(line.argv[at]);
  for (std::string& entry : values.set_variables) {
    auto& user = values.spec.main.user;
    if (user && entry.starts_with("HOME=")) user->home.clear();  // what is asked for by name counts
    SetVariable(values.spec.main.environment, std::move(entry));
  }
  if (values.explain) {
    return ParsedCommandLine::Print(0, Explain(values.spec, ProbePlace(line.pid1)));
  }
  if (values.spec.main.command.empty()) {
    return Refuse(Error(0, "no command given; expected reaperd [OPTIONS] [--] COMMAND [ARG...]"));
  }
  const auto& drain = values.spec.stop.drain_command;
  if (!drain.empty()) {
    const int error = sys::FindProgram(drain.front(), values.spec.main.environment);
    if (error != 0) {
      return Refuse(Error::FromErrno("--drain-command '" + Printable(drain.front()) + "'", error));
    }
  }
  ParsedCommandLine parsed;
  parsed.voice = MakeLogVoice(values.spec);
  parsed.spec = std::move(values.spec);
  return parsed;
}

}  // namespace reaperd::daemon
