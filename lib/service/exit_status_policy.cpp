#include "service/exit_status_policy.h"

namespace reaperd::service {

void ExitStatusPolicy::OnReaped(const model::ExitStatus& status, bool is_main) {
  if (is_main) main_ = status;
  // What the map declares a success is none of the failures.
  const bool failed = model::MapStatus(policy_, status.ShellCode()) != 0;
  if (failed && !first_failure_) first_failure_ = status;
}

std::optional<model::ExitStatus> ExitStatusPolicy::Deciding() const {
  if (policy_.status_from == model::ExitStatusFrom::kFirstFailure && first_failure_) {
    return first_failure_;
  }
  return main_;
}

int ExitStatusPolicy::Code() const {
  const auto deciding = Deciding();
  return deciding ? model::MapStatus(policy_, deciding->ShellCode()) : policy_.own_failure;
}

}  // namespace reaperd::service
