// Whose status becomes ours. Pure.
#pragma once

#include <optional>

#include "model/run_spec.h"

namespace reaperd::service {

class ExitStatusPolicy {
 public:
  explicit ExitStatusPolicy(const model::ExitPolicy& policy) : policy_(policy) {}

  /// A direct child (made or adopted) was reaped.
  void OnReaped(const model::ExitStatus& status, bool is_main);

  /// The status that we exit with, before `map` and as a process status; nullopt if main has none.
  [[nodiscard]] std::optional<model::ExitStatus> Deciding() const;
  /// Deciding() as an exit code through the map; ExitPolicy::own_failure if there is none.
  [[nodiscard]] int Code() const;

 private:
  const model::ExitPolicy policy_;
  std::optional<model::ExitStatus> main_;
  std::optional<model::ExitStatus> first_failure_;
};

}  // namespace reaperd::service
