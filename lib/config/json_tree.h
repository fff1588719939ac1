// JSON with comments (// and /* */), as a small tree in which every key and value knows its line.
//
// Its own tree, since the library's knows no lines, keeps the last of two equal keys, and takes 15 s
// to compile: json_tree.cpp alone includes it. Nothing is interpreted: a number is its text.
// Promises: no exception, no unbounded recursion or memory, whatever the text is. One owner: a Node
// owns everything below it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace reaperd::config {

inline constexpr std::size_t kMaxConfigBytes = std::size_t{1} << 20;
inline constexpr std::size_t kMaxConfigDepth = 32;
inline constexpr std::size_t kMaxConfigValues = 65536;

struct Member;

struct Node {
  enum class Type { kNull, kTruth, kNumber, kText, kList, kObject };

  Type type = Type::kNull;
  int line = 1;  ///< where it begins
  std::string
      text;  ///< kText: the text, valid UTF-8; kNumber: its digits; kTruth: "true" or "false"
  std::vector<Node> items;      ///< kList
  std::vector<Member> members;  ///< kObject, in the order of the text; no key is there twice

  /// nullptr: there is no such key.
  [[nodiscard]] const Node* Find(std::string_view key) const;
};

struct Member {
  std::string key;
  int line = 1;
  Node value;
};

/// For messages: "a list", "the text 'abc'", "5".
std::string DescribeNode(const Node& node);

/// The error is one line for each problem, "file:7: …"; `file` is only named in it. Refused are
/// also equal keys in one object, bytes that are not UTF-8, NUL, and what is beyond the limits above.
Result<Node> ParseJson(std::string_view text, std::string_view file);

}  // namespace reaperd::config
