// The words of dumb-init: everything on standard error, most of it only under -v.
#pragma once

#include <memory>
#include <string>

#include "daemon/run_observer.h"
#include "model/run_spec.h"

namespace reaperd::daemon {

struct DumbInitVoiceOptions {
  bool verbose = false;
  bool debug_by_environment = false;       ///< DUMB_INIT_DEBUG=1
  bool no_session_by_environment = false;  ///< DUMB_INIT_SETSID=0
  bool new_session = true;
};

/// `signals`: what the run does to signals; the voice tells of rewrites.
std::unique_ptr<RunObserver> MakeDumbInitVoice(const DumbInitVoiceOptions& options,
                                               const model::SignalPolicy& signals);

/// "[dumb-init] text", without a newline.
std::string DumbInitLine(std::string_view text);

}  // namespace reaperd::daemon
