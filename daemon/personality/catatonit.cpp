#include "daemon/personality/catatonit.h"

#include <signal.h>

#include <array>

#include "daemon/environment.h"
#include "daemon/personality/catatonit_voice.h"
#include "daemon/personality/common.h"
#include "daemon/personality/option_scanner.h"
#include "daemon/version.h"

namespace reaperd::daemon {
namespace {

using Kind = OptionScanner::Item::Kind;

constexpr std::array<LongOption, 1> kLongOptions{{{"version", false, 'V'}}};

struct CatatonitOptions {
  bool group = false;
  bool pause = false;
};

std::string UsageLine() {
  return "usage: catatonit [-ghLPV] [--] <progname> [<arguments>...]\n";
}

std::string HelpText() {
  return UsageLine() +
         "\n"
         "options:\n"
         "  -g              Forward signals to pid1's process group.\n"
         "  -h              Print this help page.\n"
         "  -L              Print license information.\n"
         "  -P              Run in pause mode (no program is run and quit on SIGINT).\n"
         "  -V, --version   Print version information.\n"
         "\n"
         "The source code can be found at <https://github.com/openSUSE/catatonit/>.\n"
         "For bug reporting instructions, please see: <https://bugs.opensuse.org/>.\n";
}

/// `docker info` asks every init for "tini version", whoever it is.
std::string VersionText() {
  return "tini version " + std::string(kVersion) + "_catatonit\n";
}

ParsedCommandLine Fail(std::string_view text, std::string_view after = {}) {
  return ParsedCommandLine::Print(1, {}, CatatonitErrorLine(text) + '\n' + std::string(after));
}

std::optional<ParsedCommandLine> ApplyOption(char option, CatatonitOptions& options) {
  switch (option) {
    case 'h':
      return ParsedCommandLine::Print(0, {}, HelpText());
    case 'L':
      return ParsedCommandLine::Print(0, LicenseText());
    case 'V':
      return ParsedCommandLine::Print(0, VersionText());
    case 'g':
      options.group = true;
      return std::nullopt;
    case 'P':
      options.pause = true;
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

model::RunSpec MakeSpec(const CommandLine& line, const CatatonitOptions& options,
                        std::vector<std::string> command) {
  if (options.pause) return PauseSpec(line);
  model::RunSpec spec = PlainSpec(line, std::move(command));
  spec.exit.exec_failure = model::ExitPolicy::ExecFailure::kCatatonit;
  spec.subreaper = model::Subreaper::kUnlessPid1;
  spec.change_to_root = true;
  spec.close_inherited_descriptors = true;
  if (options.group) spec.signals.target = model::SignalTarget::kGroup;
  for (const int signal : {SIGTSTP, SIGTTOU, SIGTTIN}) {
    spec.signals.swallow[static_cast<std::size_t>(signal)] = true;
  }
  return spec;
}

}  // namespace

ParsedCommandLine ParseCatatonit(const CommandLine& line) {
  const auto& environment = line.environment;
  if (EnvironmentValue(environment, "CATATONIT_LOG")) {
    return Fail("CATATONIT_LOG is reserved for future use");
  }
  const bool posix = EnvironmentValue(environment, "POSIXLY_CORRECT").has_value();
  OptionScanner scanner(line.argv, {"ghLPV", kLongOptions, !posix});
  CatatonitOptions options;
  for (;;) {
    const OptionScanner::Item item = scanner.Next();
    if (item.kind == Kind::kEnd) break;
    if (item.kind == Kind::kError) return ParsedCommandLine::Print(1, {}, item.error + UsageLine());
    if (auto done = ApplyOption(item.option, options)) return std::move(*done);
  }
  if (scanner.operands().empty() && !options.pause)
    return Fail("missing program name", UsageLine());

  ParsedCommandLine parsed;
  parsed.spec = MakeSpec(line, options, scanner.operands());
  if (const Status applied = ApplyEnvironment(environment, parsed.spec); !applied) {
    return Fail(applied.error().message());
  }
  parsed.voice = MakeCatatonitVoice(EnvironmentValue(environment, "CATATONIT_DEBUG").has_value());
  return parsed;
}

}  // namespace reaperd::daemon
