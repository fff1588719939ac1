// BarrierState: what a barrier has collected so far, and what it waits for. A value with its small
// decisions; owned by HeldQueue, which holds and releases the members. Pure.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "model/hold_info.h"
#include "model/hold_rule.h"

namespace reaperd::reap {

struct BarrierState {
  /// Of members that had to go before, so many are listed in the result; the rest is counted.
  static constexpr std::size_t kGoneListed = 1024;

  struct Gone {
    std::uint64_t seq = 0;
    model::BarrierResult::Member member;

    bool operator==(const Gone&) const = default;
  };

  BarrierState() = default;
  explicit BarrierState(model::Barrier barrier) : spec(std::move(barrier)) {}

  /// A death that belongs to it, whether it can be held or not.
  void Join(Micros now_us, Micros max_time_us);
  /// One that belongs to it is released before the others.
  void OnGone(const model::DeathRecord& record, model::ReleaseReason reason);
  /// The process that kept it from being complete is dead.
  void OnDeath(pid_t pid);

  [[nodiscard]] bool counted() const { return spec.count && dead >= *spec.count; }
  [[nodiscard]] bool empty() const { return dead == 0; }
  /// Everybody who was waited for may be dead: somebody must look at the living.
  [[nodiscard]] bool wants_look() const { return spec.all && dead > 0 && !witness; }

  bool operator==(const BarrierState&) const = default;

  model::Barrier spec;
  std::uint64_t dead = 0;  ///< members in all, also those that had to go
  std::vector<Gone> gone;
  std::uint64_t unlisted = 0;
  std::optional<Micros> deadline_us;  ///< from the first member on
  std::optional<pid_t> witness;       ///< with `all`: somebody who lives and could match
};

/// A member of a barrier's result.
model::BarrierResult::Member MemberOf(const model::DeathRecord& record,
                                      model::ReleaseReason reason);

}  // namespace reaperd::reap
