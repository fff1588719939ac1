// What one call of the wait family told.
#pragma once

#include <sys/types.h>

#include <optional>

#include "model/exit_status.h"
#include "model/resource_use.h"

namespace reaperd::model {

struct WaitOutcome {
  enum class Kind {
    kDead,     ///< `pid` is a zombie (peeked) or was one (reaped); `status` and `uid` are set
    kStopped,  ///< `pid` was stopped by `stop_signal`; this news is not given again
    kNothing,  ///< there are children asked for, none of them is dead
    kNoChild,  ///< there is no such child (ECHILD)
    kError,    ///< `error` is the errno; nothing was learned
  };

  Kind kind = Kind::kNothing;
  pid_t pid = 0;
  ExitStatus status;
  uid_t uid = 0;
  std::optional<ResourceUse> usage;  ///< kDead, where the kernel told
  int stop_signal = 0;
  int error = 0;
};

}  // namespace reaperd::model
