#include "base/wall_time.h"

#include <time.h>

#include <chrono>

#include "base/text.h"

namespace reaperd {
namespace {

/// The last digits of `value`, with zeros in front.
void AppendDigits(std::string& out, std::int64_t value, std::size_t digits) {
  out.resize(out.size() + digits);
  for (std::size_t at = 1; at <= digits; ++at, value /= 10)
    out[out.size() - at] = static_cast<char>('0' + value % 10);
}

/// Reads a text from its front; what does not fit makes all that follows fail.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  /// Just so many digits, at most `max`.
  int Digits(std::size_t count, int max) {
    const auto value = ParseUnsigned(text_.substr(0, count), static_cast<std::uint64_t>(max));
    if (text_.size() < count || !value) return Fail();
    text_.remove_prefix(count);
    return static_cast<int>(*value);
  }
  void Expect(std::string_view any_of) {
    if (!Skip(any_of)) Fail();
  }
  /// The character that stands there, if it is one of these; else nothing.
  std::optional<char> Skip(std::string_view any_of) {
    if (text_.empty() || any_of.find(text_.front()) == std::string_view::npos) return std::nullopt;
    const char found = text_.front();
    text_.remove_prefix(1);
    return found;
  }
  /// Digits behind the point, in microseconds.
  int Fraction() {
    int value_us = 0;
    int unit_us = 100'000;
    std::size_t count = 0;
    for (; count < 9 && !text_.empty() && text_.front() >= '0' && text_.front() <= '9'; ++count) {
      value_us += (text_.front() - '0') * unit_us;
      unit_us /= 10;
      text_.remove_prefix(1);
    }
    return count == 0 ? Fail() : value_us;
  }
  [[nodiscard]] bool ok() const { return ok_ && text_.empty(); }

 private:
  int Fail() {
    ok_ = false;
    return 0;
  }

  std::string_view text_;
  bool ok_ = true;
};

/// "Z" or "+02:00": minutes that local time is ahead.
int ReadOffset(Reader& reader) {
  const auto sign = reader.Skip("Zz+-");
  if (!sign) reader.Expect("Z");
  if (!sign || *sign == 'Z' || *sign == 'z') return 0;
  const int hours = reader.Digits(2, 23);
  reader.Expect(":");
  const int minutes = hours * 60 + reader.Digits(2, 59);
  return *sign == '-' ? -minutes : minutes;
}

}  // namespace

WallMicros WallNow() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return WallMicros{now.tv_sec} * kSecond + now.tv_nsec / 1000;
}

std::string FormatWallTime(WallMicros at_us) {
  using std::chrono::days;
  using std::chrono::milliseconds;
  const std::chrono::sys_time<std::chrono::microseconds> time{std::chrono::microseconds{at_us}};
  const auto day = std::chrono::floor<days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{std::chrono::floor<milliseconds>(time - day)};
  std::string out;
  AppendDigits(out, int{date.year()}, 4);
  out += '-';
  AppendDigits(out, unsigned{date.month()}, 2);
  out += '-';
  AppendDigits(out, unsigned{date.day()}, 2);
  out += 'T';
  AppendDigits(out, clock.hours().count(), 2);
  out += ':';
  AppendDigits(out, clock.minutes().count(), 2);
  out += ':';
  AppendDigits(out, clock.seconds().count(), 2);
  out += '.';
  AppendDigits(out, clock.subseconds().count(), 3);
  out += 'Z';
  return out;
}

std::optional<WallMicros> ParseWallTime(std::string_view text) {
  Reader reader(text);
  const int year = reader.Digits(4, 9999);
  reader.Expect("-");
  const int month = reader.Digits(2, 12);
  reader.Expect("-");
  const int day = reader.Digits(2, 31);
  reader.Expect("Tt ");
  const int hour = reader.Digits(2, 23);
  reader.Expect(":");
  const int minute = reader.Digits(2, 59);
  reader.Expect(":");
  const int second = reader.Digits(2, 60);
  const int fraction_us = reader.Skip(".") ? reader.Fraction() : 0;
  const int ahead_minutes = ReadOffset(reader);
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!reader.ok() || !date.ok()) return std::nullopt;
  const auto days = std::chrono::sys_days(date).time_since_epoch().count();
  const std::int64_t minutes = std::int64_t{days} * 24 * 60 + hour * 60 + minute - ahead_minutes;
  return (minutes * 60 + second) * kSecond + fraction_us;
}

}  // namespace reaperd
