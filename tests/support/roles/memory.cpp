// Memory that is really used.
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "arguments.h"
#include "common.h"
#include "roles.h"

namespace reaperd::roles {

int EatMemory(Arguments& arguments) {
  arguments.Allow({"end", "out"});
  const long megabytes = arguments.Number(0);
  constexpr std::size_t kMegabyte = 1024 * 1024;
  for (long eaten = 0; eaten < megabytes; ++eaten) {
    void* const part =
        mmap(nullptr, kMegabyte, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (part == MAP_FAILED) {
      DieOfErrno("mmap");
    }
    // Each page is written, else it would cost nothing.
    std::memset(part, 1, kMegabyte);
  }
  Say("ready eat-memory %d", getpid());
  Continue(arguments, "exit:0");
}

}  // namespace reaperd::roles
