// Rules across keys: whether a HoldConfig makes sense as a whole, wherever its parts came from.
//
// Pure. Asked once, when all files and options are together, and again for what a client adds.
// Every line names the place and the rule or barrier, and is printable.
#pragma once

#include <string>
#include <vector>

#include "config/hold_config.h"

namespace reaperd::config {

enum class Mode {
  kCommand,   ///< one command, the service `main`
  kServices,  ///< services that are started again
};

struct Findings {
  std::vector<std::string> errors;    ///< contradictions: nothing is to be started with them
  std::vector<std::string> warnings;  ///< most likely not what was meant
  std::vector<std::string> notes;     ///< true, and good to know
};

Findings CheckHold(const HoldConfig& config, Mode mode);

}  // namespace reaperd::config
