// The environment between us and the child.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/run_spec.h"

namespace reaperd::daemon {

struct OptionValues;

/// Applies the REAPERD_… variables to `spec`. The error names the variable, its value and what was
/// expected. Variables that container platforms make for a service of that name (REAPERD_PORT…,
/// REAPERD_SERVICE_…) are none of ours.
Status ApplyEnvironment(std::span<char* const> environment, model::RunSpec& spec);
/// The same for our own command line, whose options may replace what the variables say.
Status ApplyEnvironment(std::span<char* const> environment, OptionValues& values);

/// `environment` without the variables that ApplyEnvironment understands.
std::vector<std::string> ChildEnvironment(std::span<char* const> environment);

/// Sets `entry` ("NAME=value") in `environment`, in place of an older one of that name.
void SetVariable(std::vector<std::string>& environment, std::string entry);

}  // namespace reaperd::daemon
