// What the command lines of all personalities have in common.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/personality/personality.h"

namespace reaperd::daemon {

/// Of the first NAME=value; nullopt if the name is not there.
std::optional<std::string_view> EnvironmentValue(std::span<char* const> environment,
                                                 std::string_view name);

/// An integer at the start of `text` as strtol(3) finds it: blanks and a sign may come first.
/// Beyond int it stays at int's end. `length` 0: there was none.
struct LeadingInteger {
  int value = 0;
  std::size_t length = 0;
};
LeadingInteger ParseLeadingInteger(std::string_view text);

/// A run as these programs do it: it ends with its command, nothing is killed, nothing is written
/// down, own failures are 1.
model::RunSpec PlainSpec(const CommandLine& line, std::vector<std::string> command);

/// No command: reap what is left to us until TERM or INT, then exit 0.
model::RunSpec PauseSpec(const CommandLine& line);

/// argv[0], "" if there is none; and what follows its last slash.
std::string_view ProgramPath(const CommandLine& line);
std::string_view BaseName(std::string_view path);

/// What -l and -L print: our licence, not that of the program whose place we took.
std::string LicenseText();

}  // namespace reaperd::daemon
