// Files with the object `hold`, in JSON with comments, to values: either the object itself or
// {"hold": {…}}.
//
// All problems are reported at once, one line each:
//
//   hold.json:7: hold.rules[1].for: '5x': expected a duration such as 500ms, 5s, 2m, 1h or 0
//
// Keys are looked up in the table of config_keys.h. Whether the whole makes sense is asked later, of
// config_check.h, when all sources are together.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "config/hold_config.h"

namespace reaperd::config {

inline constexpr std::size_t kMaxProblems = 100;  ///< lines of an error; a last one counts the rest

/// On top of `base`: rules and barriers are added behind its own, limits replace its limits. The
/// error is one printable line for each problem, without a line end behind the last.
Result<HoldConfig> ReadHoldFile(const std::string& path, HoldConfig base = {});

/// The same for a text; `file` is only named. No effects.
Result<HoldConfig> ParseHoldText(std::string_view text, std::string_view file,
                                 HoldConfig base = {});

}  // namespace reaperd::config
