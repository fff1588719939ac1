// InspectZombie: the files of /proc that a zombie still has, as text
// (docs/kernel-facts.md#what-a-zombie-still-shows).
//
// Only of unreaped children of ours that are dead: nothing here can make the reader wait then. All
// is read through one directory descriptor, so a number that is used again meanwhile is not met.
// About 100 us.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/hold_info.h"

namespace reaperd::sys {

constexpr std::size_t kInspectedFileBytes = std::size_t{64}
                                            << 10;  ///< of each; the rest is cut off

/// All of them, each with its text or its errno. ESRCH: `pid` is no zombie of ours, or not the one
/// that started at `start_ticks` (0: not known); ENOENT: /proc does not show our pid namespace.
Result<std::vector<model::InspectedFile>> InspectZombie(const std::string& proc_root, pid_t pid,
                                                        std::uint64_t start_ticks);

}  // namespace reaperd::sys
