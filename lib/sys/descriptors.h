// Descriptors that we were given and do not use.
#pragma once

namespace reaperd::sys {

/// Closes every descriptor from 3 on that is not close-on-exec: ours all are. Needs /proc; without
/// it nothing is closed.
void CloseInheritedDescriptors();

}  // namespace reaperd::sys
