// The help texts, made from the table of verbs. Pure.
#pragma once

#include <string>

#include "ctl/verbs.h"

namespace reaperd::ctl {

/// On one screen of 80 x 24.
std::string GeneralHelp();
std::string VerbHelp(const Verb& verb);
/// "deaths [OPTIONS]", "signal SIGNAL PID|SERVICE".
std::string UsageOf(const Verb& verb);

}  // namespace reaperd::ctl
