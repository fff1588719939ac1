#include "sys/process_signal.h"

#include <cerrno>

#include "sys/pidfd.h"

namespace reaperd::sys {

int SignalProcess(ProcessOps& ops, std::string_view proc_root, const ProcStat& process,
                  int signal) {
  const UniqueFd pidfd = OpenPidfd(process.pid);
  const int open_error = pidfd ? 0 : errno;
  if (!pidfd && open_error == ESRCH) return ESRCH;
  // The pidfd pins whoever has the number now; the start time tells whether that is who we meant.
  const auto now = ReadStat(proc_root, process.pid);
  if (!now || now->start_ticks != process.start_ticks) return ESRCH;
  if (pidfd) {
    const int error = ops.SignalPidfd(pidfd.get(), signal);
    // What a seccomp filter answers; where the permission really lacks, kill(2) says so, too.
    if (error != ENOSYS && error != EPERM) return error;
  }
  return ops.SignalChild(process.pid, signal);
}

}  // namespace reaperd::sys
