// Where a program is looked for, as execvp(3) does: by PATH, unless its name has a slash.
#pragma once

#include <string>
#include <vector>

namespace reaperd::sys {

/// The paths to try, in order. PATH is taken from `environment` ("NAME=value"). Empty for "".
std::vector<std::string> ProgramCandidates(const std::string& program,
                                           const std::vector<std::string>& environment);

/// 0 if one of them can be executed by us, else the errno that exec would give.
int FindProgram(const std::string& program, const std::vector<std::string>& environment);

}  // namespace reaperd::sys
