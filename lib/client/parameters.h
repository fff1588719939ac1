// Parameters: the JSON object that goes with a call. Only for the files of this folder.
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <string_view>

#include "base/text.h"

namespace reaperd::client {

class Parameters {
 public:
  Parameters& Add(std::string_view key, std::string_view text) {
    return Raw(key, '"' + JsonEscape(text) + '"');
  }
  Parameters& Add(std::string_view key, std::same_as<bool> auto value) {
    return Raw(key, value ? "true" : "false");
  }
  template <std::integral T>
  requires(!std::same_as<T, bool>) Parameters& Add(std::string_view key, T value) {
    return Raw(key, std::to_string(value));
  }
  /// Nothing, if it is empty.
  template <typename T>
  Parameters& Add(std::string_view key, const std::optional<T>& value) {
    return value ? Add(key, *value) : *this;
  }

  [[nodiscard]] std::string text() const { return "{" + members_ + "}"; }

 private:
  Parameters& Raw(std::string_view key, std::string_view value) {
    if (!members_.empty()) members_ += ',';
    members_ += '"' + std::string(key) + "\":";
    members_ += value;
    return *this;
  }

  std::string members_;
};

}  // namespace reaperd::client
