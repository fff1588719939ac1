#include "base/read_up_to.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace reaperd {

Result<std::string> ReadUpTo(int fd, std::size_t limit_bytes) {
  std::string bytes;
  std::array<char, 4096> part;  // not cleared: read fills what is used
  while (bytes.size() < limit_bytes) {
    const ssize_t got = read(fd, part.data(), std::min(part.size(), limit_bytes - bytes.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error::FromErrno("read", errno);
    if (got == 0) break;
    bytes.append(part.data(), static_cast<std::size_t>(got));
  }
  return bytes;
}

}  // namespace reaperd
