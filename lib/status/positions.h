// Where a list was left off, for lists that are sent in parts: what is left is looked for in the
// list as it is by then.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <tuple>
#include <vector>

#include "base/clock.h"
#include "model/control.h"
#include "model/foreign_zombie.h"
#include "model/hold_info.h"
#include "status/control_plane.h"

namespace reaperd::status {

inline pid_t PositionOf(const model::ProcessView& process) {
  return process.pid;
}
inline pid_t PositionOf(const model::ForeignZombie& zombie) {
  return zombie.pid;
}

/// Holds begin in order, a few of them perhaps in the same microsecond.
struct HoldPosition {
  Micros since_us = std::numeric_limits<Micros>::min();
  std::uint64_t seq = 0;

  friend bool operator<=(const HoldPosition& one, const HoldPosition& other) {
    return std::tie(one.since_us, one.seq) <= std::tie(other.since_us, other.seq);
  }
};
inline HoldPosition PositionOf(const model::HoldInfo& hold) {
  return {.since_us = hold.since_us, .seq = hold.record->seq};
}

/// Those that have begun by then: one who reads slowly does not run after new ones for ever.
inline std::vector<model::HoldInfo> HoldsBegunBy(const ControlPlane& control, Micros until_us) {
  std::vector<model::HoldInfo> holds = control.ListHeld();
  std::erase_if(holds, [&](const model::HoldInfo& hold) { return hold.since_us > until_us; });
  return holds;
}

/// `items` are in order of their positions.
template <typename T, typename Position>
std::span<const T> ItemsAfter(const std::vector<T>& items, const Position& position) {
  const auto first = std::partition_point(
      items.begin(), items.end(), [&](const T& item) { return PositionOf(item) <= position; });
  return {first, items.end()};
}

}  // namespace reaperd::status
