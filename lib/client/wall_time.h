// Wall time of the wire: RFC 3339 in UTC, to and from microseconds since 1970.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace reaperd::client {

using WallMicros = std::int64_t;  ///< since 1970, in UTC

WallMicros WallNow();

/// "2026-11-22T06:00:00.120Z", with any number of decimals, or none, or an offset as +01:00.
std::optional<WallMicros> ParseWallTime(std::string_view text);

/// In UTC, with milliseconds (rounded down).
std::string FormatWallTime(WallMicros at_us);

}  // namespace reaperd::client
