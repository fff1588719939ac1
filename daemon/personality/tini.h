// The command line of tini 0.19, and tini-static and docker-init, which are the same program.
#pragma once

#include "daemon/personality/personality.h"

namespace reaperd::daemon {

ParsedCommandLine ParseTini(const CommandLine& line);

}  // namespace reaperd::daemon
