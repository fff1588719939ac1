#include "daemon/personality/dumb_init.h"

#include <signal.h>

#include <array>

#include "daemon/environment.h"
#include "daemon/personality/common.h"
#include "daemon/personality/dumb_init_voice.h"
#include "daemon/personality/option_scanner.h"
#include "daemon/version.h"

namespace reaperd::daemon {
namespace {

using Kind = OptionScanner::Item::Kind;

constexpr int kLastSignal = 31;
constexpr int kNotGiven = -1;

constexpr std::array<LongOption, 5> kLongOptions{{
    {"help", false, 'h'},
    {"single-child", false, 'c'},
    {"rewrite", true, 'r'},
    {"verbose", false, 'v'},
    {"version", false, 'V'},
}};

struct DumbInitOptions {
  bool new_session = true;
  bool verbose = false;
  std::array<int, kLastSignal + 1> rewrite = NoRewrite();

  static std::array<int, kLastSignal + 1> NoRewrite() {
    std::array<int, kLastSignal + 1> none{};
    none.fill(kNotGiven);
    return none;
  }
};

std::string VersionLine() {
  return "dumb-init v" + std::string(kVersion) + '\n';
}

std::string HelpText(std::string_view path) {
  return VersionLine() + "Usage: " + std::string(path) +
         " [option] command [[arg] ...]\n"
         "\n"
         "dumb-init is a simple process supervisor that forwards signals to children.\n"
         "It is designed to run as PID1 in minimal container environments.\n"
         "\n"
         "Optional arguments:\n"
         "   -c, --single-child   Run in single-child mode.\n"
         "                        In this mode, signals are only proxied to the\n"
         "                        direct child and not any of its descendants.\n"
         "   -r, --rewrite s:r    Rewrite received signal s to new signal r before proxying.\n"
         "                        To ignore (not proxy) a signal, rewrite it to 0.\n"
         "                        This option can be specified multiple times.\n"
         "   -v, --verbose        Print debugging information to stderr.\n"
         "   -h, --help           Print this help message and exit.\n"
         "   -V, --version        Print the current version and exit.\n"
         "\n"
         "Full help is available online at https://github.com/Yelp/dumb-init\n";
}

ParsedCommandLine UsageError(std::string_view path) {
  const std::string name(path);
  return ParsedCommandLine::Print(
      1, {},
      "Usage: " + name + " [option] program [args]\nTry " + name + " --help for full usage.\n");
}

ParsedCommandLine RewriteError() {
  return ParsedCommandLine::Print(
      1, {},
      "Usage: -r option takes <signum>:<signum>, where <signum> is between 1 and 31.\n"
      "This option can be specified multiple times.\n"
      "Use --help for full usage.\n");
}

/// "FROM:TO". What follows TO is not looked at: dumb-init does not, either.
bool AddRewrite(std::string_view text, DumbInitOptions& options) {
  const LeadingInteger from = ParseLeadingInteger(text);
  if (from.length == 0 || from.value < 1 || from.value > kLastSignal) return false;
  text.remove_prefix(from.length);
  if (!text.starts_with(':')) return false;
  const LeadingInteger to = ParseLeadingInteger(text.substr(1));
  if (to.length == 0 || to.value < 0 || to.value > kLastSignal) return false;
  options.rewrite[static_cast<std::size_t>(from.value)] = to.value;
  return true;
}

std::optional<ParsedCommandLine> ApplyOption(const OptionScanner::Item& item, std::string_view path,
                                             DumbInitOptions& options) {
  switch (item.option) {
    case 'h':
      return ParsedCommandLine::Print(0, {}, HelpText(path));
    case 'V':
      return ParsedCommandLine::Print(0, {}, VersionLine());
    case 'c':
      options.new_session = false;
      return std::nullopt;
    case 'v':
      options.verbose = true;
      return std::nullopt;
    case 'r':
      if (AddRewrite(item.value, options)) return std::nullopt;
      return RewriteError();
    default:
      return std::nullopt;
  }
}

void ApplyRewrites(const DumbInitOptions& options, model::SignalPolicy& signals) {
  // A group that nobody but us watches cannot be continued after a real TSTP, and the kernel
  // ignores TSTP for orphaned groups: STOP works for every group.
  if (options.new_session) {
    for (const int signal : {SIGTSTP, SIGTTOU, SIGTTIN}) {
      signals.rewrite[static_cast<std::size_t>(signal)] = SIGSTOP;
    }
  }
  for (std::size_t from = 1; from < options.rewrite.size(); ++from) {
    if (options.rewrite[from] != kNotGiven) signals.rewrite[from] = options.rewrite[from];
  }
}

model::RunSpec MakeSpec(const CommandLine& line, const DumbInitOptions& options,
                        std::vector<std::string> command) {
  model::RunSpec spec = PlainSpec(line, std::move(command));
  spec.exit.exec_failure = model::ExitPolicy::ExecFailure::kDumbInit;
  spec.main.unblock_all_signals = true;
  spec.signals.job_signals_stop_us = true;
  spec.signals.forward_faults = true;
  spec.change_to_root = true;
  if (options.new_session) {
    spec.main.process_group = model::ProcessGroup::kNewSession;
    spec.signals.target = model::SignalTarget::kGroup;
    spec.signals.ignore_first_hangup = true;
    spec.stop.signal_group_at_end = SIGTERM;
  } else {
    spec.main.process_group = model::ProcessGroup::kInherit;
  }
  ApplyRewrites(options, spec.signals);
  return spec;
}

ParsedCommandLine Run(const CommandLine& line, DumbInitOptions options,
                      std::vector<std::string> command) {
  DumbInitVoiceOptions voice;
  voice.debug_by_environment = EnvironmentValue(line.environment, "DUMB_INIT_DEBUG") == "1";
  voice.no_session_by_environment = EnvironmentValue(line.environment, "DUMB_INIT_SETSID") == "0";
  if (voice.no_session_by_environment) options.new_session = false;
  voice.verbose = options.verbose || voice.debug_by_environment;
  voice.new_session = options.new_session;

  ParsedCommandLine parsed;
  parsed.spec = MakeSpec(line, options, std::move(command));
  if (const Status applied = ApplyEnvironment(line.environment, parsed.spec); !applied) {
    return ParsedCommandLine::Print(1, {}, DumbInitLine(applied.error().message()) + '\n');
  }
  parsed.voice = MakeDumbInitVoice(voice, parsed.spec.signals);
  return parsed;
}

}  // namespace

ParsedCommandLine ParseDumbInit(const CommandLine& line) {
  const std::string_view path = ProgramPath(line);
  OptionScanner scanner(line.argv, {"hvVcr:", kLongOptions, false});
  DumbInitOptions options;
  for (;;) {
    const OptionScanner::Item item = scanner.Next();
    if (item.kind == Kind::kEnd) break;
    if (item.kind == Kind::kError) return ParsedCommandLine::Print(1, {}, item.error);
    if (auto done = ApplyOption(item, path, options)) return std::move(*done);
  }
  if (scanner.operands().empty()) return UsageError(path);
  return Run(line, options, scanner.operands());
}

}  // namespace reaperd::daemon
