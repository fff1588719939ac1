// --reap auto: whether it can be had here and agrees with the other options, and the switch to it.
#pragma once

#include "base/result.h"
#include "model/run_spec.h"
#include "sys/process_ops.h"

namespace reaperd::daemon {

/// Before anything is started. From then on the kernel reaps, also when it fails afterwards. The
/// error names the options that contradict each other, or what this kernel or container lacks.
Status SetUpAutoReap(const model::RunSpec& spec, sys::ProcessOps& ops);

}  // namespace reaperd::daemon
