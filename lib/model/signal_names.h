// Names of signals, the same for every program here: SIGTERM, SIGRTMIN+3, SIGRTMAX.
//
// Real-time numbers count from the C library's SIGRTMIN (34 with glibc), as kill(1) does.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace reaperd::model {

constexpr int kSignalLimit = 65;  ///< one above the highest signal of Linux

/// "SIGTERM", "SIGRTMIN+3"; "signal 32" for the two that the C library keeps to itself.
std::string SignalName(int signal);

/// "TERM", "SIGTERM", "15", "RTMIN+3", "SIGRTMAX-1"; nullopt for anything else.
std::optional<int> ParseSignal(std::string_view text);
inline constexpr std::string_view kSignalWords = "a signal such as TERM, SIGTERM, 15 or RTMIN+3";

}  // namespace reaperd::model
