// What a process used in its life, from the raw waitid(2): the process and those of its descendants
// that it waited for.
#pragma once

#include <cstdint>

namespace reaperd::model {

struct ResourceUse {
  std::int64_t user_us = 0;
  std::int64_t system_us = 0;
  std::int64_t max_rss_kb = 0;
  std::int64_t minor_faults = 0;
  std::int64_t major_faults = 0;
  std::int64_t blocks_in = 0;
  std::int64_t blocks_out = 0;
  std::int64_t voluntary_switches = 0;
  std::int64_t involuntary_switches = 0;

  bool operator==(const ResourceUse&) const = default;
};

}  // namespace reaperd::model
