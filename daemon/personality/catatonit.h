// The command line of catatonit, and podman-init, which is the same program.
#pragma once

#include "daemon/personality/personality.h"

namespace reaperd::daemon {

ParsedCommandLine ParseCatatonit(const CommandLine& line);

}  // namespace reaperd::daemon
