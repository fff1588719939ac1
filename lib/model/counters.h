// What the parts of reap/ and the scribe count. All only grow.
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

/// What was seen of foreign zombies and done about them.
struct ForeignCounters {
  std::uint64_t looks = 0;
  std::uint64_t failed_looks = 0;  ///< there was no /proc to look at
  std::uint64_t found = 0;
  std::uint64_t nudged = 0;
  std::uint64_t terminated = 0;
  std::uint64_t killed = 0;
  std::uint64_t gone = 0;
  std::uint64_t exempt = 0;  ///< parents that were left alone
  std::uint64_t failed = 0;  ///< steps that failed, parents that were given up
};

struct ScribeCounters {
  std::uint64_t lines = 0;             ///< that were to be written
  std::uint64_t dropped = 0;           ///< of those; of one that was lost with a worker, at most
  std::uint64_t restarts = 0;          ///< workers after the first
  std::uint64_t reads = 0;             ///< asked for
  std::uint64_t reads_unanswered = 0;  ///< of those: nothing was read for want of a worker
};

}  // namespace reaperd::model
