#include "sys/pidfd.h"

#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace reaperd::sys {
namespace {

constexpr auto kPidfsMagic = 0x50494446;  // <linux/magic.h> of Linux 6.9

}  // namespace

UniqueFd OpenPidfd(pid_t pid) {
  return UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
}

std::uint64_t PidfsInode(int pidfd) {
  struct statfs file_system {};
  struct stat info {};
  if (fstatfs(pidfd, &file_system) < 0 || file_system.f_type != kPidfsMagic) return 0;
  return fstat(pidfd, &info) < 0 ? 0 : info.st_ino;
}

}  // namespace reaperd::sys
