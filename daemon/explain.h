// --explain: what these settings would do here, and what this kernel and container offer.
#pragma once

#include <string>
#include <string_view>

#include "daemon/place.h"
#include "model/run_spec.h"

namespace reaperd::daemon {

std::string Explain(const model::RunSpec& spec, const Place& place);

/// Parts of it: one row, wrapped to 80 columns, and the section about deaths.
void AddExplainRow(std::string& out, std::string_view left, std::string_view right);
void AddDeaths(std::string& out, const model::RunSpec& spec, const Place& place);

}  // namespace reaperd::daemon
