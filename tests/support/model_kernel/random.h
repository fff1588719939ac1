// Random: a small generator (SplitMix64) whose numbers are the same everywhere, so that a seed that
// a failing property printed brings the failure back on any machine. Value-like.
#pragma once

#include <cstdint>

namespace reaperd::test {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t Next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15U);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
  }

  /// 0 … limit - 1; `limit` is not 0. Slightly uneven for huge limits, which nobody here uses.
  std::uint64_t Below(std::uint64_t limit) { return Next() % limit; }

  /// `low` … `high`, both included.
  std::int64_t Between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(Below(static_cast<std::uint64_t>(high - low) + 1));
  }

  /// True in `percent` of 100 cases.
  bool Chance(int percent) { return Below(100) < static_cast<std::uint64_t>(percent); }

 private:
  std::uint64_t state_;
};

}  // namespace reaperd::test
