// DetailBudget: how much of a zombie is read before it is reaped. Pure: time is an input. Owned by
// the one who writes the records.
//
// In mode auto a token bucket is asked at each death: in a trickle every record is whole, in a burst
// reaping stays cheap and records say less (Detail::kMinimal), but every death has one. The other
// modes are what the user wants at any rate.
#pragma once

#include "base/clock.h"
#include "model/death_record.h"
#include "model/records_spec.h"

namespace reaperd::reap {

/// What may be read at one death.
struct DetailChoice {
  model::Detail ordinary = model::Detail::kMinimal;
  model::Detail notable = model::Detail::kMinimal;  ///< an abnormal end, or one that will be held

  /// False: nothing of /proc, so the zombie need not be looked at before it is reaped.
  [[nodiscard]] bool MayLook() const { return ordinary != model::Detail::kMinimal; }

  bool operator==(const DetailChoice&) const = default;
};

class DetailBudget {
 public:
  static constexpr int kTokens = 64;
  static constexpr Micros kRefill_us = kSecond / 1000;  ///< time that brings one token

  /// What outlives an exec of ourselves.
  struct State {
    Micros credit_us = kTokens * kRefill_us;  ///< tokens, as the time that brings them
    Micros at_us = 0;

    bool operator==(const State&) const = default;
  };

  /// Full at first.
  explicit DetailBudget(model::RecordsMode mode) : mode_(mode) {}

  /// Once for each death: takes a token if the mode asks for one. `now_us`: CLOCK_BOOTTIME.
  [[nodiscard]] DetailChoice Take(Micros now_us);

  [[nodiscard]] State Save() const { return state_; }
  void Load(const State& state);

 private:
  [[nodiscard]] bool TakeToken(Micros now_us);

  model::RecordsMode mode_;
  State state_;
};

}  // namespace reaperd::reap
