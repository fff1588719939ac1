// Processes that live, or are not reaped yet, as JSON (type Process of the interface).
#pragma once

#include <string>

#include "model/control.h"
#include "status/status_json.h"

namespace reaperd::status {

std::string ProcessJson(const model::ProcessView& process, const JsonContext& context);

/// A child of ours that was just learned of.
std::string ChildJson(const model::ProcessInfo& child, pid_t parent, const JsonContext& context);

}  // namespace reaperd::status
