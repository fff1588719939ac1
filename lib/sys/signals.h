// The signal state that we were started with, and the one that we run with.
//
// reaperd has no signal handlers: what can be blocked is blocked and read from a signalfd. SIGABRT
// and the fault signals stay unblocked (a blocked SIGABRT would defeat systemd's watchdog). The
// child is given back exactly what we inherited, except that SIGCHLD is never left ignored.
#pragma once

#include <signal.h>

#include "base/result.h"
#include "base/unique_fd.h"

namespace reaperd::sys {

struct InheritedSignals {
  sigset_t blocked{};  ///< our mask at start
  /// Nothing would ever have been waitable (docs/kernel-facts.md#ignored-sigchld).
  bool sigchld_ignored = false;
};

enum class FaultSignals {
  kLeave,  ///< SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS act on us
  kTake,   ///< they are read like the others when somebody sends them; a real fault still kills
};

/// All that the loop reads from its signalfd.
sigset_t LoopSignals(FaultSignals faults);

/// Sets SIGCHLD to default if it came ignored, and blocks LoopSignals. Call first of all.
InheritedSignals TakeOverSignals(FaultSignals faults);

/// Blocks LoopSignals(faults).
void BlockSignals(FaultSignals faults);

/// A non-blocking, close-on-exec signalfd for LoopSignals.
Result<UniqueFd> OpenSignalFd(FaultSignals faults);

/// Ends this process by `signal`: no core of our own, default disposition, unblocked, raised.
/// Returns only if the kernel does not let us die of it (PID 1, or a signal that is harmless).
void DieBySignal(int signal);

}  // namespace reaperd::sys
