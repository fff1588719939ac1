// Whether any death can match: contradictions within the keys of one rule's match. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config_check.h"
#include "model/hold_rule.h"

namespace reaperd::config {

enum class Severity { kError, kWarning, kNote };

struct MatchProblem {
  Severity severity = Severity::kError;
  std::string_view key;  ///< "match.signals"
  std::string text;
};

std::vector<MatchProblem> CheckMatch(const model::HoldMatch& match, Mode mode);

}  // namespace reaperd::config
