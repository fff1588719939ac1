// Small pieces of text that several views share: times, sizes, who a process is. Pure.
// What they return is not harmless yet where it has words of strangers: it goes into a Table.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "client/death.h"
#include "ctl/table.h"

namespace reaperd::ctl {

/// "350ms", "12s", "2m05s", "3h07m", "4d02h".
std::string Duration(Micros duration_us);

/// "3s ago", or the time itself.
std::string When(WallMicros at, const View& view);
/// "in 25s", or the time itself.
std::string Until(WallMicros at, const View& view);
/// "12s" as an age; with absolute times the instant itself.
std::string Since(WallMicros at, const View& view);

/// "612", "1.2K", "46M", "1.9G".
std::string Size(std::int64_t bytes);

/// "nginx -g 'daemon off;'", "[worker]" when only the name is known, "?" when nothing is.
std::string CommandText(const std::optional<std::vector<std::string>>& cmdline,
                        const std::optional<std::string>& comm);

/// "exit 1", "SIGKILL", "SIGSEGV (core)".
std::string EndText(const model::ExitStatus& end);

/// Red for what went wrong, green for what did not, plain for what was asked for.
Style StyleOf(const client::Verdict& verdict);

/// "1 process", "3 processes"; `many` when it is not the one with an s.
std::string Count(std::int64_t count, const std::string& one, const std::string& many = "");

}  // namespace reaperd::ctl
