// Which death records somebody wants, and a page of them. Values.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "model/death_record.h"
#include "model/verdict.h"

namespace reaperd::model {

/// Which records: all that is set must match.
struct RecordQuery {
  static constexpr std::size_t kMaxLimit = 1000;

  std::uint64_t after_seq = 0;
  std::optional<pid_t> pid;
  std::optional<std::string> service;
  std::optional<Cause> cause;
  std::optional<Micros> since_us;  ///< died then or later; CLOCK_BOOTTIME
  std::size_t limit = 100;         ///< 1 to kMaxLimit; what is outside is moved to the end of that
};

struct RecordPage {
  std::vector<std::shared_ptr<const DeathRecord>> records;  ///< in order of seq
  std::uint64_t looked_to_seq = 0;  ///< ask for what follows with this as after_seq
  bool more = false;                ///< there are newer ones that were not looked at
  /// The oldest that can be had: between after_seq and this, records were dropped. One above the
  /// last death's when none can be had.
  std::uint64_t oldest_seq = 1;
};

}  // namespace reaperd::model
