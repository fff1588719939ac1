#include "daemon/personality/tini.h"

#include <signal.h>

#include <array>

#include "daemon/environment.h"
#include "daemon/personality/common.h"
#include "daemon/personality/option_scanner.h"
#include "daemon/personality/tini_voice.h"
#include "daemon/version.h"

namespace reaperd::daemon {
namespace {

using Kind = OptionScanner::Item::Kind;

constexpr int kDefaultVerbosity = 1;

// tini knows these names and no others: no numbers, no real-time signals.
struct SignalRow {
  std::string_view name;
  int number;
};
constexpr std::array<SignalRow, 28> kSignals{{
    {"SIGHUP", SIGHUP},       {"SIGINT", SIGINT},   {"SIGQUIT", SIGQUIT},   {"SIGILL", SIGILL},
    {"SIGTRAP", SIGTRAP},     {"SIGABRT", SIGABRT}, {"SIGBUS", SIGBUS},     {"SIGFPE", SIGFPE},
    {"SIGKILL", SIGKILL},     {"SIGUSR1", SIGUSR1}, {"SIGSEGV", SIGSEGV},   {"SIGUSR2", SIGUSR2},
    {"SIGPIPE", SIGPIPE},     {"SIGALRM", SIGALRM}, {"SIGTERM", SIGTERM},   {"SIGCHLD", SIGCHLD},
    {"SIGCONT", SIGCONT},     {"SIGSTOP", SIGSTOP}, {"SIGTSTP", SIGTSTP},   {"SIGTTIN", SIGTTIN},
    {"SIGTTOU", SIGTTOU},     {"SIGURG", SIGURG},   {"SIGXCPU", SIGXCPU},   {"SIGXFSZ", SIGXFSZ},
    {"SIGVTALRM", SIGVTALRM}, {"SIGPROF", SIGPROF}, {"SIGWINCH", SIGWINCH}, {"SIGSYS", SIGSYS},
}};

struct TiniOptions {
  bool subreaper = false;
  bool group = false;
  bool warn_on_reap = false;
  int parent_death_signal = 0;
  int verbosity = kDefaultVerbosity;
  std::vector<int> codes_as_success;
};

std::string VersionText() {
  return "tini version " + std::string(kVersion);
}

std::string UsageText(std::string_view path) {
  const std::string name(BaseName(path));
  return name + " (" + VersionText() + ")\nUsage: " + name +
         " [OPTIONS] PROGRAM -- [ARGS] | --version\n"
         "\n"
         "Execute a program under the supervision of a valid init process (" +
         name +
         ")\n"
         "\n"
         "Command line options:\n"
         "\n"
         "  --version: Show version and exit.\n"
         "  -h: Show this help message and exit.\n"
         "  -s: Register as a process subreaper (requires Linux >= 3.4).\n"
         "  -p SIGNAL: Trigger SIGNAL when parent dies, e.g. \"-p SIGKILL\".\n"
         "  -v: Generate more verbose output. Repeat up to 3 times.\n"
         "  -w: Print a warning when processes are getting reaped.\n"
         "  -g: Send signals to the child's process group.\n"
         "  -e EXIT_CODE: Remap EXIT_CODE (from 0 to 255) to 0.\n"
         "  -l: Show license and exit.\n"
         "\n"
         "Environment variables:\n"
         "\n"
         "  TINI_SUBREAPER: Register as a process subreaper (requires Linux >= 3.4).\n"
         "  TINI_VERBOSITY: Set the verbosity level (default: 1).\n"
         "  TINI_KILL_PROCESS_GROUP: Send signals to the child's process group.\n"
         "\n";
}

ParsedCommandLine Fatal(std::string_view text) {
  return ParsedCommandLine::Print(1, {}, TiniFatalLine(text) + '\n');
}

bool SetParentDeathSignal(std::string_view name, TiniOptions& options) {
  for (const SignalRow& row : kSignals) {
    if (row.name != name) continue;
    options.parent_death_signal = row.number;
    return true;
  }
  return false;
}

bool AddSuccessCode(std::string_view text, TiniOptions& options) {
  const LeadingInteger code = ParseLeadingInteger(text);
  // tini reads "" as 0.
  if (code.length != text.size() || code.value < 0 || code.value > 255) return false;
  options.codes_as_success.push_back(code.value);
  return true;
}

/// What the option ends the command line with: a text to print, or nothing.
std::optional<ParsedCommandLine> ApplyOption(const OptionScanner::Item& item, std::string_view path,
                                             TiniOptions& options) {
  switch (item.option) {
    case 'h':
      return ParsedCommandLine::Print(0, UsageText(path));
    case 'l':
      return ParsedCommandLine::Print(0, LicenseText());
    case 's':
      options.subreaper = true;
      return std::nullopt;
    case 'g':
      options.group = true;
      return std::nullopt;
    case 'w':
      options.warn_on_reap = true;
      return std::nullopt;
    case 'v':
      ++options.verbosity;
      return std::nullopt;
    case 'p':
      if (SetParentDeathSignal(item.value, options)) return std::nullopt;
      break;
    case 'e':
      if (AddSuccessCode(item.value, options)) return std::nullopt;
      break;
    default:
      return std::nullopt;
  }
  return Fatal(std::string("Not a valid option for -") + item.option + ": " +
               std::string(item.value));
}

void ApplyTiniEnvironment(std::span<char* const> environment, TiniOptions& options) {
  if (EnvironmentValue(environment, "TINI_SUBREAPER")) options.subreaper = true;
  if (EnvironmentValue(environment, "TINI_KILL_PROCESS_GROUP")) options.group = true;
  const auto verbosity = EnvironmentValue(environment, "TINI_VERBOSITY");
  if (verbosity) options.verbosity = ParseLeadingInteger(*verbosity).value;
}

ParsedCommandLine Run(const CommandLine& line, const TiniOptions& options,
                      std::vector<std::string> command) {
  ParsedCommandLine parsed;
  parsed.spec = PlainSpec(line, std::move(command));
  model::RunSpec& spec = parsed.spec;
  spec.exit.exec_failure = model::ExitPolicy::ExecFailure::kTini;
  if (options.group) spec.signals.target = model::SignalTarget::kGroup;
  if (options.subreaper) spec.subreaper = model::Subreaper::kForce;
  spec.parent_death_signal = options.parent_death_signal;
  for (const int code : options.codes_as_success)
    spec.exit.map.emplace_back(code, 0);
  for (const int signal : {SIGTTIN, SIGTTOU}) {
    spec.signals.swallow[static_cast<std::size_t>(signal)] = true;
  }
  if (const Status applied = ApplyEnvironment(line.environment, spec); !applied) {
    return Fatal(applied.error().message());
  }
  // A negative TINI_VERBOSITY is a very large one to tini.
  parsed.voice = MakeTiniVoice({static_cast<unsigned>(options.verbosity), options.warn_on_reap});
  return parsed;
}

}  // namespace

ParsedCommandLine ParseTini(const CommandLine& line) {
  const std::string_view path = ProgramPath(line);
  if (line.argv.size() == 2 && std::string_view(line.argv[1]) == "--version") {
    return ParsedCommandLine::Print(0, VersionText() + '\n');
  }
  const bool posix = EnvironmentValue(line.environment, "POSIXLY_CORRECT").has_value();
  OptionScanner scanner(line.argv, {"p:hvwgle:s", {}, !posix});
  TiniOptions options;
  for (;;) {
    const OptionScanner::Item item = scanner.Next();
    if (item.kind == Kind::kEnd) break;
    if (item.kind == Kind::kError) {
      return ParsedCommandLine::Print(1, {}, item.error + UsageText(path));
    }
    if (auto done = ApplyOption(item, path, options)) return std::move(*done);
  }
  if (scanner.operands().empty()) return ParsedCommandLine::Print(1, {}, UsageText(path));
  ApplyTiniEnvironment(line.environment, options);
  return Run(line, options, scanner.operands());
}

}  // namespace reaperd::daemon
