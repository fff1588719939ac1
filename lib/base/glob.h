// Globs over bytes: * any bytes, ? any byte, [a-z] and [!a-z] one of a set, \x the byte x. Nothing
// is special about "/". A [ that is not closed and a \ at the end stand for themselves.
//
// Costs at most the product of both lengths, whatever a stranger chose as text; no allocation.
#pragma once

#include <string_view>

namespace reaperd {

/// The whole text, not a part of it.
bool MatchesGlob(std::string_view pattern, std::string_view text);

}  // namespace reaperd
