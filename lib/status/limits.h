// Limits of the status socket; GetStatus tells them.
#pragma once

#include <cstddef>

#include "base/clock.h"
#include "sys/framing.h"

namespace reaperd::status {

inline constexpr std::size_t kMaxClients = 64;
inline constexpr std::size_t kAdminPlaces = 4;  ///< of those: so that an admin always gets in
inline constexpr std::size_t kMaxRequestsInFlight = 16;
/// As far as the items of a reply allow: one that is larger stands alone.
inline constexpr std::size_t kMaxReplyBytes = std::size_t{64} << 10;
/// Read from a client while none of its messages is complete; then no more than that is taken in.
inline constexpr std::size_t kReadBytes = std::size_t{16} << 10;
/// Replies of a stream that are sent together.
inline constexpr std::size_t kBatchBytes = std::size_t{16} << 10;
/// How long nothing is accepted after the system had no descriptor or memory for it.
inline constexpr Micros kAcceptPause_us = 200 * kMillisecond;

}  // namespace reaperd::status
