#include "base/text.h"

#include <array>
#include <limits>

namespace reaperd {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array<Unit, 4> kDurationUnits{{
    {"ms", static_cast<std::uint64_t>(kMillisecond)},
    {"s", static_cast<std::uint64_t>(kSecond)},
    {"m", static_cast<std::uint64_t>(60 * kSecond)},
    {"h", static_cast<std::uint64_t>(3600 * kSecond)},
}};

constexpr std::array<Unit, 4> kSizeUnits{{{"", 1}, {"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}}};

template <std::size_t N>
std::optional<std::uint64_t> ParseWithUnit(std::string_view text, const std::array<Unit, N>& units,
                                           std::uint64_t max) {
  const std::size_t digits = text.find_first_not_of("0123456789");
  const std::string_view number = text.substr(0, digits);
  const std::string_view unit = digits == std::string_view::npos ? "" : text.substr(digits);
  const auto value = ParseUnsigned(number);
  if (!value) return std::nullopt;
  for (const Unit& candidate : units) {
    if (candidate.name != unit) continue;
    if (*value > max / candidate.factor) return std::nullopt;
    return *value * candidate.factor;
  }
  return std::nullopt;
}

/// Length of the valid UTF-8 sequence at the start of `text`, 0 if there is none.
std::size_t Utf8Length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  std::size_t length = 0;
  std::uint32_t minimum = 0;
  std::uint32_t code = 0;
  if ((first & 0xE0) == 0xC0) {
    length = 2, minimum = 0x80, code = first & 0x1F;
  } else if ((first & 0xF0) == 0xE0) {
    length = 3, minimum = 0x800, code = first & 0x0F;
  } else if ((first & 0xF8) == 0xF0) {
    length = 4, minimum = 0x10000, code = first & 0x07;
  }
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
    code = (code << 6) | (byte(i) & 0x3F);
  }
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  return code < minimum || code > 0x10FFFF || surrogate ? 0 : length;
}

void AppendHex(std::string& out, std::string_view prefix, unsigned char byte) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += prefix;
  out += kDigits[byte >> 4];
  out += kDigits[byte & 0x0F];
}

/// U+0080..U+009F: terminals obey some of them like escape sequences.
bool IsC1Control(std::string_view sequence) {
  return sequence.size() == 2 && static_cast<unsigned char>(sequence[0]) == 0xC2 &&
         static_cast<unsigned char>(sequence[1]) < 0xA0;
}

bool IsControl(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7F;
}

}  // namespace

std::optional<std::uint64_t> ParseUnsigned(std::string_view text, std::uint64_t max) {
  if (text.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (value > (std::numeric_limits<std::uint64_t>::max() - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  if (value > max) return std::nullopt;
  return value;
}

std::optional<Micros> ParseDuration(std::string_view text) {
  if (text == "0") return 0;
  // Ten years: far beyond use, and far below where sums of instants could overflow.
  constexpr std::uint64_t kMax = std::uint64_t{10} * 365 * 24 * 3600 * 1'000'000;
  const auto value = ParseWithUnit(text, kDurationUnits, kMax);
  if (!value) return std::nullopt;
  return static_cast<Micros>(*value);
}

std::string FormatDuration(Micros duration_us) {
  const auto two = [](Micros n) { return (n < 10 ? "0" : "") + std::to_string(n); };
  if (duration_us < kSecond) return std::to_string(duration_us / kMillisecond) + "ms";
  const Micros seconds = duration_us / kSecond;
  if (seconds < 60) return std::to_string(seconds) + "s";
  if (seconds < 3600) return std::to_string(seconds / 60) + "m" + two(seconds % 60) + "s";
  return std::to_string(seconds / 3600) + "h" + two(seconds / 60 % 60) + "m";
}

std::optional<std::uint64_t> ParseSize(std::string_view text) {
  return ParseWithUnit(text, kSizeUnits, std::numeric_limits<std::uint64_t>::max());
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<std::vector<std::string>> SplitWords(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\' && quote != '\'') {
      if (++i == text.size()) return std::nullopt;
      word += text[i];
      in_word = true;
    } else if (quote != 0) {
      if (c == quote) {
        quote = 0;
      } else {
        word += c;
      }
    } else if (c == '\'' || c == '"') {
      quote = c;
      in_word = true;
    } else if (c == ' ' || c == '\t' || c == '\n') {
      if (in_word) words.push_back(std::move(word));
      word.clear();
      in_word = false;
    } else {
      word += c;
      in_word = true;
    }
  }
  if (quote != 0) return std::nullopt;
  if (in_word) words.push_back(std::move(word));
  return words;
}

std::optional<std::size_t> FindInvalidUtf8(std::string_view text) {
  for (std::size_t offset = 0; offset < text.size();) {
    const std::size_t length = Utf8Length(text.substr(offset));
    if (length == 0) return offset;
    offset += length;
  }
  return std::nullopt;
}

std::string Printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = Utf8Length(text);
    const std::string_view sequence = text.substr(0, length == 0 ? 1 : length);
    if (length == 0 || IsC1Control(sequence) || (length == 1 && IsControl(sequence[0]))) {
      for (const char c : sequence)
        AppendHex(out, "\\x", static_cast<unsigned char>(c));
    } else if (sequence == "\\") {
      out += "\\\\";
    } else {
      out += sequence;
    }
    text.remove_prefix(sequence.size());
  }
  return out;
}

std::string PrintableStart(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return Printable(text);
  std::size_t end = max_bytes;
  // Not within a character.
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
    --end;
  return Printable(text.substr(0, end)) + "…";
}

std::string JsonEscape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = Utf8Length(text);
    const std::string_view sequence = text.substr(0, length == 0 ? 1 : length);
    if (length == 0) {
      out += "\xEF\xBF\xBD";
    } else if (sequence == "\"" || sequence == "\\") {
      out += '\\';
      out += sequence;
    } else if (length == 1 && IsControl(sequence[0])) {
      AppendHex(out, "\\u00", static_cast<unsigned char>(sequence[0]));
    } else {
      out += sequence;
    }
    text.remove_prefix(sequence.size());
  }
  return out;
}

}  // namespace reaperd
