#include "sys/termination_log.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/unique_fd.h"

namespace reaperd::sys {
namespace {

/// No magic links: a path into /proc/<pid>/fd would reach what somebody else has open.
UniqueFd OpenOutput(const std::string& path) {
  constexpr int kFlags = O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC;
  open_how how{};
  how.flags = kFlags;
  how.resolve = RESOLVE_NO_MAGICLINKS;
  const long fd = syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how);
  if (fd >= 0) return UniqueFd(static_cast<int>(fd));
  // Before Linux 5.6, or behind a filter that does not know it.
  if (errno == ENOSYS || errno == EPERM) return UniqueFd(open(path.c_str(), kFlags));
  return UniqueFd();
}

/// Size of the file, or why it is not fit.
Result<off_t> CheckFile(int fd, const std::string& path) {
  struct stat info {};
  if (fstat(fd, &info) < 0) return Error::FromErrno("cannot stat " + path, errno);
  if (!S_ISREG(info.st_mode)) return Error(EINVAL, path + " is not a regular file");
  if (info.st_nlink > 1) return Error(EMLINK, path + " has more than one link");
  return info.st_size;
}

}  // namespace

Status CheckTerminationLog(const std::string& path) {
  const UniqueFd fd = OpenOutput(path);
  if (!fd) return Error::FromErrno("cannot open " + path, errno);
  const auto size = CheckFile(fd.get(), path);
  if (!size) return size.error();
  return {};
}

Status WriteTerminationLog(const std::string& path, std::string_view text) {
  const UniqueFd fd = OpenOutput(path);
  if (!fd) return Error::FromErrno("cannot open " + path, errno);
  const auto size = CheckFile(fd.get(), path);
  if (!size) return size.error();
  if (*size > 0) return {};
  text = text.substr(0, kTerminationLogBytes);
  const ssize_t done = write(fd.get(), text.data(), text.size());
  if (done < 0) return Error::FromErrno("cannot write " + path, errno);
  return {};
}

}  // namespace reaperd::sys
