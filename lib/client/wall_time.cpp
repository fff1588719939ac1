#include "client/wall_time.h"

#include <time.h>

#include <array>
#include <cstdio>

#include "base/clock.h"
#include "base/text.h"

namespace reaperd::client {
namespace {

/// A number of just `digits` digits at the start, which it takes away.
std::optional<int> TakeNumber(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  const auto value = ParseUnsigned(text.substr(0, digits));
  if (!value) return std::nullopt;
  text.remove_prefix(digits);
  return static_cast<int>(*value);
}

bool TakeChar(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text[0]) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

/// ".123456789" at the start, as microseconds.
std::optional<WallMicros> TakeDecimals(std::string_view& text) {
  if (!TakeChar(text, ".")) return 0;
  WallMicros value_us = 0;
  WallMicros unit_us = kSecond / 10;
  std::size_t digits = 0;
  for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1), ++digits) {
    value_us += (text[0] - '0') * unit_us;
    unit_us /= 10;
  }
  if (digits == 0) return std::nullopt;
  return value_us;
}

/// "Z" or "+01:30": what is to be taken off, in seconds.
std::optional<int> TakeOffset(std::string_view& text) {
  if (TakeChar(text, "Zz")) return 0;
  if (text.empty() || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  const int sign = text[0] == '+' ? 1 : -1;
  text.remove_prefix(1);
  const auto hours = TakeNumber(text, 2);
  if (!hours || !TakeChar(text, ":")) return std::nullopt;
  const auto minutes = TakeNumber(text, 2);
  if (!minutes) return std::nullopt;
  return sign * (*hours * 3600 + *minutes * 60);
}

}  // namespace

WallMicros WallNow() {
  timespec ts{};
  clock_gettime(CLOCK_REALTIME, &ts);
  return WallMicros{ts.tv_sec} * kSecond + ts.tv_nsec / 1000;
}

std::optional<WallMicros> ParseWallTime(std::string_view text) {
  // TABLE: the parts in their order, and what stands behind each.
  struct Part {
    std::size_t digits;
    std::string_view behind;
    int min;
    int max;
  };
  constexpr std::array<Part, 6> kParts{{{4, "-", 1970, 9999},
                                        {2, "-", 1, 12},
                                        {2, "Tt ", 1, 31},
                                        {2, ":", 0, 23},
                                        {2, ":", 0, 59},
                                        {2, "", 0, 60}}};
  std::array<int, kParts.size()> values{};
  for (std::size_t i = 0; i < kParts.size(); ++i) {
    const auto value = TakeNumber(text, kParts[i].digits);
    if (!value || *value < kParts[i].min || *value > kParts[i].max) return std::nullopt;
    values[i] = *value;
    if (!kParts[i].behind.empty() && !TakeChar(text, kParts[i].behind)) return std::nullopt;
  }
  const auto decimals_us = TakeDecimals(text);
  const auto offset = TakeOffset(text);
  if (!decimals_us || !offset || !text.empty()) return std::nullopt;
  tm parts{};
  parts.tm_year = values[0] - 1900;
  parts.tm_mon = values[1] - 1;
  parts.tm_mday = values[2];
  parts.tm_hour = values[3];
  parts.tm_min = values[4];
  parts.tm_sec = values[5];
  const time_t seconds = timegm(&parts);
  return (WallMicros{seconds} - *offset) * kSecond + *decimals_us;
}

std::string FormatWallTime(WallMicros at_us) {
  WallMicros seconds = at_us / kSecond;
  WallMicros rest_us = at_us % kSecond;
  if (rest_us < 0) {
    rest_us += kSecond;
    --seconds;
  }
  const time_t at = seconds;
  tm parts{};
  gmtime_r(&at, &parts);
  std::array<char, 80> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
                parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min,
                parts.tm_sec, static_cast<int>(rest_us / kMillisecond));
  return text.data();
}

}  // namespace reaperd::client
