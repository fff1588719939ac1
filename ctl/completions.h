// Completions for shells, made from the table of verbs. Pure.
#pragma once

#include <string>

namespace reaperd::ctl {

std::string BashCompletions();
std::string ZshCompletions();
std::string FishCompletions();

}  // namespace reaperd::ctl
