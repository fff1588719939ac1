// Turn: the time that one turn of the loop may take, shared by its handlers.
#pragma once

#include "base/clock.h"

namespace reaperd::event {

class Turn {
 public:
  static constexpr Micros kBudget_us = 2 * kMillisecond;
  static constexpr int kItemsPerCheck = 16;

  explicit Turn(const Clock& clock) : clock_(clock), end_us_(clock.Now() + kBudget_us) {}

  /// Call after each item of work. True when the handler should stop and go on in the next turn.
  /// The clock is read every kItemsPerCheck items, so every handler gets at least so much done.
  [[nodiscard]] bool Over() { return OverAfter(1); }
  /// The same after several items that cannot be parted.
  [[nodiscard]] bool OverAfter(int items) {
    items_ += items;
    if (items_ / kItemsPerCheck == (items_ - items) / kItemsPerCheck) return false;
    return OverNow();
  }

  /// Reads the clock each time: after items that take long.
  [[nodiscard]] bool OverNow() const { return clock_.Now() >= end_us_; }

 private:
  const Clock& clock_;
  Micros end_us_;
  int items_ = 0;
};

}  // namespace reaperd::event
