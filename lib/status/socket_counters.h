// What the status socket counts. clients and monitors are those of now; all others only grow.
#pragma once

#include <cstdint>

namespace reaperd::status {

struct SocketCounters {
  std::uint64_t clients = 0;
  std::uint64_t monitors = 0;
  std::uint64_t accepted = 0;         ///< connections, also those that were sent away
  std::uint64_t accept_failures = 0;  ///< times that none could be taken: no descriptor, no memory
  std::uint64_t refused = 0;          ///< peers without a right
  std::uint64_t turned_away = 0;      ///< for want of room
  std::uint64_t requests = 0;
  std::uint64_t errors = 0;        ///< requests that were answered by an error
  std::uint64_t bad_messages = 0;  ///< garbage, too large, too many: the connection was closed
  std::uint64_t gaps = 0;          ///< told to slow monitors
};

}  // namespace reaperd::status
