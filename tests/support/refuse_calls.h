// RefuseCalls: a seccomp filter that makes system calls of this process fail, as old kernels and
// container profiles do. For good, and for all that it starts: only within RunInChild.
#pragma once

#include <cstdint>
#include <vector>

namespace reaperd::test {

struct RefusedCall {
  long number = 0;  ///< SYS_…
  int code = 0;     ///< the errno
  /// Refused only if this argument has all bits of `mask`; a mask of 0 refuses every call.
  int argument = 0;
  std::uint32_t mask = 0;
};

/// False when the kernel takes no filter.
[[nodiscard]] bool RefuseCalls(const std::vector<RefusedCall>& calls);

}  // namespace reaperd::test
