#include "sys/stdio_guard.h"

#include <fcntl.h>
#include <sys/eventfd.h>

namespace reaperd::sys {

std::array<bool, 3> GuardStdio() {
  std::array<bool, 3> given{};
  for (int fd = 0; fd < 3; ++fd) {
    given[static_cast<std::size_t>(fd)] = fcntl(fd, F_GETFD) >= 0;
    if (given[static_cast<std::size_t>(fd)]) continue;
    // The lowest free number is `fd`: all below are taken. An empty root has no /dev/null; an
    // eventfd needs no file, and a text written to it by mistake fails.
    if (open("/dev/null", O_RDWR | O_CLOEXEC) < 0) static_cast<void>(eventfd(0, EFD_CLOEXEC));
  }
  return given;
}

}  // namespace reaperd::sys
