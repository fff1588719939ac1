// The words of a command line, as a verb and its arguments. CLI11 is in command_line.cpp alone: it
// takes long to compile.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "ctl/arguments.h"
#include "ctl/session.h"
#include "ctl/verbs.h"

namespace reaperd::ctl {

struct Invocation {
  const Verb* verb = nullptr;
  Globals globals;
  Arguments arguments;
};
/// --help, of a verb or (nullptr) in general.
struct HelpWanted {
  const Verb* verb = nullptr;
};
struct VersionWanted {};
/// What is wrong, for people, and with the words of which verb; nullptr: there is none.
struct UsageError {
  std::string message;
  const Verb* verb = nullptr;
};

using ParsedLine = std::variant<Invocation, HelpWanted, VersionWanted, UsageError>;

/// `words` without the program's name.
ParsedLine ParseCommandLine(const std::vector<std::string>& words);

}  // namespace reaperd::ctl
