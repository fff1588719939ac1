// Strict parsing and safe printing of text. Nothing here allocates more than its answer, knows the
// system, or skips blanks silently: the whole text must be the value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace reaperd {

/// Decimal, no sign, no blanks, at most `max`.
std::optional<std::uint64_t> ParseUnsigned(std::string_view text, std::uint64_t max = UINT64_MAX);

/// "500ms", "5s", "2m", "1h", "0"; in microseconds. A number without a unit is refused, except 0.
std::optional<Micros> ParseDuration(std::string_view text);
inline constexpr std::string_view kDurationWords = "a duration such as 500ms, 5s, 2m, 1h or 0";

/// "350ms", "12s", "2m05s", "3h07m": short, for people.
std::string FormatDuration(Micros duration_us);

/// "64K", "16M", "1G" (powers of 1024), or plain bytes.
std::optional<std::uint64_t> ParseSize(std::string_view text);

/// The parts between separators; an empty text has one empty part.
std::vector<std::string_view> Split(std::string_view text, char separator);

/// Words as a shell would cut them: blanks separate, '…', "…" and \x quote. No expansion.
/// nullopt when a quote is not closed or a backslash ends the text.
std::optional<std::vector<std::string>> SplitWords(std::string_view text);

/// Offset of the first byte that is not UTF-8; nullopt: all of it is.
std::optional<std::size_t> FindInvalidUtf8(std::string_view text);

/// For terminals and logs: control bytes, DEL, C1 controls and invalid UTF-8 become \xNN, a
/// backslash becomes \\. Names of processes and arguments are chosen by strangers.
std::string Printable(std::string_view text);

/// The same of its first `max_bytes`, with "…" when that is not all: for messages about long texts.
std::string PrintableStart(std::string_view text, std::size_t max_bytes = 80);

/// Inside of a JSON string: escapes, and U+FFFD for what is not UTF-8.
std::string JsonEscape(std::string_view text);

}  // namespace reaperd
