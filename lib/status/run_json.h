// The run as a whole as JSON: its state, its counters, its rules, who is left.
#pragma once

#include <string>

#include "model/control.h"
#include "status/socket_counters.h"
#include "status/status_json.h"

namespace reaperd::status {

/// Type Status of the interface.
std::string StatusJson(const model::StatusView& view, const SocketCounters& socket, Micros now_us,
                       const JsonContext& context);

/// The whole answer of ListHoldRules.
std::string HoldRulesJson(const model::HoldRulesView& view, const JsonContext& context);

std::string BlockerJson(const model::Remaining& process);

}  // namespace reaperd::status
