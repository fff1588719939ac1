// The errors of the status socket, each as it is sent. Texts are for people.
#pragma once

#include <string_view>

#include "base/error.h"
#include "status/endpoint.h"

namespace reaperd::status {

inline constexpr std::string_view kInterface = "io.reaperd.Manager";
inline constexpr std::string_view kVarlinkInterface = "org.varlink.service";

/// An error of the control plane, by the table of its codes. EINVAL is about `parameter`.
Refusal RefusalOf(const Error& error, std::string_view parameter = "");

/// "message" beside the name is ours; Varlink knows the name alone.
Refusal InvalidParameter(std::string_view parameter, std::string_view message);
Refusal InterfaceNotFound(std::string_view interface);
Refusal MethodNotFound(std::string_view method);
Refusal ExpectedMore();
Refusal PermissionDenied(Right needed, std::string_view message);
Refusal Unsupported(std::string_view message);
Refusal NoServices();
// Of the connection.
Refusal BadMessage(std::string_view message);
Refusal MessageTooLarge();
Refusal TooManyRequests();
Refusal TooManyClients();

}  // namespace reaperd::status
