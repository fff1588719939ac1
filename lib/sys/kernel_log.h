// KernelLog: whom the OOM killer took, as the kernel's log names them. For the owner of verdicts,
// who asks only when a SIGKILL has no other explanation.
//
// The log speaks of pids of the first pid namespace. We cannot translate them: a /proc shows
// numbers of its own namespace and those below, never above. So outside of the first pid namespace
// nothing is readable here, whatever /dev/kmsg says, and the same without the right to read it
// (CAP_SYSLOG where kernel.dmesg_restrict is set) or without the file, as in most containers.
//
// Only lines of the kernel itself count; others can write to the log, under another facility. Reads
// are non-blocking and bounded; when the log overruns us, lines are lost, never waited for. Times
// are the log's, which drift against CLOCK_BOOTTIME by seconds over weeks.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/unique_fd.h"

namespace reaperd::sys {

struct OomVictim {
  pid_t pid = 0;         ///< in the first pid namespace
  std::string comm;      ///< raw bytes, as the log's escapes say
  Micros logged_us = 0;  ///< by the log's clock
  std::uint64_t sequence = 0;

  bool operator==(const OomVictim&) const = default;
};

/// One record of /dev/kmsg ("6,375,3673176,-;oom-kill:…"). nullopt: it names no victim.
std::optional<OomVictim> ParseOomRecord(std::string_view record);

enum class PidNamespace {
  kFirst,  ///< the one that the log speaks of
  kOther,  ///< any other, or /proc does not tell
};
PidNamespace OurPidNamespace(std::string_view proc_root);

class KernelLog {
 public:
  enum class Read {
    kAll,         ///< to the log's end
    kMore,        ///< the call's time or number is used up; call again
    kUnreadable,  ///< for good, or for now (too many descriptors): no lines, no claims
  };

  /// `Names` believes a line that is older than the process by the log's clock by so much: for
  /// rounding. A drift that is larger makes us say nothing.
  static constexpr Micros kSlack = kSecond;
  static constexpr Micros kReadTime = 2 * kMillisecond;
  static constexpr int kReadRecords = 512;
  static constexpr std::size_t kVictimsKept = 32;

  explicit KernelLog(PidNamespace ours, std::string path = "/dev/kmsg")
      : readable_(ours == PidNamespace::kFirst), path_(std::move(path)) {}

  /// Opens the log and skips what is in it: two system calls, for a start after which questions are
  /// to be answered at once. Without it the first ReadNew begins at the oldest record, which may
  /// take several calls.
  void SkipToEnd();

  /// Reads what is new. Opens the log if need be.
  Read ReadNew(const Clock& clock);

  /// The victim with this number and name, killed after the process's start (CLOCK_BOOTTIME). The
  /// process must be a zombie that is not reaped, else its number may be another's.
  [[nodiscard]] std::optional<OomVictim> Names(pid_t pid, std::string_view comm,
                                               Micros started_us) const;

 private:
  bool Open();
  void Keep(OomVictim victim);

  bool readable_;  ///< false for good
  std::string path_;
  UniqueFd fd_;
  std::deque<OomVictim> victims_;
};

}  // namespace reaperd::sys
