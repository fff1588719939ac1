#include "sys/pidfd.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace reaperd::sys {
namespace {

constexpr auto kPidfsMagic = 0x50494446;  // <linux/magic.h> of Linux 6.9

/// struct pidfd_info of <linux/pidfd.h>, its first version (Linux 6.13), which all later kernels
/// take, too.
struct PidfdInfo {
  std::uint64_t mask;
  std::uint64_t cgroup_id;
  std::uint32_t pid;
  std::uint32_t thread_group;
  std::uint32_t parent;
  std::array<std::uint32_t, 8> credentials;
  std::int32_t exit_code;
};
static_assert(sizeof(PidfdInfo) == 64);
constexpr unsigned long kGetInfo = _IOWR(0xFF, 11, PidfdInfo);
constexpr std::uint64_t kInfoExit = 1U << 3;  // Linux 6.15

/// POLLHUP is told whether it is asked for or not.
bool IsReaped(int pidfd) {
  pollfd end{.fd = pidfd, .events = 0, .revents = 0};
  return poll(&end, 1, 0) == 1 && (end.revents & POLLHUP) != 0;
}

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

Result<std::optional<int>> ReadExitStatus(int pidfd) {
  const bool reaped = IsReaped(pidfd);  // before the question: it may be reaped in between
  PidfdInfo info{};
  info.mask = kInfoExit;
  if (ioctl(pidfd, kGetInfo, &info) < 0) return Error::FromErrno("PIDFD_GET_INFO", errno);
  if ((info.mask & kInfoExit) != 0) return std::optional<int>(info.exit_code);
  // The end of a reaped one is either told or not known to this kernel.
  if (reaped) return Error::FromErrno("PIDFD_INFO_EXIT", ENOTSUP);
  return std::optional<int>();
}

}  // namespace reaperd::sys
