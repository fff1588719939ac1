// ForeignNews: which news of foreign zombies are told one by one, and how many were not. One parent can
// keep thousands, and each is found once and gone once; what is done about a parent is always told.
//
// Pure. Owned by DeathDesk, which asks for the rest after kWindow_us.
#pragma once

#include <cstdint>
#include <utility>

#include "base/clock.h"
#include "base/rate_limit.h"
#include "model/foreign_zombie.h"

namespace reaperd::daemon {

class ForeignNews {
 public:
  static constexpr Micros kWindow_us = 10 * kSecond;
  static constexpr int kInWindow = 10;  ///< of those found, and as many of those gone

  struct Rest {
    std::uint64_t found = 0;
    std::uint64_t gone = 0;

    [[nodiscard]] bool empty() const { return found == 0 && gone == 0; }
    bool operator==(const Rest&) const = default;
  };

  /// Whether this one is told.
  bool Allow(model::ForeignEvent::Step step, Micros now_us) {
    using Step = model::ForeignEvent::Step;
    if (step == Step::kFound) return Allow(found_, rest_.found, now_us);
    if (step == Step::kGone) return Allow(gone_, rest_.gone, now_us);
    return true;
  }

  [[nodiscard]] const Rest& rest() const { return rest_; }
  /// What was not told since the last call.
  Rest TakeRest() { return std::exchange(rest_, {}); }

 private:
  static bool Allow(RateLimit& limit, std::uint64_t& left_out, Micros now_us) {
    if (limit.Allow(now_us)) return true;
    ++left_out;
    return false;
  }

  RateLimit found_{kInWindow, kWindow_us};
  RateLimit gone_{kInWindow, kWindow_us};
  Rest rest_;
};

}  // namespace reaperd::daemon
