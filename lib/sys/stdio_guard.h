// Descriptors 0, 1 and 2 when we were started without them.
#pragma once

#include <array>

#include "base/unique_fd.h"

namespace reaperd::sys {

/// Occupies those of 0, 1 and 2 that are closed with a close-on-exec descriptor, so that nothing of
/// ours lands on a number that a program takes for its standard output; the child sees them closed,
/// as we did. Returns which of them we were given.
std::array<bool, 3> GuardStdio();

}  // namespace reaperd::sys
