// Deadlines: a heap of CLOCK_BOOTTIME instants by id. Knows no clock and no timer: pure.
//
// An id is made once and then set, moved and cleared as often as one likes without allocation.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "base/clock.h"

namespace reaperd::event {

using DeadlineId = std::size_t;

class Deadlines {
 public:
  DeadlineId Make();
  /// Sets or moves.
  void Set(DeadlineId id, Micros at_us);
  void Clear(DeadlineId id);
  [[nodiscard]] bool IsSet(DeadlineId id) const { return place_[id] != kNowhere; }
  /// The earliest, nullopt when none is set.
  [[nodiscard]] std::optional<Micros> Next() const;
  /// Clears and returns one that is due.
  std::optional<DeadlineId> TakeDue(Micros now_us);

 private:
  static constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);

  void SiftUp(std::size_t place);
  void SiftDown(std::size_t place);
  void Swap(std::size_t a, std::size_t b);
  void RemoveAt(std::size_t place);

  std::vector<DeadlineId> heap_;
  std::vector<std::size_t> place_;  ///< by id: index into heap_
  std::vector<Micros> at_us_;       ///< by id
};

}  // namespace reaperd::event
