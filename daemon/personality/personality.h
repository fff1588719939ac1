// Personality: reaperd under the name of another init takes that program's command line,
// environment, defaults, exit codes and messages. Which one is decided by the base name of argv[0].
//
// A personality only fills in a RunSpec and brings a voice; the run itself is the same code.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "daemon/run_observer.h"
#include "model/run_spec.h"

namespace reaperd::daemon {

/// What a command line asks for.
struct ParsedCommandLine {
  enum class Action { kRun, kPrint };

  Action action = Action::kRun;
  // kPrint: print both texts and exit with `exit_code`.
  std::string out;
  std::string err;
  int exit_code = 0;
  // kRun:
  model::RunSpec spec;
  std::unique_ptr<RunObserver> voice;

  static ParsedCommandLine Print(int code, std::string to_stdout, std::string to_stderr = {}) {
    ParsedCommandLine parsed;
    parsed.action = Action::kPrint;
    parsed.exit_code = code;
    parsed.out = std::move(to_stdout);
    parsed.err = std::move(to_stderr);
    return parsed;
  }
};

struct CommandLine {
  std::span<char* const> argv;         ///< argv[0] included
  std::span<char* const> environment;  ///< "NAME=value" each
  bool pid1 = false;
};

struct Personality {
  std::string_view program;  ///< base name of argv[0] that selects it
  ParsedCommandLine (*parse)(const CommandLine& line);
};

/// The row for this argv[0], or nullptr: then we are reaperd.
const Personality* FindPersonality(std::string_view argv0);

}  // namespace reaperd::daemon
