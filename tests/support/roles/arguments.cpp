#include "arguments.h"

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <string>

#include "common.h"

namespace reaperd::roles {

Arguments::Arguments(char** words) : name_(words[0]) {
  for (char** word = words + 1; *word != nullptr; ++word) {
    const std::string_view text = *word;
    if (text == "--") {
      command_ = word + 1;
      break;
    }
    if (!text.starts_with("--")) {
      words_.push_back(text);
      continue;
    }
    const std::string_view body = text.substr(2);
    const std::size_t equals = body.find('=');
    if (equals != std::string_view::npos) {
      options_.emplace_back(body.substr(0, equals), body.substr(equals + 1));
    } else {
      options_.emplace_back(body, std::string_view());
    }
  }
}

std::string_view Arguments::Word(std::size_t index) const {
  if (index >= words_.size()) {
    Die("%.*s: too few words", static_cast<int>(name_.size()), name_.data());
  }
  return words_[index];
}

long Arguments::Number(std::size_t index) const {
  return ParseNumber(Word(index));
}

bool Arguments::Has(std::string_view key) const {
  return std::any_of(options_.begin(), options_.end(),
                     [key](const auto& option) { return option.first == key; });
}

std::string_view Arguments::Option(std::string_view key, std::string_view fallback) const {
  for (const auto& [name, value] : options_) {
    if (name == key) {
      return value;
    }
  }
  return fallback;
}

long Arguments::NumberOption(std::string_view key, long fallback) const {
  return Has(key) ? ParseNumber(Option(key, "")) : fallback;
}

std::vector<std::string_view> Arguments::All(std::string_view key) const {
  std::vector<std::string_view> values;
  for (const auto& [name, value] : options_) {
    if (name == key) {
      values.push_back(value);
    }
  }
  return values;
}

char** Arguments::Command() const {
  if (command_ == nullptr || *command_ == nullptr) {
    Die("%.*s: needs -- COMMAND", static_cast<int>(name_.size()), name_.data());
  }
  return command_;
}

void Arguments::Allow(std::initializer_list<std::string_view> keys) const {
  for (const auto& [name, value] : options_) {
    if (std::find(keys.begin(), keys.end(), name) == keys.end()) {
      Die("%.*s: unknown option --%.*s", static_cast<int>(name_.size()), name_.data(),
          static_cast<int>(name.size()), name.data());
    }
  }
}

std::vector<std::string_view> SplitAtCommas(std::string_view text) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    parts.push_back(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return parts;
}

long ParseNumber(std::string_view text) {
  long value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    Die("not a number: '%.*s'", static_cast<int>(text.size()), text.data());
  }
  return value;
}

}  // namespace reaperd::roles
