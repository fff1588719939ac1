// Time as values. Every point of time in reaperd is CLOCK_BOOTTIME in microseconds (it goes on
// while the machine sleeps and never jumps); wall time is made on output only.
#pragma once

#include <time.h>

#include <cstdint>
#include <limits>

namespace reaperd {

using Micros = std::int64_t;  ///< a duration or a CLOCK_BOOTTIME instant, in microseconds

constexpr Micros kMillisecond = 1000;
constexpr Micros kSecond = 1000 * kMillisecond;

/// The later instant, or the greatest that there is; neither is negative. For durations that a user
/// or a client chose.
constexpr Micros AddTime(Micros at_us, Micros duration_us) {
  constexpr Micros kLast_us = std::numeric_limits<Micros>::max();
  return duration_us > kLast_us - at_us ? kLast_us : at_us + duration_us;
}

class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;
  [[nodiscard]] virtual Micros Now() const = 0;
};

/// The kernel's CLOCK_BOOTTIME (answered by the vDSO: no system call).
class BootClock final : public Clock {
 public:
  [[nodiscard]] Micros Now() const override {
    timespec ts{};
    clock_gettime(CLOCK_BOOTTIME, &ts);
    return Micros{ts.tv_sec} * kSecond + ts.tv_nsec / 1000;
  }
};

}  // namespace reaperd
