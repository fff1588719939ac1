// A death as the reaper sees it: what the wait call told.
#pragma once

#include <sys/types.h>

#include <optional>

#include "base/clock.h"
#include "model/exit_status.h"
#include "model/resource_use.h"

namespace reaperd::model {

struct Death {
  pid_t pid = 0;
  ExitStatus status;
  std::optional<uid_t> uid;  ///< real uid at the time of death; nullopt: the kernel reaped it
  Micros seen_us = 0;  ///< when we saw it: CLOCK_BOOTTIME
  std::optional<ResourceUse> usage;
};

}  // namespace reaperd::model
