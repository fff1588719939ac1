// Globs: patterns for names that strangers chose. Pure; bytes, not characters.
//
//   *       any bytes, none too          ?       any one byte
//   [a-z]   one byte of these            [!a-z]  one byte, but none of these
//   \x      the byte x itself, also within brackets
//
// Nothing is special about "/" or a leading ".". In brackets "]" may stand first and "-" first or
// last as itself. A "[" that is never closed and a backslash at the very end stand for themselves.
// Time grows with the product of the lengths (where a "[" is never closed, with the pattern's once
// more), never exponentially; nothing is allocated.
#pragma once

#include <string_view>

namespace reaperd {

/// Whether `pattern` matches the whole of `text`.
[[nodiscard]] bool MatchesGlob(std::string_view pattern, std::string_view text);

}  // namespace reaperd
