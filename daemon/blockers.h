// Who is left: the descendants of ours that are alive, with what they wait for.
#pragma once

#include <vector>

#include "daemon/run_observer.h"

namespace reaperd::daemon {

/// At most `limit`, among the first hundred processes of /proc. Empty without a /proc of our own.
std::vector<Remaining> FindRemaining(std::size_t limit);

}  // namespace reaperd::daemon
