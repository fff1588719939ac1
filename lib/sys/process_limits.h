// The limits on the number of processes that are visible from here. Zombies count against all of
// them. A host may set others that cannot be seen (pids.max above our cgroup namespace).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sys/cgroup.h"

namespace reaperd::sys {

/// pids.max: of our cgroup or of one above it.
struct PidsMax {
  std::uint64_t value = 0;
  std::string directory;  ///< of the group that sets it

  bool operator==(const PidsMax&) const = default;
};

enum class ProcessLimitKind { kPidsMax, kRlimitNproc, kPidMax };

struct ProcessLimit {
  ProcessLimitKind kind = ProcessLimitKind::kPidMax;
  std::uint64_t value = 0;  ///< so many processes; less than what is set where that is pid_max
  std::string name;         ///< "pids.max of /sys/fs/cgroup", "RLIMIT_NPROC", "kernel.pid_max"

  bool operator==(const ProcessLimit&) const = default;
};

struct ProcessLimits {
  std::optional<PidsMax> pids_max;  ///< the smallest; nullopt: none is set, or none is visible
  /// Soft; per real uid. The kernel does not hold uid 0 of the first user namespace to it, but those
  /// that we start as another user inherit it. nullopt: unlimited.
  std::optional<std::uint64_t> rlimit_nproc;
  /// Of our pid namespace where it has one of its own (docs/kernel-facts.md#pid_max).
  std::optional<std::uint64_t> pid_max;

  bool operator==(const ProcessLimits&) const = default;

  /// nullopt: no limit is visible.
  [[nodiscard]] std::optional<ProcessLimit> Smallest() const;
};

/// A few small reads; not for each turn of the loop.
ProcessLimits ReadProcessLimits(std::string_view proc_root, const CgroupTree& tree);

/// RLIMIT_NOFILE, soft; 0 when it cannot be told.
std::uint64_t OpenFilesLimit();

/// Tasks in our pids cgroup and below it, zombies and threads included; nullopt: not told (the
/// root group, no controller).
std::optional<std::uint64_t> ReadPidsCurrent(const CgroupTree& tree);

}  // namespace reaperd::sys
