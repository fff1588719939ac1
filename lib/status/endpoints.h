// The methods of the status socket: one table, one row each. docs/status-protocol.md and the
// interface file are checked against it.
#pragma once

#include <span>
#include <string_view>

#include "status/call.h"
#include "status/endpoint.h"

namespace reaperd::status {

[[nodiscard]] std::span<const Endpoint> Endpoints();

/// nullptr: there is no such method.
[[nodiscard]] const Endpoint* FindEndpoint(std::string_view method);

/// Checks right and parameters, and has the method done.
Answer Dispatch(Call call, const Service& service, const Caller& caller, const LateAnswer& later);

}  // namespace reaperd::status
