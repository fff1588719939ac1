#include "sys/output_file.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace reaperd::sys {
namespace {

constexpr int kOutputFlags = O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC;
constexpr mode_t kLogMode = 0640;

struct PathParts {
  std::string directory;
  std::string name;
};

PathParts SplitPath(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {".", path};
  // "/x/" names a directory, and "." of it says so when it is opened for writing.
  std::string name = path.substr(slash + 1);
  return {path.substr(0, slash + 1), name.empty() ? "." : std::move(name)};
}

UniqueFd OpenWithoutMagic(int directory, const std::string& name, int flags, mode_t mode) {
  open_how how{};
  how.flags = static_cast<__u64>(flags);
  how.mode = mode;
  how.resolve = RESOLVE_NO_MAGICLINKS;
  const long fd = syscall(SYS_openat2, directory, name.c_str(), &how, sizeof how);
  if (fd >= 0) return UniqueFd(static_cast<int>(fd));
  // Before Linux 5.6, or behind a filter that does not know it.
  if (errno == ENOSYS || errno == EPERM) {
    return UniqueFd(openat(directory, name.c_str(), flags, mode));
  }
  return UniqueFd();
}

Error OpenError(int directory, const PathParts& parts, const std::string& path, int code) {
  const std::string cannot = "cannot open " + path + ": ";
  if (code == ELOOP) return {code, cannot + "it is a symbolic link, or leads through /proc"};
  if (code == ENXIO) {
    struct stat info {};
    const bool is_socket =
        fstatat(directory, parts.name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISSOCK(info.st_mode);
    return {code, cannot + (is_socket ? "it is a socket" : "nobody reads from it")};
  }
  return Error::FromErrno("cannot open " + path, code);
}

/// The directory is opened first and the file in it then: what was checked is what is used.
Result<UniqueFd> OpenDirectory(const PathParts& parts, const std::string& path) {
  UniqueFd directory =
      OpenWithoutMagic(AT_FDCWD, parts.directory, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
  if (!directory) return OpenError(AT_FDCWD, parts, path, errno);
  return directory;
}

}  // namespace

Result<UniqueFd> OpenExistingOutput(const std::string& path) {
  const PathParts parts = SplitPath(path);
  const auto directory = OpenDirectory(parts, path);
  if (!directory) return directory.error();
  UniqueFd fd = OpenWithoutMagic(directory->get(), parts.name, kOutputFlags, 0);
  if (!fd) return OpenError(directory->get(), parts, path, errno);
  return fd;
}

Result<OutputFile> OpenLogFile(const std::string& path) {
  const PathParts parts = SplitPath(path);
  const auto directory = OpenDirectory(parts, path);
  if (!directory) return directory.error();
  struct stat info {};
  if (fstat(directory->get(), &info) < 0) {
    return Error::FromErrno("cannot stat the directory of " + path, errno);
  }
  if ((info.st_mode & S_IWOTH) != 0 && (info.st_mode & S_ISVTX) == 0) {
    return Error(EPERM, "everybody may replace " + path +
                            ": its directory is world-writable and has no sticky bit");
  }
  OutputFile file{
      .fd = OpenWithoutMagic(directory->get(), parts.name, kOutputFlags | O_CREAT, kLogMode)};
  if (!file.fd) return OpenError(directory->get(), parts, path, errno);
  if (fstat(file.fd.get(), &info) < 0) return Error::FromErrno("cannot stat " + path, errno);
  if (S_ISREG(info.st_mode)) {
    if (info.st_nlink > 1) return Error(EMLINK, path + " has more than one link");
    return file;
  }
  if (S_ISFIFO(info.st_mode)) {
    file.kind = OutputKind::kFifo;
  } else if (S_ISCHR(info.st_mode)) {
    file.kind = OutputKind::kCharacterDevice;
  } else {
    return Error(EINVAL, path + " is no file, FIFO or character device");
  }
  return file;
}

}  // namespace reaperd::sys
