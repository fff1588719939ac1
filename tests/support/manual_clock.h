// ManualClock: a clock that stands still until it is moved.
#pragma once

#include "base/clock.h"

namespace reaperd::test {

class ManualClock final : public Clock {
 public:
  [[nodiscard]] Micros Now() const override { return now_us_; }
  void Advance(Micros by_us) { now_us_ += by_us; }

 private:
  Micros now_us_ = 1'000'000;
};

}  // namespace reaperd::test
