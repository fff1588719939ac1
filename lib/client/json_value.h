// A JSON text as a small tree in which each object remembers the text that it was made of. Only for
// the files of this folder: the client's interface knows no JSON.
//
// Its own tree, since nlohmann's keeps no text and takes 15 s to compile: json_value.cpp alone
// includes it. Promises: no exception, no unbounded recursion, whatever the text is. Owns
// everything, and points into nothing.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace reaperd::client {

inline constexpr std::size_t kMaxJsonDepth = 64;

struct JsonMember;

struct JsonValue {
  enum class Type { kNull, kTruth, kNumber, kText, kList, kObject };

  Type type = Type::kNull;
  std::string text;  ///< kText: valid UTF-8; kNumber: its digits; kTruth: "true" or "false"
  std::string raw;   ///< kObject: as it came, on one line
  std::vector<JsonValue> items;     ///< kList
  std::vector<JsonMember> members;  ///< kObject, in the order of the text

  /// nullptr: there is no such key. The first of equal ones.
  [[nodiscard]] const JsonValue* Find(std::string_view key) const;
};

struct JsonMember {
  std::string key;
  JsonValue value;
};

/// For messages: "a list", "the text 'abc'", "5".
std::string DescribeJson(const JsonValue& value);

Result<JsonValue> ParseJsonText(std::string_view text);

}  // namespace reaperd::client
