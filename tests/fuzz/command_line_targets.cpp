// Command lines and environments: reaperd's own, and those of the programs that it stands in for.
//
// The input is one word a line; a line that begins with "env:" is a variable. "\r" stands for the
// end of a line within a word.
#include <algorithm>
#include <string>
#include <vector>

#include "base/text.h"
#include "daemon/options.h"
#include "daemon/personality/catatonit.h"
#include "daemon/personality/dumb_init.h"
#include "daemon/personality/pause.h"
#include "daemon/personality/tini.h"
#include "targets.h"

namespace reaperd::fuzz {
namespace {

constexpr std::string_view kVariable = "env:";

struct Words {
  std::vector<std::string> texts;
  std::vector<char*> pointers;
  void Add(std::string_view text) {
    // As C strings: what follows a NUL cannot be there.
    texts.emplace_back(text.substr(0, text.find('\0')));
    std::replace(texts.back().begin(), texts.back().end(), '\r', '\n');
  }
  std::span<char* const> span() {
    for (std::string& text : texts)
      pointers.push_back(text.data());
    return pointers;
  }
};

/// Options that do more than parse: they start children, or open files of the machine.
bool HasEffects(std::string_view word) {
  return word.starts_with("--explain") || word.find("/dev") != std::string_view::npos ||
         word.find("/proc") != std::string_view::npos ||
         word.find("/sys") != std::string_view::npos;
}

using Parser = daemon::ParsedCommandLine (*)(const daemon::CommandLine& line);

daemon::ParsedCommandLine Parse(Parser parser, const char* program, std::string_view input,
                                bool& skipped) {
  Words argv;
  Words environment;
  argv.Add(program);
  for (const std::string_view line : Split(input, '\n')) {
    skipped = skipped || HasEffects(line);
    if (line.starts_with(kVariable)) {
      environment.Add(line.substr(kVariable.size()));
    } else {
      argv.Add(line);
    }
  }
  if (skipped) return {};
  return parser({.argv = argv.span(), .environment = environment.span(), .pid1 = true});
}

void CheckAnswer(const daemon::ParsedCommandLine& parsed) {
  using Action = daemon::ParsedCommandLine::Action;
  Require(parsed.exit_code >= 0 && parsed.exit_code <= 255, "the exit code is one");
  if (parsed.action == Action::kPrint) {
    Require(!parsed.out.empty() || !parsed.err.empty(), "something is said");
    return;
  }
  Require(parsed.voice != nullptr, "a run has a voice");
  Require(parsed.out.empty() && parsed.err.empty(), "a run prints nothing before it");
  const model::RunSpec& spec = parsed.spec;
  for (const int signal : spec.stop.signals) {
    Require(signal > 0 && signal < model::kSignalLimit, "a stop signal is one");
  }
  for (const int signal : spec.signals.rewrite) {
    Require(signal >= 0 && signal < model::kSignalLimit, "a signal is rewritten to one");
  }
  Require(spec.stop.drain_us >= 0, "no duration is negative");
}

void FuzzPersonality(Parser parser, const char* program, std::string_view input) {
  bool skipped = false;
  const daemon::ParsedCommandLine parsed = Parse(parser, program, input, skipped);
  if (!skipped) CheckAnswer(parsed);
}

}  // namespace

void FuzzCommandLine(std::string_view input) {
  bool skipped = false;
  const daemon::ParsedCommandLine parsed =
      Parse(daemon::ParseOwnCommandLine, "reaperd", input, skipped);
  if (skipped) return;
  CheckAnswer(parsed);
  using Action = daemon::ParsedCommandLine::Action;
  if (parsed.action == Action::kRun) {
    Require(!parsed.spec.main.command.empty(), "there is a command");
  } else if (parsed.exit_code != 0) {
    Require(parsed.exit_code == 125 && parsed.out.empty(), "a refusal is 125 and on stderr");
    const std::size_t end = parsed.err.find('\n');
    Require(end + 1 == parsed.err.size(), "a refusal is one line");
    const bool clean = std::all_of(parsed.err.begin(), parsed.err.end() - 1,
                                   [](char c) { return static_cast<unsigned char>(c) >= 0x20; });
    Require(clean, "a refusal shows no control bytes");
  }
}

void FuzzTini(std::string_view input) {
  FuzzPersonality(daemon::ParseTini, "tini", input);
}

void FuzzDumbInit(std::string_view input) {
  FuzzPersonality(daemon::ParseDumbInit, "dumb-init", input);
}

void FuzzCatatonit(std::string_view input) {
  FuzzPersonality(daemon::ParseCatatonit, "catatonit", input);
}

void FuzzPause(std::string_view input) {
  FuzzPersonality(daemon::ParsePause, "pause", input);
}

}  // namespace reaperd::fuzz
