// --explain: what these settings would do here, and what this kernel and container offer.
#pragma once

#include <string>

#include "model/run_spec.h"

namespace reaperd::daemon {

std::string Explain(const model::RunSpec& spec, bool pid1);

}  // namespace reaperd::daemon
