// Who is left: the descendants of ours that are alive, with what they wait for.
#pragma once

#include <vector>

#include "daemon/run_observer.h"

namespace reaperd::daemon {

/// At most `limit`. Walks /proc without regard to the loop's turn: only for the last word.
std::vector<Remaining> FindRemaining(std::size_t limit);

}  // namespace reaperd::daemon
