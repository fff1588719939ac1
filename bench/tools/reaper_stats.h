// What the kernel tells about the init under measurement (the reaper: our parent).
//
// Owned by the workload. Everything here is read from /proc from outside the measured program;
// nothing wakes it up. The CPU figure counts every thread of the reaper and is exact only while the
// reaper sleeps, so WaitQuiet() comes before each reading that ends a phase.

#pragma once

#include <sys/types.h>

#include <cstdint>

namespace reaperd::bench {

struct ReaperMemory {
  long rss_kib = -1;
  long pss_kib = -1;
  long private_dirty_kib = -1;
};

struct ReaperSwitches {
  long voluntary = -1;
  long nonvoluntary = -1;
};

/// CPU time on all CPUs, in ns (sum_exec_runtime), -1 when /proc does not say.
std::int64_t ReaperCpuNs(pid_t reaper);

/// Waits until the reaper sleeps and has used no CPU for `quiet_ns`. False at the deadline.
bool WaitQuiet(pid_t reaper, std::int64_t quiet_ns, std::int64_t deadline_ns);

/// The reaper sleeps at this moment.
bool Sleeps(pid_t reaper);

ReaperMemory ReadMemory(pid_t reaper);
ReaperSwitches ReadSwitches(pid_t reaper);

}  // namespace reaperd::bench
