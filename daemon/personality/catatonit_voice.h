// The words of catatonit: errors always, the rest only under CATATONIT_DEBUG; all on standard
// error.
#pragma once

#include <memory>
#include <string>

#include "daemon/run_observer.h"

namespace reaperd::daemon {

std::unique_ptr<RunObserver> MakeCatatonitVoice(bool debug);

/// "ERROR (catatonit:pid): text", without a newline.
std::string CatatonitErrorLine(std::string_view text);

}  // namespace reaperd::daemon
