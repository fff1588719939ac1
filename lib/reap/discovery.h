// Discovery: paces the search for children that we were given without a word. Pure: the reaper
// lists.
//
// A search is due after any SIGCHLD (where processes die, others were perhaps orphaned) and on
// request; it takes at most 1 % of the time.
#pragma once

#include "base/clock.h"

namespace reaperd::reap {

class Discovery {
 public:
  void OnSigchld() { due_ = true; }
  /// Wanted now, whatever it costs: somebody asked, or a decision depends on it.
  void OnRequest() {
    due_ = true;
    not_before_us_ = 0;
  }
  [[nodiscard]] bool ShouldList(Micros now_us) const { return due_ && now_us >= not_before_us_; }
  /// A list has been read whole.
  void OnListed(Micros cost_us, Micros now_us);

 private:
  static constexpr Micros kPauseFactor = 100;

  bool due_ = false;
  Micros not_before_us_ = 0;
};

}  // namespace reaperd::reap
