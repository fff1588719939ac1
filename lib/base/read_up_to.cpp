#include "base/read_up_to.h"

#include <unistd.h>

#include <cerrno>
#include <memory>

namespace reaperd {

Result<std::string> ReadUpTo(int fd, std::size_t limit_bytes) {
  // Not cleared: what read does not fill is never touched, and takes no memory if the limit is big.
  const auto buffer = std::make_unique_for_overwrite<char[]>(limit_bytes);
  std::size_t filled = 0;
  while (filled < limit_bytes) {
    const ssize_t got = read(fd, buffer.get() + filled, limit_bytes - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error::FromErrno("read", errno);
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  return std::string(buffer.get(), filled);
}

}  // namespace reaperd
