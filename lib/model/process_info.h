// A child that we know of.
#pragma once

#include <sys/types.h>

#include "base/clock.h"

namespace reaperd::model {

/// How we learned that a child exists. Adoption itself is silent
/// (docs/kernel-facts.md#adoption-is-silent).
enum class FirstSight {
  kSpawn,      ///< we made it
  kDiscovery,  ///< it stood in a list of our children that we read to find new ones
  kDeath,      ///< only its death told us
};

struct ProcessInfo {
  pid_t pid = 0;
  FirstSight first_sight = FirstSight::kDiscovery;
  Micros first_seen_us = 0;  ///< CLOCK_BOOTTIME
};

}  // namespace reaperd::model
