// The command line of pause, which holds a pod's namespaces and reaps what is left to it; it runs
// no command.
#pragma once

#include "daemon/personality/personality.h"

namespace reaperd::daemon {

ParsedCommandLine ParsePause(const CommandLine& line);

}  // namespace reaperd::daemon
