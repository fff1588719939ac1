// A message of reaperd: a reply's parameters, or an error as a Failure. Only for this folder.
#pragma once

#include <string>
#include <string_view>

#include "client/answer.h"
#include "client/client.h"
#include "client/field_reader.h"
#include "client/json_value.h"
#include "client/parse.h"

namespace reaperd::client {

Answer<RawReply> ReadReply(std::string_view message);

Failure NotAsExpected(std::string_view problem);

/// `text` is the object that `read` reads a T from.
template <typename T, typename F>
Answer<T> ReadObject(std::string_view text, F read) {
  const auto tree = ParseJsonText(text);
  if (!tree) return NotAsExpected(tree.error().message());
  Problem problem;
  FieldReader in(*tree, "", problem);
  T out{};
  if (in.ok()) read(in, out);
  if (!in.ok()) return NotAsExpected(problem.text);
  return out;
}

}  // namespace reaperd::client
