// The voice of reaperd itself: what happens becomes lines of the log.
//
// A run without incident says nothing at the default level: a drop-in init must not change what a
// program prints.
#pragma once

#include <memory>

#include "daemon/run_observer.h"
#include "model/run_spec.h"

namespace reaperd::daemon {

std::unique_ptr<RunObserver> MakeLogVoice(const model::RunSpec& spec);

/// "nginx (pid 7)": the base name of argv[0], printable.
std::string NameWithPid(const model::ServiceSpec& spec, pid_t pid);

}  // namespace reaperd::daemon
