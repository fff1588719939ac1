// Letting the kernel reap: children leave no zombie, and no status but by a pidfd.
//
// SA_NOCLDWAIT with the default action, not an ignored SIGCHLD: the flag does not go through exec,
// and stops and deaths are still told by SIGCHLD (docs/kernel-facts.md#sa_nocldwait).
#pragma once

#include "base/result.h"
#include "sys/process_ops.h"

namespace reaperd::sys {

/// From now on the kernel reaps our children. Those that are zombies already stay.
void LetKernelReap();

/// After LetKernelReap: whether the status of a child can be had by its pidfd, and signals be sent by
/// it, which is all that is safe when a number may be free at any moment. Tried on a child that ends
/// at once; takes about 0.3 ms, and a second where that child is not reaped. The error says what is
/// missing.
Status ProbeAutoReap(ProcessOps& ops);

}  // namespace reaperd::sys
