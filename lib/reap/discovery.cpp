#include "reap/discovery.h"

#include <algorithm>

namespace reaperd::reap {

void Discovery::OnPass(Micros cost_us, bool looks_left, Micros now_us) {
  looks_left_ = looks_left;
  if (!looks_left) answered_ = listed_for_;
  if (answered_ < requests_) return;  // not by this list: at once again
  torn_lists_ = 0;
  not_before_us_ = now_us + std::max(kPauseFactor * cost_us, kLeastPause_us);
}

}  // namespace reaperd::reap
