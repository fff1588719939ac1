#include "reap/discovery.h"

namespace reaperd::reap {

void Discovery::OnListed(Micros cost_us, Micros now_us) {
  due_ = false;
  not_before_us_ = now_us + kPauseFactor * cost_us;
}

}  // namespace reaperd::reap
