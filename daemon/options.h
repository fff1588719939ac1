// reaperd's own command line.
#pragma once

#include "daemon/personality/personality.h"

namespace reaperd::daemon {

/// Never prints, never starts anything. Parsing stops at the first word that is no option.
ParsedCommandLine ParseOwnCommandLine(const CommandLine& line);

/// The text of --help.
std::string HelpText();

}  // namespace reaperd::daemon
