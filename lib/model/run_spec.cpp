#include "model/run_spec.h"

#include <cerrno>
#include <numeric>

namespace reaperd::model {

std::array<int, kSignalLimit> SignalPolicy::IdentityRewrite() {
  std::array<int, kSignalLimit> identity{};
  std::iota(identity.begin(), identity.end(), 0);
  return identity;
}

std::optional<int> ExecFailureStatus(ExitPolicy::ExecFailure policy, int code, bool found) {
  const bool missing = code == ENOENT || code == ENOTDIR;
  // EAGAIN is RLIMIT_NPROC of a user that main became: execve(2), not setuid(2), tells of it.
  const bool scarce = code == EAGAIN || code == ENOMEM || code == EMFILE || code == ENFILE;
  switch (policy) {
    case ExitPolicy::ExecFailure::kReaperd:
      if (scarce) return std::nullopt;
      return missing && !found ? 127 : 126;
    case ExitPolicy::ExecFailure::kTini:
      if (code == ENOENT) return 127;
      return code == EACCES ? 126 : 1;
    case ExitPolicy::ExecFailure::kDumbInit:
      return 2;
    case ExitPolicy::ExecFailure::kCatatonit:
      return 1;
  }
  return 126;
}

int MapStatus(const ExitPolicy& policy, int code) {
  for (auto row = policy.map.rbegin(); row != policy.map.rend(); ++row) {
    if (row->first == code) return row->second;
  }
  return code;
}

}  // namespace reaperd::model
