// How GoogleTest shows a reap::Action in messages; for every test that compares one.
#pragma once

#include <ostream>

#include "reap/plan.h"

namespace reaperd::reap {

inline void PrintTo(const Action& action, std::ostream* out) {
  static constexpr const char* kNames[] = {"peek", "reap", "peek any", "reap any", "list", "rest"};
  *out << kNames[static_cast<std::size_t>(action.kind)];
  if (action.pid != 0) *out << ' ' << action.pid;
  if (action.first_part) *out << " from the start";
  if (action.seen) *out << ", seen";
  if (action.until_us) *out << " until " << *action.until_us;
}

}  // namespace reaperd::reap
