#include "reap/detail.h"

#include <algorithm>

namespace reaperd::reap {
namespace {

using model::Detail;
using model::RecordsMode;

constexpr Micros kFullBucket_us = DetailBudget::kTokens * DetailBudget::kRefill_us;

}  // namespace

DetailChoice DetailBudget::Take(Micros now_us) {
  switch (mode_) {
    case RecordsMode::kAuto:
      return TakeToken(now_us) ? DetailChoice{Detail::kStandard, Detail::kFull} : DetailChoice{};
    case RecordsMode::kFull:
      return {Detail::kFull, Detail::kFull};
    case RecordsMode::kStandard:
      return {Detail::kStandard, Detail::kStandard};
    case RecordsMode::kMinimal:
    case RecordsMode::kOff:
      break;
  }
  return {};
}

bool DetailBudget::TakeToken(Micros now_us) {
  if (now_us > state_.at_us) {
    // The pause first: a sum with a time since boot could not overflow, but a loaded state might.
    const Micros pause_us = std::min(now_us - state_.at_us, kFullBucket_us);
    state_.credit_us = std::min(state_.credit_us + pause_us, kFullBucket_us);
    state_.at_us = now_us;
  }
  if (state_.credit_us < kRefill_us) return false;
  state_.credit_us -= kRefill_us;
  return true;
}

void DetailBudget::Load(const State& state) {
  state_.credit_us = std::clamp(state.credit_us, Micros{0}, kFullBucket_us);
  state_.at_us = std::max(state.at_us, Micros{0});
}

}  // namespace reaperd::reap
