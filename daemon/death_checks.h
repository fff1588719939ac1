// What of records, holds and --watch is asked for, and whether it can be had here: asked before
// anything is started.
#pragma once

#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"
#include "model/run_spec.h"

namespace reaperd::daemon {

/// Whether `spec` wants anything of a DeathDesk.
bool WantsDeathDesk(const model::RunSpec& spec);
/// Opens and checks the death log; empty when there is none. The error names the option.
Result<UniqueFd> OpenDeathLog(const model::RunSpec& spec);
/// Whether anybody can be held here; the error says what is missing and why, and begins with `what`.
Status CanHold(model::ReapMode reap, std::string_view what);
/// The same, if holds are asked for.
Status CheckHolding(const model::RunSpec& spec);
/// Whether --watch has a /proc to look at.
Status CheckWatching(const model::RunSpec& spec);

}  // namespace reaperd::daemon
