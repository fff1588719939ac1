// Pidfds: a descriptor that names one process for ever (pidfd_open(2)).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "base/unique_fd.h"

namespace reaperd::sys {

/// Empty when there are no pidfds, no descriptors left, or no such process; errno says which.
UniqueFd OpenPidfd(pid_t pid);

/// The number that pidfs gives the process: unique since boot (Linux 6.9 and later). 0 where a
/// pidfd is an anonymous inode, the same for all.
std::uint64_t PidfsInode(int pidfd);

/// The wait status of a process that has been reaped, by whomever
/// (docs/kernel-facts.md#pidfd_info_exit); nullopt: it has not been. An error before Linux 6.15,
/// where the request or the answer is not known.
Result<std::optional<int>> ReadExitStatus(int pidfd);

}  // namespace reaperd::sys
