#include "base/glob.h"

#include <cstddef>
#include <optional>

namespace reaperd {
namespace {

/// What one step of a pattern (anything but *) takes of it, and whether it takes the byte.
struct Step {
  std::size_t length = 1;
  bool matches = false;
};

unsigned Byte(char c) {
  return static_cast<unsigned char>(c);
}

/// Takes one byte of a set, escaped or not, from the front of `set`; nullopt when it is cut off.
std::optional<char> TakeByte(std::string_view& set) {
  if (!set.empty() && set.front() == '\\') set.remove_prefix(1);
  if (set.empty()) return std::nullopt;
  const char byte = set.front();
  set.remove_prefix(1);
  return byte;
}

/// `pattern` begins with "["; nullopt when that is never closed.
std::optional<Step> MatchSet(std::string_view pattern, char c) {
  std::string_view set = pattern.substr(1);
  const bool negated = !set.empty() && set.front() == '!';
  if (negated) set.remove_prefix(1);
  bool found = false;
  for (bool first = true; first || set.empty() || set.front() != ']'; first = false) {
    const auto low = TakeByte(set);
    if (!low) return std::nullopt;
    auto high = low;
    if (set.size() >= 2 && set[0] == '-' && set[1] != ']') {
      set.remove_prefix(1);
      high = TakeByte(set);
      if (!high) return std::nullopt;
    }
    if (Byte(*low) <= Byte(c) && Byte(c) <= Byte(*high)) found = true;
  }
  return Step{.length = pattern.size() - set.size() + 1, .matches = found != negated};
}

Step MatchStep(std::string_view pattern, char c) {
  if (pattern.front() == '?') return {.length = 1, .matches = true};
  if (pattern.front() == '\\' && pattern.size() > 1) {
    return {.length = 2, .matches = pattern[1] == c};
  }
  if (pattern.front() == '[') {
    if (const auto step = MatchSet(pattern, c)) return *step;
  }
  return {.length = 1, .matches = pattern.front() == c};
}

}  // namespace

bool MatchesGlob(std::string_view pattern, std::string_view text) {
  std::size_t at = 0;    // in the pattern
  std::size_t next = 0;  // in the text
  // Only the last * ever needs another try: what an earlier one could take more, this one can.
  std::optional<std::size_t> after_star;
  std::size_t star_end = 0;  // the end of what it took so far
  while (next < text.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      after_star = ++at;
      star_end = next;
      continue;
    }
    const Step step = at < pattern.size() ? MatchStep(pattern.substr(at), text[next]) : Step{};
    if (step.matches) {
      at += step.length;
      ++next;
    } else if (after_star) {
      at = *after_star;
      next = ++star_end;
    } else {
      return false;
    }
  }
  while (at < pattern.size() && pattern[at] == '*')
    ++at;
  return at == pattern.size();
}

}  // namespace reaperd
