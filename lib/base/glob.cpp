#include "base/glob.h"

#include <cstddef>
#include <optional>

namespace reaperd {
namespace {

unsigned char Byte(char c) {
  return static_cast<unsigned char>(c);
}

struct Step {
  bool matches = false;
  std::size_t next = 0;  ///< where the pattern goes on
};

/// The byte at `at`, or the one that a backslash there protects.
Step Literal(std::string_view pattern, std::size_t at, char c) {
  if (pattern[at] == '\\' && at + 1 < pattern.size()) ++at;
  return {pattern[at] == c, at + 1};
}

/// The set that opens at `at`; nullopt when it is not closed.
std::optional<Step> Set(std::string_view pattern, std::size_t at, char c) {
  std::size_t i = at + 1;
  const bool negated = i < pattern.size() && pattern[i] == '!';
  if (negated) ++i;
  const std::size_t first = i;  // a ] here is one of the set
  bool found = false;
  while (i < pattern.size() && (pattern[i] != ']' || i == first)) {
    if (pattern[i] == '\\' && i + 1 < pattern.size()) ++i;
    const unsigned char low = Byte(pattern[i++]);
    unsigned char high = low;
    if (i + 1 < pattern.size() && pattern[i] == '-' && pattern[i + 1] != ']') {
      ++i;
      if (pattern[i] == '\\' && i + 1 < pattern.size()) ++i;
      high = Byte(pattern[i++]);
    }
    if (low <= Byte(c) && Byte(c) <= high) found = true;
  }
  if (i >= pattern.size()) return std::nullopt;
  return Step{found != negated, i + 1};
}

Step One(std::string_view pattern, std::size_t at, char c) {
  if (pattern[at] == '?') return {true, at + 1};
  if (pattern[at] == '[') {
    if (const auto set = Set(pattern, at, c)) return *set;
  }
  return Literal(pattern, at, c);
}

}  // namespace

bool MatchesGlob(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  // Where to go on when the rest does not match: only the last * ever has to take more.
  std::optional<std::size_t> after_star;
  std::size_t star_end = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      after_star = ++p;
      star_end = t;
      continue;
    }
    if (p < pattern.size()) {
      if (const Step step = One(pattern, p, text[t]); step.matches) {
        p = step.next;
        ++t;
        continue;
      }
    }
    if (!after_star) return false;
    p = *after_star;
    t = ++star_end;
  }
  while (p < pattern.size() && pattern[p] == '*')
    ++p;
  return p == pattern.size();
}

}  // namespace reaperd
