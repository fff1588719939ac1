#include "sys/termination_log.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "sys/output_file.h"

namespace reaperd::sys {
namespace {

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
  const auto fd = OpenExistingOutput(path);
  if (!fd) return fd.error();
  const auto size = CheckFile(fd->get(), path);
  if (!size) return size.error();
  return {};
}

Status WriteTerminationLog(const std::string& path, std::string_view text) {
  const auto fd = OpenExistingOutput(path);
  if (!fd) return fd.error();
  const auto size = CheckFile(fd->get(), path);
  if (!size) return size.error();
  if (*size > 0) return {};
  text = text.substr(0, kTerminationLogBytes);
  const ssize_t done = write(fd->get(), text.data(), text.size());
  if (done < 0) return Error::FromErrno("cannot write " + path, errno);
  return {};
}

}  // namespace reaperd::sys
