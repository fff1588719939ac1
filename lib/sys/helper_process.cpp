#include "sys/helper_process.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <memory>
#include <optional>

#include "base/text.h"
#include "sys/pidfd.h"

namespace reaperd::sys {
namespace {

/// Where neither close_range nor /proc tells what is open: numbers above are hardly ever used.
constexpr rlim_t kMostDescriptors = 1U << 20;

constexpr int kSendBufferBytes = 1024 * 1024;

bool CloseRange(unsigned first, unsigned last) {
  return first > last || syscall(SYS_close_range, first, last, 0) == 0;
}

/// nullopt: there is no /proc.
std::optional<std::vector<int>> OpenDescriptors() {
  const auto close_dir = [](DIR* dir) { closedir(dir); };
  const std::unique_ptr<DIR, decltype(close_dir)> dir(opendir("/proc/self/fd"), close_dir);
  if (!dir) return std::nullopt;
  std::vector<int> descriptors;
  while (const dirent* entry = readdir(dir.get())) {
    const auto number = ParseUnsigned(entry->d_name, INT_MAX);
    if (number) descriptors.push_back(static_cast<int>(*number));
  }
  return descriptors;
}

void CloseOneByOne(const std::vector<int>& keep) {
  const auto close_it = [&keep](int fd) {
    if (!std::binary_search(keep.begin(), keep.end(), fd)) close(fd);
  };
  if (const auto open_ones = OpenDescriptors()) {
    for (const int fd : *open_ones)
      close_it(fd);
    return;
  }
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const int end = static_cast<int>(std::min(limit.rlim_cur, kMostDescriptors));
  for (int fd = 0; fd < end; ++fd)
    close_it(fd);
}

/// What a helper gives up. Nothing here is needed for its work, so nothing that fails ends it, but
/// the loss of the parent.
void SetUpHelper(const HelperRequest& request, int socket, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // If it died before the prctl, nobody will tell
  // (docs/kernel-facts.md#parent-death-signal).
  if (getppid() != parent) _exit(0);
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  std::vector<int> keep = request.keep;
  keep.push_back(socket);
  CloseAllBut(std::move(keep));
  prctl(PR_SET_NAME, request.name);
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  // A core of it would be one of the loop's memory, in a directory that is not ours.
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  // A signal to our group, or from a terminal, is not meant for it.
  setsid();
  // It must not keep a file system busy.
  if (chdir("/") < 0) return;
}

[[noreturn]] void RunHelper(const HelperRequest& request, int socket, pid_t parent) {
  SetUpHelper(request, socket, parent);
  _exit(request.run(socket));
}

/// Refusals of the flag, not of the clone: a seccomp filter, or a kernel without it.
bool FlagRefused(int code) {
  return code == ENOSYS || code == EPERM || code == EINVAL;
}

}  // namespace

void CloseAllBut(std::vector<int> keep) {
  std::sort(keep.begin(), keep.end());
  unsigned first = 0;
  for (const int fd : keep) {
    if (fd < 0) continue;
    const unsigned number = static_cast<unsigned>(fd);
    if (number > 0 && !CloseRange(first, number - 1)) return CloseOneByOne(keep);
    first = number + 1;
  }
  if (!CloseRange(first, UINT_MAX)) CloseOneByOne(keep);
}

Helper SpawnHelper(const HelperRequest& request) {
  Helper helper;
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
    helper.error = errno;
    return helper;
  }
  helper.socket = UniqueFd(ends[0]);
  const UniqueFd theirs(ends[1]);
  // Of our end alone: the flag belongs to the open file, and the helper is to wait.
  if (fcntl(ends[0], F_SETFL, O_RDWR | O_NONBLOCK) < 0) {
    helper.error = errno;
    return helper;
  }
  // More than the usual 208 KiB, which a burst of 170 lines fills; the kernel caps it at wmem_max
  // and takes memory only for what is in it.
  setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &kSendBufferBytes, sizeof kSendBufferBytes);
  const pid_t parent = getpid();
  for (const unsigned flag : {unsigned{CLONE_PIDFD}, 0U}) {
    int pidfd = -1;
    // Raw: the C library has no call for an exit signal of 0, and its handlers are not needed.
    const long pid = syscall(SYS_clone, flag, nullptr, &pidfd, nullptr, nullptr);
    if (pid == 0) RunHelper(request, theirs.get(), parent);
    if (pid > 0) {
      helper.pid = static_cast<pid_t>(pid);
      helper.pidfd = UniqueFd(pidfd);
      if (!helper.pidfd) helper.pidfd = OpenPidfd(helper.pid);
      helper.error = 0;
      return helper;
    }
    helper.error = errno;
    if (!FlagRefused(helper.error)) break;
  }
  helper.socket.reset();
  return helper;
}

}  // namespace reaperd::sys
