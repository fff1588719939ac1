// reaperctl as a function: words in, text out, an exit code. main() only brings the surroundings.
#pragma once

#include <string>
#include <vector>

#include "ctl/session.h"

namespace reaperd::ctl {

/// `words` without the program's name.
int Run(const std::vector<std::string>& words, const Surroundings& surroundings);

}  // namespace reaperd::ctl
