// Call: one message of a client as a value. What a client wrote is read here and nowhere else: the
// handlers see neither JSON nor a library for it.
//
// Refused: what is no JSON object, bytes that are not UTF-8, a key that is there twice, nesting
// deeper than kMaxDepth, more than kMaxValues values, members of the call with the wrong type.
// Members of the call that are not known are ignored (Varlink). No exception leaves this file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace reaperd::status {

inline constexpr std::size_t kMaxDepth = 32;
inline constexpr std::size_t kMaxValues = 4096;

/// A number without fraction, within 64 bits, is an integer; of lists, objects and all other numbers
/// it is only noted that they are there: no method takes one.
struct OtherValue {
  bool operator==(const OtherValue&) const = default;
};
using Value = std::variant<std::monostate, bool, std::int64_t, std::string, OtherValue>;

struct Argument {
  std::string name;
  Value value;  ///< monostate: null

  bool operator==(const Argument&) const = default;
};

struct Call {
  /// More than any method takes: one above is enough to find one that is not known.
  static constexpr std::size_t kMaxArguments = 16;

  std::string method;
  std::vector<Argument> arguments;  ///< in their order, no name twice; the first kMaxArguments
  bool more = false;
  bool oneway = false;
  bool upgrade = false;

  bool operator==(const Call&) const = default;
};

/// The error's text is for the client.
Result<Call> ParseCall(std::string_view message);

/// The message of a call; for tests and fuzzers, which read it again. OtherValue is written as [].
std::string FormatCall(const Call& call);

}  // namespace reaperd::status
