#include "sys/descriptors.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <memory>
#include <vector>

#include "base/text.h"

namespace reaperd::sys {

void CloseInheritedDescriptors() {
  const auto close_dir = [](DIR* dir) { closedir(dir); };
  const std::unique_ptr<DIR, decltype(close_dir)> dir(opendir("/proc/self/fd"), close_dir);
  if (!dir) return;
  std::vector<int> inherited;
  while (const dirent* entry = readdir(dir.get())) {
    const auto number = ParseUnsigned(entry->d_name, 1U << 30);
    if (!number || *number < 3) continue;
    const int fd = static_cast<int>(*number);
    if ((fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0) inherited.push_back(fd);
  }
  for (const int fd : inherited)
    close(fd);
}

}  // namespace reaperd::sys
