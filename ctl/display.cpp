#include "ctl/display.h"

#include <array>
#include <cstdint>

#include "base/text.h"

namespace reaperd::ctl {
namespace {

struct Range {
  std::uint32_t first;
  std::uint32_t last;
};

// TABLE: what is not seen, reorders what is, or ends a line: soft hyphen, Arabic letter mark, Hangul
// fillers, vowel separators, zero-width and bidirectional controls, line and paragraph separators,
// invisible operators, BOM, interlinear annotations, tags, variation selectors' supplement.
constexpr std::array<Range, 13> kHidden{{{0x00AD, 0x00AD},
                                         {0x034F, 0x034F},
                                         {0x061C, 0x061C},
                                         {0x115F, 0x1160},
                                         {0x17B4, 0x17B5},
                                         {0x180B, 0x180F},
                                         {0x200B, 0x200F},
                                         {0x2028, 0x202E},
                                         {0x2060, 0x206F},
                                         {0x3164, 0x3164},
                                         {0xFEFF, 0xFEFF},
                                         {0xFFF9, 0xFFFB},
                                         {0xE0000, 0xE0FFF}}};

// TABLE: two columns wide (the blocks of Unicode's East_Asian_Width W and F, as terminals have it).
constexpr std::array<Range, 14> kWide{{{0x1100, 0x115E},
                                       {0x231A, 0x231B},
                                       {0x2E80, 0x303E},
                                       {0x3041, 0x33FF},
                                       {0x3400, 0x4DBF},
                                       {0x4E00, 0x9FFF},
                                       {0xA000, 0xA4CF},
                                       {0xA960, 0xA97F},
                                       {0xAC00, 0xD7A3},
                                       {0xF900, 0xFAFF},
                                       {0xFE30, 0xFE6F},
                                       {0xFF01, 0xFF60},
                                       {0x1F300, 0x1FAFF},
                                       {0x20000, 0x3FFFD}}};

// TABLE: no column of its own: combining marks of the common blocks, variation selectors.
constexpr std::array<Range, 16> kCombining{{{0x0300, 0x036F},
                                            {0x0483, 0x0489},
                                            {0x0591, 0x05BD},
                                            {0x0610, 0x061A},
                                            {0x064B, 0x065F},
                                            {0x06D6, 0x06DC},
                                            {0x0900, 0x0902},
                                            {0x093C, 0x093C},
                                            {0x0E31, 0x0E31},
                                            {0x0E34, 0x0E3A},
                                            {0x0E47, 0x0E4E},
                                            {0x1AB0, 0x1AFF},
                                            {0x1DC0, 0x1DFF},
                                            {0x20D0, 0x20FF},
                                            {0xFE00, 0xFE0F},
                                            {0xFE20, 0xFE2F}}};

template <std::size_t N>
bool IsIn(const std::array<Range, N>& ranges, std::uint32_t code) {
  for (const Range& range : ranges) {
    if (code >= range.first && code <= range.last) return true;
  }
  return false;
}

struct Character {
  std::string_view bytes;
  std::uint32_t code = 0;
};

/// The first character of a valid UTF-8 text that is not empty.
Character FirstOf(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  std::size_t length = 1;
  std::uint32_t code = first;
  if (first >= 0xF0) {
    length = 4, code = first & 0x07U;
  } else if (first >= 0xE0) {
    length = 3, code = first & 0x0FU;
  } else if (first >= 0xC0) {
    length = 2, code = first & 0x1FU;
  }
  if (length > text.size()) return {text.substr(0, 1), first};
  for (std::size_t i = 1; i < length; ++i)
    code = (code << 6U) | (byte(i) & 0x3FU);
  return {text.substr(0, length), code};
}

std::size_t WidthOf(std::uint32_t code) {
  if (code < 0x300) return 1;
  if (IsIn(kCombining, code)) return 0;
  return IsIn(kWide, code) ? 2 : 1;
}

std::string EscapeOf(std::uint32_t code) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string digits;
  for (; code != 0; code >>= 4U)
    digits.insert(digits.begin(), kDigits[code & 0xFU]);
  return "\\u{" + digits + "}";
}

}  // namespace

std::string Harmless(std::string_view text) {
  const std::string printable = Printable(text);
  std::string out;
  out.reserve(printable.size());
  for (std::string_view rest = printable; !rest.empty();) {
    const Character next = FirstOf(rest);
    if (IsIn(kHidden, next.code)) {
      out += EscapeOf(next.code);
    } else {
      out += next.bytes;
    }
    rest.remove_prefix(next.bytes.size());
  }
  return out;
}

std::size_t ColumnsOf(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) {
    const Character next = FirstOf(text);
    columns += WidthOf(next.code);
    text.remove_prefix(next.bytes.size());
  }
  return columns;
}

std::string CutTo(std::string_view text, std::size_t columns) {
  if (ColumnsOf(text) <= columns) return std::string(text);
  if (columns == 0) return {};
  std::size_t used = 0;
  std::size_t bytes = 0;
  while (bytes < text.size()) {
    const Character next = FirstOf(text.substr(bytes));
    if (used + WidthOf(next.code) > columns - 1) break;  // one for the ellipsis
    used += WidthOf(next.code);
    bytes += next.bytes.size();
  }
  return std::string(text.substr(0, bytes)) + "…";
}

}  // namespace reaperd::ctl
