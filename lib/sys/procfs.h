// Readers of /proc. Every number they return may be stale when it is used, and every name is chosen
// by a stranger. The root is a parameter so that tests can bring trees of their own.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "model/process_info.h"

namespace reaperd::sys {

/// From /proc/<pid>/stat (proc(5)).
struct ProcStat {
  pid_t pid = 0;
  std::string comm;  ///< raw bytes, at most 15 (63 for kernel threads)
  char state = '?';
  pid_t parent = 0;
  pid_t process_group = 0;
  pid_t session = 0;
  unsigned flags = 0;  ///< the kernel's PF_…
  int threads = 0;
  std::uint64_t start_ticks = 0;  ///< clock ticks after boot; with the pid it names a process

  /// A leader that called pthread_exit shows Z, too, while its threads live.
  [[nodiscard]] bool IsZombie() const { return state == 'Z' && threads == 1; }
  /// It has begun to end; a zombie's is set, too.
  [[nodiscard]] bool IsExiting() const { return (flags & kExiting) != 0; }
  static constexpr unsigned kExiting = 0x4;  ///< PF_EXITING, the same since Linux 2.4
  [[nodiscard]] bool IsKernelThread() const { return (flags & kKernelThread) != 0; }
  static constexpr unsigned kKernelThread = 0x00200000;  ///< PF_KTHREAD
};

/// The instant (CLOCK_BOOTTIME) of a start time in clock ticks after boot.
Micros InstantOf(std::uint64_t start_ticks);
/// When a child started: we saw the birth of what we made, of all others the kernel tells it in
/// ticks. nullopt: it was not looked at.
std::optional<Micros> StartOf(const model::ProcessInfo& child);

/// Parses the text of a stat file. comm may hold any byte, also ")" and blanks.
std::optional<ProcStat> ParseStat(std::string_view text);

/// Reads a small file whole (at most 4 KiB: stat, comm, wchan, status of a thread …).
Result<std::string> ReadSmallFile(const std::string& path);

Result<ProcStat> ReadStat(std::string_view proc_root, pid_t pid);

/// The user that a process runs as; root for one that must not be looked into (prctl(2),
/// PR_SET_DUMPABLE). nullopt: it is gone.
std::optional<uid_t> OwnerOf(std::string_view proc_root, pid_t pid);

/// The kernel function that `pid` sleeps in, "" when it is not told.
std::string ReadWaitChannel(std::string_view proc_root, pid_t pid);

/// Whether the mounted /proc shows our own pid namespace. After `unshare --pid` without a new mount
/// it shows another one, and its numbers would be those of strangers.
bool ProcIsOurs(std::string_view proc_root);

/// Whether `pid` is PID 1 of a pid namespace below the mounted one. nullopt when that cannot be
/// told: it is gone, or we may not look.
std::optional<bool> IsNestedInit(std::string_view proc_root, pid_t pid);

}  // namespace reaperd::sys
