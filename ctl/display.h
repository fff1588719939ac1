// Text for a terminal: harmless, and measured in columns. Pure.
//
// Names of processes are chosen by strangers. What would move the cursor, change the order of what
// is read (bidirectional controls) or not be seen at all (zero-width) is shown as an escape.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace reaperd::ctl {

/// Control bytes and what is no UTF-8 become \xNN, a backslash \\, characters that reorder, hide or
/// break the line \u{202e}. Everything else stays as it is.
std::string Harmless(std::string_view text);

/// How many columns a harmless text takes: East Asian wide characters two, combining ones none.
std::size_t ColumnsOf(std::string_view text);

/// The beginning of a harmless text that fits, with "…" as its end when that is not all.
std::string CutTo(std::string_view text, std::size_t columns);

}  // namespace reaperd::ctl
