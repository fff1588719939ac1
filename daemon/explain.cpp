#include "daemon/explain.h"

namespace reaperd::daemon {

std::string Explain(const model::RunSpec& spec, bool pid1) {
  return pid1 && spec.main.command.empty() ? "pid1\n" : "";
}

}  // namespace reaperd::daemon
