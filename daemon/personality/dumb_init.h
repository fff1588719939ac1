// The command line of dumb-init 1.2.5.
#pragma once

#include "daemon/personality/personality.h"

namespace reaperd::daemon {

ParsedCommandLine ParseDumbInit(const CommandLine& line);

}  // namespace reaperd::daemon
