// RateLimit: so many per interval, and how many were held back. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"

namespace reaperd {

class RateLimit {
 public:
  RateLimit(int burst, Micros interval_us) : burst_(burst), interval_us_(interval_us) {}

  /// nullopt: not now. Else how many were refused since the last that passed.
  std::optional<std::uint64_t> Allow(Micros now_us) {
    if (now_us >= window_end_us_) {
      window_end_us_ = now_us + interval_us_;
      used_ = 0;
    }
    if (used_ >= burst_) {
      ++refused_;
      return std::nullopt;
    }
    ++used_;
    const std::uint64_t refused = refused_;
    refused_ = 0;
    return refused;
  }

 private:
  int burst_;
  Micros interval_us_;
  int used_ = 0;
  Micros window_end_us_ = 0;
  std::uint64_t refused_ = 0;
};

}  // namespace reaperd
