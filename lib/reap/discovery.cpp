#include "reap/discovery.h"

#include <algorithm>

namespace reaperd::reap {

void Discovery::OnPass(Micros cost_us, bool looks_left, Micros now_us) {
  looks_left_ = looks_left;
  if (!looks_left) answered_ = listed_for_;
  if (answered_ < requests_) return;  // asked for when the list was half read: at once again
  not_before_us_ = now_us + std::max(kPauseFactor * cost_us, kLeastPause_us);
}

}  // namespace reaperd::reap
