// A death as the reaper sees it.
#pragma once

#include <sys/types.h>

#include "base/clock.h"
#include "model/exit_status.h"

namespace reaperd::model {

struct Death {
  pid_t pid = 0;
  ExitStatus status;
  uid_t uid = 0;       ///< real uid at the time of death
  Micros seen_us = 0;  ///< when we saw it: CLOCK_BOOTTIME
};

}  // namespace reaperd::model
