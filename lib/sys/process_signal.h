// Signals to processes that we hold no pidfd of. A bare pid is never signalled: the number may have
// been given to somebody else since we read it.
#pragma once

#include <string_view>

#include "sys/process_ops.h"
#include "sys/procfs.h"

namespace reaperd::sys {

/// Opens a pidfd for `process`, checks that its start time is still the one that was read, sends.
/// Returns 0 or an errno; ESRCH when it is gone. Where there are no pidfds the check comes right
/// before kill(2), and only then.
int SignalProcess(ProcessOps& ops, std::string_view proc_root, const ProcStat& process, int signal);

}  // namespace reaperd::sys
