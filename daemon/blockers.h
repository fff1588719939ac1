// Who is left: the descendants of ours that are alive, with what they wait for.
#pragma once

#include <vector>

#include "daemon/run_observer.h"

namespace reaperd::daemon {

/// Some of them, nearest first: as many as can be read in about a turn's time. Empty without a
/// /proc of our own, or where the kernel has no children files.
std::vector<Remaining> FindRemaining();

}  // namespace reaperd::daemon
