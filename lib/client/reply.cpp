#include "client/reply.h"

#include <array>

namespace reaperd::client {
namespace {

constexpr std::string_view kOurs = "io.reaperd.Manager.";

/// What an error without a sentence of its own says: its name, the member that it has, and the
/// sentence around that.
struct Sentence {
  std::string_view error;
  std::string_view member;
  std::string_view before;
  std::string_view after;
};

// TABLE: errors that bring no message.
constexpr std::array<Sentence, 9> kSentences{{
    {"org.varlink.service.InterfaceNotFound", "interface", "it has no interface ",
     ": this is no reaperd, or another version"},
    {"org.varlink.service.MethodNotFound", "method", "it has no method ",
     ": it is older than this reaperctl"},
    {"org.varlink.service.MethodNotImplemented", "method", "this version cannot do ", ""},
    {"org.varlink.service.InvalidParameter", "parameter", "it does not accept the parameter ", ""},
    {"org.varlink.service.PermissionDenied", "", "permission denied", ""},
    {"org.varlink.service.ExpectedMore", "", "it wants to answer more than once", ""},
    {"MessageTooLarge", "limit_bytes", "the request is longer than its limit of ", " bytes"},
    {"TooManyRequests", "limit", "it takes no more requests at once than ", ""},
    {"TooManyClients", "limit", "it takes no more clients than ", ""},
}};

std::string MemberText(const JsonValue* parameters, std::string_view key) {
  const JsonValue* value = parameters != nullptr ? parameters->Find(key) : nullptr;
  return value != nullptr ? value->text : std::string();
}

std::string MessageOf(std::string_view error, const JsonValue* parameters) {
  std::string message = MemberText(parameters, "message");
  if (!message.empty()) return message;
  for (const Sentence& sentence : kSentences) {
    if (sentence.error != error) continue;
    return std::string(sentence.before) + MemberText(parameters, sentence.member) +
           std::string(sentence.after);
  }
  return std::string(error);
}

Failure ReadError(std::string_view error, const JsonValue* parameters) {
  if (error.starts_with(kOurs)) error.remove_prefix(kOurs.size());
  const auto code = ParseUnsigned(MemberText(parameters, "errno"), 4095);
  return {.kind = Failure::Kind::kRefused,
          .error = std::string(error),
          .message = MessageOf(error, parameters),
          .errno_code = static_cast<int>(code.value_or(0))};
}

}  // namespace

Failure NotAsExpected(std::string_view problem) {
  return {.kind = Failure::Kind::kProtocol,
          .error = {},
          .message = "the answer is not as expected: " + std::string(problem)};
}

Answer<RawReply> ReadReply(std::string_view message) {
  const auto tree = ParseJsonText(message);
  if (!tree) return NotAsExpected(tree.error().message());
  if (tree->type != JsonValue::Type::kObject) {
    return NotAsExpected("the reply should be an object, not " + DescribeJson(*tree));
  }
  const JsonValue* parameters = tree->Find("parameters");
  if (const JsonValue* error = tree->Find("error");
      error != nullptr && error->type == JsonValue::Type::kText) {
    return ReadError(error->text, parameters);
  }
  const JsonValue* continues = tree->Find("continues");
  RawReply reply;
  reply.continues = continues != nullptr && continues->text == "true";
  reply.parameters = "{}";
  if (parameters != nullptr && parameters->type == JsonValue::Type::kObject) {
    reply.parameters = parameters->raw;
  }
  return reply;
}

}  // namespace reaperd::client
