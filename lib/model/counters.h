// What the reaper counts. All only grow.
#pragma once

#include <cstdint>

namespace reaperd::model {

struct ReapCounters {
  std::uint64_t sigchld_received = 0;  ///< records; fewer than deaths, since SIGCHLD coalesces
  std::uint64_t deaths = 0;
  std::uint64_t reaped = 0;
  std::uint64_t stops = 0;   ///< children stopped by a signal
  std::uint64_t walks = 0;   ///< waitid(P_ALL)
  std::uint64_t scans = 0;   ///< lists of children begun
  std::uint64_t errors = 0;  ///< calls of the wait family that failed
};

}  // namespace reaperd::model
