// What reaperd makes of itself before it starts anything: who it is among processes.
#pragma once

#include "base/result.h"
#include "model/run_spec.h"

namespace reaperd::daemon {

struct Standing {
  bool pid1 = false;
  bool subreaper = false;  ///< orphans below us come to us although we are not PID 1
};

/// Becomes a subreaper where `spec` wants it and asks for the parent-death signal. Fails when that
/// was asked for and cannot be had, or when our parent has died meanwhile.
Result<Standing> TakeStanding(const model::RunSpec& spec);

}  // namespace reaperd::daemon
