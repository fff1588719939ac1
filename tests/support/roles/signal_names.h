// Names and numbers of signals as the helper program reads and prints them: `TERM`, `SIGTERM`,
// `15`, `RTMIN+3`. Real-time numbers count from the C library's SIGRTMIN (34), as shells do.
#pragma once

#include <string>
#include <string_view>

namespace reaperd::roles {

// Ends the process with a message if `text` names no signal.
int ParseSignal(std::string_view text);
std::string SignalName(int signal);

}  // namespace reaperd::roles
