#include "status/refusals.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <utility>

#include "status/json_writer.h"
#include "status/limits.h"

namespace reaperd::status {
namespace {

struct CodeRow {
  int code;
  std::string_view name;
};
// TABLE: codes of the control plane -> errors of the interface. EINVAL and EPERM have more to say; all
// others are Failed.
constexpr std::array<CodeRow, 7> kErrors{{
    {ESRCH, "NoSuchProcess"},
    {ENOENT, "NotFound"},
    {EEXIST, "AlreadyExists"},
    {ENOSPC, "LimitReached"},
    {EOPNOTSUPP, "Unsupported"},
    {ESHUTDOWN, "ShuttingDown"},
    {EAGAIN, "TryAgain"},
}};

std::string Ours(std::string_view name) {
  return std::string(kInterface).append(".").append(name);
}

std::string Varlinks(std::string_view name) {
  return std::string(kVarlinkInterface).append(".").append(name);
}

/// An object with one text.
std::string Text(std::string_view name, std::string_view text) {
  JsonWriter json;
  json.OpenObject().String(name, text).CloseObject();
  return std::move(json).Take();
}

std::string Limit(std::string_view name, std::size_t limit) {
  JsonWriter json;
  json.OpenObject().Number(name, limit).CloseObject();
  return std::move(json).Take();
}

}  // namespace

Refusal RefusalOf(const Error& error, std::string_view parameter) {
  if (error.code() == EINVAL) return InvalidParameter(parameter, error.message());
  if (error.code() == EPERM) return PermissionDenied(Right::kAdmin, error.message());
  const auto* const row = std::find_if(kErrors.begin(), kErrors.end(), [&](const CodeRow& each) {
    return each.code == error.code();
  });
  if (row != kErrors.end()) return {Ours(row->name), Text("message", error.message())};
  JsonWriter json;
  json.OpenObject().Number("errno", error.code()).String("message", error.message()).CloseObject();
  return {Ours("Failed"), std::move(json).Take()};
}

Refusal InvalidParameter(std::string_view parameter, std::string_view message) {
  JsonWriter json;
  json.OpenObject().String("parameter", parameter).String("message", message).CloseObject();
  return {Varlinks("InvalidParameter"), std::move(json).Take()};
}

Refusal InterfaceNotFound(std::string_view interface) {
  return {Varlinks("InterfaceNotFound"), Text("interface", interface)};
}

Refusal MethodNotFound(std::string_view method) {
  return {Varlinks("MethodNotFound"), Text("method", method)};
}

Refusal ExpectedMore() {
  return {Varlinks("ExpectedMore"), "{}"};
}

Refusal PermissionDenied(Right needed, std::string_view message) {
  JsonWriter json;
  json.OpenObject().String("right", kRights.Name(needed)).String("message", message).CloseObject();
  return {Ours("PermissionDenied"), std::move(json).Take()};
}

Refusal Unsupported(std::string_view message) {
  return {Ours("Unsupported"), Text("message", message)};
}

Refusal NoServices() {
  return {Ours("NoServices"), Text("message", "services come with a later version")};
}

Refusal BadMessage(std::string_view message) {
  return {Ours("BadMessage"), Text("message", message)};
}

Refusal MessageTooLarge() {
  return {Ours("MessageTooLarge"), Limit("limit_bytes", sys::kMaxMessageBytes)};
}

Refusal TooManyRequests() {
  return {Ours("TooManyRequests"), Limit("limit", kMaxRequestsInFlight)};
}

Refusal TooManyClients() {
  return {Ours("TooManyClients"), Limit("limit", kMaxClients)};
}

}  // namespace reaperd::status
