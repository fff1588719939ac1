// Who is left: the descendants of ours that are alive, with what they wait for.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>

#include "daemon/run_observer.h"
#include "model/control.h"

namespace reaperd::daemon {

/// As many as somebody reads.
inline constexpr std::size_t kMostBlockers = 16;
/// At about 60 us each: a turn's time.
inline constexpr std::size_t kMostBlockerLooks = 32;

/// Some of them, and whether there are others that it did not tell or look at: of the nearest, those
/// first that cannot be killed. Empty without a /proc of our own, or where the kernel has no
/// children files. `skip`: who counts for nobody (a helper of ours, a zombie that is held).
model::RemainingList FindRemaining(const std::function<bool(pid_t pid)>& skip);

}  // namespace reaperd::daemon
