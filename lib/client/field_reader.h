// FieldReader: the members of a JSON object into the members of a struct, each by the type of the
// latter: an optional may be null or missing, everything else must be there. Members that nobody
// asks for are ignored. The first problem is kept, with its path ("deaths[3].end.how"); what is
// read after it does not count.
//
// A struct T is read by a function Read(FieldReader&, T&) of this namespace, declared in parse.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "client/json_value.h"

namespace reaperd::client {

/// The first problem of a parse, for all readers of it.
struct Problem {
  std::string text;  ///< empty: none so far
};

class FieldReader {
 public:
  FieldReader(const JsonValue& object, std::string path, Problem& problem)
      : object_(object), path_(std::move(path)), problem_(problem) {
    if (object.type != JsonValue::Type::kObject) Expected(path_, "an object", object);
  }

  [[nodiscard]] bool ok() const { return problem_.text.empty(); }
  [[nodiscard]] const std::string& raw() const { return object_.raw; }
  [[nodiscard]] const JsonValue* Find(std::string_view key) const { return object_.Find(key); }
  /// There, and not null.
  [[nodiscard]] bool Has(std::string_view key) const {
    const JsonValue* value = Find(key);
    return value != nullptr && value->type != JsonValue::Type::kNull;
  }

  template <typename T>
  FieldReader& operator()(std::string_view key, T& into) {
    if (!ok()) return *this;
    const JsonValue* value = Find(key);
    if (value == nullptr) {
      Say(PathOf(key), "is missing");
    } else {
      Convert(*value, PathOf(key), into);
    }
    return *this;
  }

  template <typename T>
  FieldReader& operator()(std::string_view key, std::optional<T>& into) {
    if (ok() && Has(key)) Convert(*Find(key), PathOf(key), into.emplace());
    return *this;
  }

  /// A text that `parse` turns into a value, std::nullopt: it cannot.
  template <typename T, typename F>
  FieldReader& Word(std::string_view key, T& into, F parse, std::string_view expected) {
    std::string text;
    (*this)(key, text);
    if (!ok()) return *this;
    auto parsed = parse(text);
    if (parsed) {
      into = std::move(*parsed);
    } else {
      Expected(PathOf(key), expected, *Find(key));
    }
    return *this;
  }
  template <typename T, typename F>
  FieldReader& Word(std::string_view key, std::optional<T>& into, F parse,
                    std::string_view expected) {
    return Has(key) ? Word(key, into.emplace(), parse, expected) : *this;
  }

  void Say(const std::string& path, std::string_view what) {
    if (ok()) problem_.text = (path.empty() ? "the reply" : path) + " " + std::string(what);
  }

 private:
  [[nodiscard]] std::string PathOf(std::string_view key) const {
    return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
  }
  void Expected(const std::string& path, std::string_view what, const JsonValue& found) {
    Say(path, "should be " + std::string(what) + ", not " + DescribeJson(found));
  }

  void Convert(const JsonValue& value, const std::string& path, std::string& into) {
    if (value.type != JsonValue::Type::kText) return Expected(path, "a text", value);
    into = value.text;
  }
  void Convert(const JsonValue& value, const std::string& path, bool& into) {
    if (value.type != JsonValue::Type::kTruth) return Expected(path, "true or false", value);
    into = value.text == "true";
  }
  void Convert(const JsonValue& value, const std::string& path, std::int64_t& into) {
    const bool negative = value.text.starts_with('-');
    const auto digits = std::string_view(value.text).substr(negative ? 1 : 0);
    const auto number = ParseUnsigned(digits, INT64_MAX);
    if (value.type != JsonValue::Type::kNumber || !number) {
      return Expected(path, "a whole number", value);
    }
    into = static_cast<std::int64_t>(*number) * (negative ? -1 : 1);
  }
  void Convert(const JsonValue& value, const std::string& path, double& into);
  template <typename T>
  void Convert(const JsonValue& value, const std::string& path, std::vector<T>& into) {
    if (value.type != JsonValue::Type::kList) return Expected(path, "a list", value);
    into.resize(value.items.size());
    for (std::size_t i = 0; i < into.size() && ok(); ++i)
      Convert(value.items[i], path + "[" + std::to_string(i) + "]", into[i]);
  }
  template <typename T>
  void Convert(const JsonValue& value, const std::string& path, T& into) {
    FieldReader inner(value, path, problem_);
    if (ok()) Read(inner, into);
  }

  const JsonValue& object_;
  std::string path_;
  Problem& problem_;
};

}  // namespace reaperd::client
