// Wall time as text, RFC 3339. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace reaperd::status {

/// "2026-11-22T06:00:00.120Z": RFC 3339, UTC, milliseconds (rounded down).
std::string WallTime(Micros since_1970_us);

/// Also with another offset ("+02:00"), and with none to nine digits of a second. nullopt: it is
/// none, or not of this calendar.
std::optional<Micros> ParseWallTime(std::string_view text);

}  // namespace reaperd::status
