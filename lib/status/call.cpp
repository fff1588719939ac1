#include "status/call.h"

#include <exception>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "base/text.h"
#include "status/json_writer.h"

namespace reaperd::status {
namespace {

/// Takes what the library finds, value by value; false ends the parse.
class CallBuilder {
 public:
  // The names of the library. NOLINTBEGIN(readability-identifier-naming)
  bool null() { return Add(Value{}); }
  bool boolean(bool value) { return Add(Value(value)); }
  bool number_integer(std::int64_t value) { return Add(Value(value)); }
  bool number_unsigned(std::uint64_t value) {
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      return Add(Value(OtherValue{}));
    }
    return Add(Value(static_cast<std::int64_t>(value)));
  }
  bool number_float(double /*value*/, const std::string& /*text*/) {
    return Add(Value(OtherValue{}));
  }
  bool string(std::string& value) { return Add(Value(std::move(value))); }
  bool binary(std::vector<std::uint8_t>& /*value*/) { return Add(Value(OtherValue{})); }
  bool start_object(std::size_t /*elements*/) { return Open(Level::Kind::kObject); }
  bool end_object() { return Close(); }
  bool start_array(std::size_t /*elements*/) { return Open(Level::Kind::kArray); }
  bool end_array() { return Close(); }
  bool key(std::string& name) {
    key_ = std::move(name);
    if (levels_.back().keys.insert(key_).second) return true;
    return Refuse("the key '" + PrintableStart(key_) + "' is there twice");
  }
  template <typename Exception>
  bool parse_error(std::size_t offset, const std::string& /*token*/, const Exception& /*error*/) {
    return Refuse("it is not JSON at byte " + std::to_string(offset));
  }
  // NOLINTEND(readability-identifier-naming)

  bool Refuse(std::string why) {
    if (problem_.empty()) problem_ = std::move(why);
    return false;
  }

  Result<Call> Finish() {
    if (problem_.empty() && call_.method.empty()) Refuse("it names no method");
    if (!problem_.empty()) return Error(0, "the message is no call: " + problem_);
    return std::move(call_);
  }

 private:
  struct Level {
    enum class Kind { kObject, kArray };
    Kind kind = Kind::kObject;
    std::set<std::string> keys;
  };

  bool Count() {
    return ++values_ <= kMaxValues ||
           Refuse("it has more than " + std::to_string(kMaxValues) + " values");
  }

  bool Open(Level::Kind kind) {
    if (!Count()) return false;
    if (levels_.empty()) {
      if (kind != Level::Kind::kObject) return Refuse("it is no object");
    } else if (levels_.size() >= kMaxDepth) {
      return Refuse("it is nested deeper than " + std::to_string(kMaxDepth));
    } else if (levels_.size() == 1 && key_ == "parameters") {
      if (kind != Level::Kind::kObject) return Refuse("'parameters' is no object");
      in_parameters_ = true;
    } else if (!Place(Value(OtherValue{}))) {
      return false;
    }
    levels_.push_back({.kind = kind, .keys = {}});
    return true;
  }

  bool Close() {
    levels_.pop_back();
    if (levels_.size() == 1) in_parameters_ = false;
    return true;
  }

  bool Add(Value value) {
    if (!Count()) return false;
    if (levels_.empty()) return Refuse("it is no object");
    if (levels_.size() == 1 && key_ == "parameters") {
      return std::holds_alternative<std::monostate>(value) || Refuse("'parameters' is no object");
    }
    return Place(std::move(value));
  }

  /// A value of the call or of its parameters; what lies deeper is only looked at.
  bool Place(Value value) {
    if (levels_.size() == 1) return Member(std::move(value));
    if (levels_.size() == 2 && in_parameters_ && call_.arguments.size() < Call::kMaxArguments) {
      call_.arguments.push_back({.name = key_, .value = std::move(value)});
    }
    return true;
  }

  bool Member(Value value) {
    if (key_ == "method") {
      if (!std::holds_alternative<std::string>(value)) return Refuse("'method' is no text");
      call_.method = std::get<std::string>(std::move(value));
      return true;
    }
    bool* const flag = FlagOf(key_);
    if (flag == nullptr || std::holds_alternative<std::monostate>(value)) return true;
    if (!std::holds_alternative<bool>(value)) return Refuse("'" + key_ + "' is not true or false");
    *flag = std::get<bool>(value);
    return true;
  }

  /// nullptr: it is none.
  bool* FlagOf(std::string_view name) {
    if (name == "more") return &call_.more;
    if (name == "oneway") return &call_.oneway;
    if (name == "upgrade") return &call_.upgrade;
    return nullptr;
  }

  Call call_;
  std::string problem_;
  std::vector<Level> levels_;
  std::string key_;
  std::size_t values_ = 0;
  bool in_parameters_ = false;
};

struct ArgumentWriter {
  JsonWriter& json;

  void operator()(std::monostate /*null*/) const { json.Null(); }
  void operator()(bool value) const { json.Bool(value); }
  void operator()(std::int64_t value) const { json.Number(value); }
  void operator()(const std::string& text) const { json.String(text); }
  void operator()(OtherValue /*other*/) const { json.OpenArray().CloseArray(); }
};

}  // namespace

Result<Call> ParseCall(std::string_view message) {
  CallBuilder builder;
  // The library looks at strings only, and takes a NUL for the end.
  if (FindInvalidUtf8(message)) {
    builder.Refuse("there are bytes that are not UTF-8");
    return builder.Finish();
  }
  if (message.find('\0') != std::string_view::npos) {
    builder.Refuse("there is a NUL in it");
    return builder.Finish();
  }
  try {
    const bool parsed = nlohmann::json::sax_parse(message.begin(), message.end(), &builder);
    if (!parsed) builder.Refuse("it is not JSON");
  } catch (const std::exception& error) {
    builder.Refuse(error.what());
  }
  return builder.Finish();
}

std::string FormatCall(const Call& call) {
  JsonWriter json;
  json.OpenObject().String("method", call.method).Key("parameters").OpenObject();
  for (const Argument& argument : call.arguments) {
    // Names are texts of strangers here: Key would not escape them.
    json.EscapedKey(argument.name);
    std::visit(ArgumentWriter{json}, argument.value);
  }
  json.CloseObject();
  if (call.more) json.Bool("more", true);
  if (call.oneway) json.Bool("oneway", true);
  if (call.upgrade) json.Bool("upgrade", true);
  json.CloseObject();
  return std::move(json).Take();
}

}  // namespace reaperd::status
