#include "client/json_value.h"

#include <algorithm>
#include <exception>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/counting_iterator.h"
#include "base/text.h"

namespace reaperd::client {
namespace {

/// Takes the library's events. Braces and brackets are single bytes that it reads no further than,
/// so at their events `furthest` stands just behind them.
class TreeBuilder {
 public:
  // Names of the library. NOLINTBEGIN(readability-identifier-naming)
  using number_integer_t = nlohmann::json::number_integer_t;
  using number_unsigned_t = nlohmann::json::number_unsigned_t;
  using number_float_t = nlohmann::json::number_float_t;
  using string_t = nlohmann::json::string_t;
  using binary_t = nlohmann::json::binary_t;

  explicit TreeBuilder(const char* const* furthest) : furthest_(furthest) {}

  bool null() { return Add({}) != nullptr; }
  bool boolean(bool value) {
    return Add({.type = JsonValue::Type::kTruth, .text = value ? "true" : "false"}) != nullptr;
  }
  bool number_integer(number_integer_t value) { return AddNumber(std::to_string(value)); }
  bool number_unsigned(number_unsigned_t value) { return AddNumber(std::to_string(value)); }
  bool number_float(number_float_t /*value*/, const string_t& digits) { return AddNumber(digits); }
  bool string(string_t& value) {
    return Add({.type = JsonValue::Type::kText, .text = std::move(value)}) != nullptr;
  }
  bool binary(binary_t& /*value*/) { return false; }
  bool start_object(std::size_t /*size*/) { return Open(JsonValue::Type::kObject); }
  bool key(string_t& name) {
    key_ = std::move(name);
    return true;
  }
  bool end_object() {
    Level& level = open_.back();
    level.value->raw.assign(level.begin, *furthest_);
    // Line ends stand between tokens only: within texts JSON forbids them.
    std::replace_if(
        level.value->raw.begin(), level.value->raw.end(),
        [](char c) { return c == '\n' || c == '\r'; }, ' ');
    open_.pop_back();
    return true;
  }
  bool start_array(std::size_t /*size*/) { return Open(JsonValue::Type::kList); }
  bool end_array() {
    open_.pop_back();
    return true;
  }
  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const std::exception& /*error*/) {
    problem_ = "no JSON at byte " + std::to_string(position);
    return false;
  }
  // NOLINTEND(readability-identifier-naming)

  [[nodiscard]] const std::string& problem() const { return problem_; }
  JsonValue Take() { return std::move(root_); }

 private:
  struct Level {
    JsonValue* value;
    const char* begin;
  };

  bool AddNumber(std::string digits) {
    return Add({.type = JsonValue::Type::kNumber, .text = std::move(digits)}) != nullptr;
  }

  JsonValue* Add(JsonValue value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    JsonValue& parent = *open_.back().value;
    if (parent.type == JsonValue::Type::kList) {
      return &parent.items.emplace_back(std::move(value));
    }
    return &parent.members.emplace_back(JsonMember{std::move(key_), std::move(value)}).value;
  }

  /// A parent's list grows only when this level is closed again, so pointers on the way hold.
  bool Open(JsonValue::Type type) {
    if (open_.size() == kMaxJsonDepth) {
      problem_ = "JSON that is nested deeper than " + std::to_string(kMaxJsonDepth);
      return false;
    }
    const char* begin = *furthest_ - 1;
    open_.push_back({Add({.type = type}), begin});
    return true;
  }

  const char* const* furthest_;
  JsonValue root_;
  std::vector<Level> open_;
  std::string key_;
  std::string problem_;
};

}  // namespace

const JsonValue* JsonValue::Find(std::string_view key) const {
  for (const JsonMember& member : members) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

std::string DescribeJson(const JsonValue& value) {
  switch (value.type) {
    case JsonValue::Type::kNull:
      return "null";
    case JsonValue::Type::kTruth:
    case JsonValue::Type::kNumber:
      return value.text;
    case JsonValue::Type::kText:
      return "the text '" + PrintableStart(value.text, 40) + "'";
    case JsonValue::Type::kList:
      return "a list";
    case JsonValue::Type::kObject:
      return "an object";
  }
  return "?";
}

Result<JsonValue> ParseJsonText(std::string_view text) {
  const char* furthest = text.data();
  TreeBuilder builder(&furthest);
  const CountingIterator begin{text.data(), &furthest};
  const CountingIterator end{text.data() + text.size(), &furthest};
  // The library throws for nothing but memory when it is driven by events.
  if (!nlohmann::json::sax_parse(begin, end, &builder)) {
    return Error(EBADMSG, builder.problem().empty() ? "no JSON" : builder.problem());
  }
  return builder.Take();
}

}  // namespace reaperd::client
