// Cutting and showing of text that anybody may have written.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "base/text.h"
#include "model/signal_names.h"
#include "targets.h"

namespace reaperd::fuzz {
namespace {

void CheckPrintable(std::string_view input) {
  const std::string shown = Printable(input);
  for (const char c : shown) {
    Require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F, "no control bytes are shown");
  }
  Require(nlohmann::json::accept("\"" + JsonEscape(shown) + "\""), "what is shown is valid UTF-8");
  Require(Printable(shown).size() >= shown.size(), "showing twice only quotes backslashes");
}

void CheckJson(std::string_view input) {
  const std::string quoted = "\"" + JsonEscape(input) + "\"";
  Require(nlohmann::json::accept(quoted), "the string is well-formed JSON");
  const std::string back = nlohmann::json::parse(quoted);
  const bool all_ascii = std::all_of(input.begin(), input.end(),
                                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  Require(!all_ascii || back == input, "ASCII comes back as it was");
}

void CheckWords(std::string_view input) {
  const auto words = SplitWords(input);
  if (!words) return;
  std::string quoted;
  for (const std::string& word : *words) {
    Require(word.size() <= input.size(), "a word is no longer than the text");
    quoted += " '";
    for (const char c : word) {
      if (c == '\'') {
        quoted += "'\\''";
      } else {
        quoted += c;
      }
    }
    quoted += "'";
  }
  Require(SplitWords(quoted) == words, "quoted words come back as they were");
}

void CheckNumbers(std::string_view input) {
  if (const auto duration = ParseDuration(input)) {
    Require(*duration >= 0, "a duration is not negative");
    Require(!FormatDuration(*duration).empty(), "a duration has a text");
  }
  static_cast<void>(ParseSize(input));
  if (const auto number = ParseUnsigned(input)) {
    Require(ParseUnsigned(std::to_string(*number)) == number, "a number is its own text");
  }
  if (const auto signal = model::ParseSignal(input)) {
    Require(*signal > 0 && *signal < model::kSignalLimit, "a signal is in range");
    if (*signal < 32 || *signal > 33) {
      Require(model::ParseSignal(model::SignalName(*signal)) == signal, "a signal knows its name");
    }
  }
}

}  // namespace

void FuzzText(std::string_view input) {
  CheckPrintable(input);
  CheckJson(input);
  CheckWords(input);
  CheckNumbers(input);
  Require(!Split(input, ',').empty(), "there is at least one part");
}

}  // namespace reaperd::fuzz
