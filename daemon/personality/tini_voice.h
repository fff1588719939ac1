// The words of tini: fatal errors and warnings on standard error, the rest on standard output.
#pragma once

#include <memory>

#include "daemon/run_observer.h"

namespace reaperd::daemon {

struct TiniVoiceOptions {
  unsigned verbosity = 1;  ///< 0 fatal, 1 warnings, 2 info, 3 debug, 4 and more trace
  bool warn_on_reap = false;
};

std::unique_ptr<RunObserver> MakeTiniVoice(const TiniVoiceOptions& options);

/// "[FATAL tini (pid)] text", without a newline.
std::string TiniFatalLine(std::string_view text);

}  // namespace reaperd::daemon
