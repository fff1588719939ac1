#include "sys/socket_path.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "base/unique_fd.h"

namespace reaperd::sys {
namespace {

constexpr std::string_view kFolder = "/reaperd";
constexpr std::string_view kName = "/reaperd.sock";
constexpr mode_t kOurs = 0700;
constexpr mode_t kOursAndGroups = 0750;

/// What is no absolute path is none: $REAPERD_STATUS_SOCKET may also be "auto" or "none", which say
/// what reaperd is to do, and $XDG_RUNTIME_DIR must be one.
std::string PathVariable(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr && *value == '/' ? value : "";
}

/// "." when there is no slash.
std::string DirectoryOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<UniqueFd> OpenDirectory(const std::string& directory) {
  UniqueFd fd(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (fd) return fd;
  // O_DIRECTORY tells of a link by ENOTDIR.
  struct stat info {};
  const int code = errno;
  if (lstat(directory.c_str(), &info) == 0 && S_ISLNK(info.st_mode)) {
    return Error(ELOOP, directory + " is a symbolic link");
  }
  return Error::FromErrno("cannot open " + directory, code);
}

Status CheckOpened(int fd, const std::string& directory, uid_t owner) {
  struct stat info {};
  if (fstat(fd, &info) < 0) return Error::FromErrno("cannot look at " + directory, errno);
  if (info.st_uid != owner) {
    return Error(EPERM, directory + " belongs to user " + std::to_string(info.st_uid));
  }
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return Error(EPERM, "others than its owner can write in " + directory);
  }
  return {};
}

Status MakeIfMissing(const std::string& directory) {
  if (mkdir(directory.c_str(), kOurs) == 0 || errno == EEXIST) return {};
  return Error::FromErrno("cannot make " + directory, errno);
}

Result<ListeningSocket> ListenIn(const std::string& path, std::optional<gid_t> group) {
  if (Status made = MakeSocketDirectory(DirectoryOf(path), group); !made) return made.error();
  return ListenUnix(path, group);
}

}  // namespace

SocketSearch OurSocketSearch() {
  return {.named = PathVariable("REAPERD_STATUS_SOCKET"),
          .xdg_runtime_dir = PathVariable("XDG_RUNTIME_DIR"),
          .euid = geteuid()};
}

SocketSearch UsualSocketSearch() {
  SocketSearch search = OurSocketSearch();
  search.named.clear();
  return search;
}

std::vector<std::string> SocketCandidates(const SocketSearch& search) {
  if (!search.named.empty()) return {search.named};
  std::vector<std::string> paths;
  paths.push_back(search.run + std::string(kFolder).append(kName));
  // A relative one is to be ignored, says the specification of that variable.
  if (search.xdg_runtime_dir.starts_with('/')) {
    paths.push_back(search.xdg_runtime_dir + std::string(kFolder).append(kName));
  }
  paths.push_back(search.shm + std::string(kFolder) + "-" + std::to_string(search.euid) +
                  std::string(kName));
  return paths;
}

Status CheckSocketDirectory(const std::string& directory, uid_t owner) {
  const auto fd = OpenDirectory(directory);
  if (!fd) return fd.error();
  return CheckOpened(fd->get(), directory, owner);
}

Status MakeSocketDirectory(const std::string& directory, std::optional<gid_t> group) {
  if (Status made = MakeIfMissing(directory); !made) return made;
  const auto fd = OpenDirectory(directory);
  if (!fd) return fd.error();
  if (Status checked = CheckOpened(fd->get(), directory, geteuid()); !checked) return checked;
  if (!group) return {};
  if (fchown(fd->get(), static_cast<uid_t>(-1), *group) < 0) {
    return Error::FromErrno("cannot give " + directory + " to group " + std::to_string(*group),
                            errno);
  }
  if (fchmod(fd->get(), kOursAndGroups) < 0) {
    return Error::FromErrno("cannot set the mode of " + directory, errno);
  }
  return {};
}

Result<FoundSocket> ListenAtFirst(const SocketSearch& search, std::optional<gid_t> group) {
  FoundSocket found;
  if (!search.named.empty()) {
    const std::string directory = DirectoryOf(search.named);
    // One that is there is used as it is.
    if (access(directory.c_str(), F_OK) < 0 && errno == ENOENT) {
      if (Status made = MakeSocketDirectory(directory, group); !made) return made.error();
    }
    auto socket = ListenUnix(search.named, group);
    if (!socket) return socket.error();
    found.socket = std::move(*socket);
    return found;
  }
  for (const std::string& path : SocketCandidates(search)) {
    auto socket = ListenIn(path, group);
    if (socket) {
      found.socket = std::move(*socket);
      return found;
    }
    found.refused.push_back(socket.error().message());
  }
  std::string all;
  for (const std::string& reason : found.refused)
    all.append(all.empty() ? "" : "; ").append(reason);
  return Error(ENOENT, "there is no place for the status socket: " + all);
}

}  // namespace reaperd::sys
