// Wall time, which is for people and for the wire: as text it is RFC 3339. Instants of our own are
// CLOCK_BOOTTIME (clock.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace reaperd {

using WallMicros = std::int64_t;  ///< since 1970, in UTC, in microseconds

WallMicros WallNow();

/// "2026-11-22T06:00:00.120Z": RFC 3339, UTC, milliseconds (rounded down).
std::string FormatWallTime(WallMicros at_us);

/// Also with another offset ("+02:00"), and with none to nine digits of a second. nullopt: it is
/// none, or not of this calendar.
std::optional<WallMicros> ParseWallTime(std::string_view text);

}  // namespace reaperd
