#include "model/exit_status.h"

#include "model/signal_names.h"

namespace reaperd::model {

std::string Describe(const ExitStatus& status) {
  if (status.how == ExitStatus::How::kExit) return "exit " + std::to_string(status.value);
  return SignalName(status.value) + (status.core ? " (core dumped)" : "");
}

}  // namespace reaperd::model
