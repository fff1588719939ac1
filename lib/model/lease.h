// A lease: a client's wish that a process, when it is dead, be kept for a while. Values.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"

namespace reaperd::model {

/// A connection of the status socket; never used again for another.
using ClientId = std::uint64_t;

struct LeaseRequest {
  pid_t pid = 0;
  std::string id;  ///< of the process, so that a reused number is not meant; empty: any
  ClientId client = 0;
  std::optional<Micros> for_us;  ///< nullopt: until Release, disconnect or the limits' time
  bool until_disconnect = false;
};

/// What became of a lease.
struct Leased {
  bool held = false;               ///< false: it lives; the time begins with its death
  std::optional<Micros> until_us;  ///< as in HoldInfo
};

}  // namespace reaperd::model
