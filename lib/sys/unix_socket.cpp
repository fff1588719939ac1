#include "sys/unix_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <string_view>
#include <utility>

#include "base/scope_exit.h"
#include "base/text.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77  // Linux 6.5; Debian 12's headers do not know it
#endif

namespace reaperd::sys {
namespace {

constexpr int kBacklog = 64;
constexpr mode_t kOwnerOnly = 0600;
constexpr mode_t kOwnerAndGroup = 0660;

Result<sockaddr_un> AddressOf(const std::string& path) {
  if (path.empty()) return Error(EINVAL, "the path of the socket is empty");
  if (path.size() > kMaxSocketPathBytes) {
    return Error(ENAMETOOLONG, "the path of the socket has " + std::to_string(path.size()) +
                                   " bytes, which is more than " +
                                   std::to_string(kMaxSocketPathBytes) + ": " +
                                   PrintableStart(path));
  }
  if (path.find('\0') != std::string::npos) return Error(EINVAL, "a path has no NUL");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

int ConnectTo(int fd, const sockaddr_un& address) {
  return connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
}

/// Holds "<path>.lock", and takes it away in the end.
class StartLock {
 public:
  static Result<StartLock> Take(const std::string& path) {
    std::string name = path + ".lock";
    UniqueFd fd(
        open(name.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, kOwnerOnly));
    if (!fd) return Error::FromErrno("cannot open " + name, errno);
    if (flock(fd.get(), LOCK_EX | LOCK_NB) < 0) {
      if (errno != EWOULDBLOCK) return Error::FromErrno("cannot lock " + name, errno);
      return Error(EADDRINUSE, "another one just begins to listen on " + path);
    }
    // Its last holder may have taken the name away between our open and our lock.
    struct stat ours {};
    struct stat named {};
    if (fstat(fd.get(), &ours) < 0 || lstat(name.c_str(), &named) < 0 ||
        ours.st_dev != named.st_dev || ours.st_ino != named.st_ino) {
      return Error(EADDRINUSE, "another one just began to listen on " + path);
    }
    return StartLock(std::move(fd), std::move(name));
  }
  StartLock(StartLock&&) noexcept = default;
  StartLock& operator=(StartLock&&) = delete;
  StartLock(const StartLock&) = delete;
  StartLock& operator=(const StartLock&) = delete;
  ~StartLock() {
    if (fd_) unlink(name_.c_str());
  }

 private:
  StartLock(UniqueFd fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {}

  UniqueFd fd_;
  std::string name_;
};

Result<UniqueFd> NewSocket(Blocking blocking) {
  const int flags = SOCK_CLOEXEC | (blocking == Blocking::kNo ? SOCK_NONBLOCK : 0);
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | flags, 0));
  if (!fd) return Error::FromErrno("cannot make a socket", errno);
  return fd;
}

/// A socket file that nobody listens on goes; anything else stays and is an error.
Status RemoveStale(const std::string& path, const sockaddr_un& address) {
  struct stat info {};
  if (lstat(path.c_str(), &info) < 0) {
    if (errno == ENOENT) return {};
    return Error::FromErrno("cannot look at " + path, errno);
  }
  if (!S_ISSOCK(info.st_mode)) return Error(EEXIST, path + " is there and is no socket");
  auto probe = NewSocket(Blocking::kNo);
  if (!probe) return probe.error();
  const int code = ConnectTo(probe->get(), address);
  if (code == ENOENT) return {};
  // Whatever else than a refusal: not known to be stale
  // (docs/kernel-facts.md#a-unix-socket-whose-queue-is-full).
  if (code == 0 || code == EAGAIN) return Error(EADDRINUSE, "somebody listens on " + path);
  if (code != ECONNREFUSED)
    return Error::FromErrno("cannot tell whether " + path + " is used", code);
  if (unlink(path.c_str()) < 0 && errno != ENOENT) {
    return Error::FromErrno("cannot replace the stale " + path, errno);
  }
  return {};
}

Status Bind(int fd, const std::string& path, const sockaddr_un& address) {
  // Never open to others (docs/kernel-facts.md#the-mode-of-a-socket-file).
  if (fchmod(fd, kOwnerOnly) < 0) return Error::FromErrno("cannot set the mode of a socket", errno);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) {
    return Error::FromErrno("cannot bind to " + path, errno);
  }
  return {};
}

Status GiveTo(const std::string& path, std::optional<gid_t> group) {
  if (group && lchown(path.c_str(), static_cast<uid_t>(-1), *group) < 0) {
    return Error::FromErrno("cannot give " + path + " to group " + std::to_string(*group), errno);
  }
  if (chmod(path.c_str(), group ? kOwnerAndGroup : kOwnerOnly) < 0) {
    return Error::FromErrno("cannot set the mode of " + path, errno);
  }
  return {};
}

std::optional<std::uint64_t> NumberIn(const char* path) {
  const UniqueFd fd(open(path, O_RDONLY | O_CLOEXEC));
  if (!fd) return std::nullopt;
  std::array<char, 32> text{};
  const ssize_t size = read(fd.get(), text.data(), text.size());
  if (size <= 1) return std::nullopt;
  return ParseUnsigned({text.data(), static_cast<std::size_t>(size) - 1},
                       std::numeric_limits<uid_t>::max());
}

/// "user:[4026531837]"; empty: it cannot be read.
std::string NamespaceLink(const std::string& process) {
  std::array<char, 64> text{};
  const std::string path = "/proc/" + process + "/ns/user";
  const ssize_t size = readlink(path.c_str(), text.data(), text.size());
  return size > 0 ? std::string(text.data(), static_cast<std::size_t>(size)) : std::string();
}

}  // namespace

ListeningSocket& ListeningSocket::operator=(ListeningSocket&& other) noexcept {
  if (this == &other) return *this;
  Close();
  fd_ = std::move(other.fd_);
  path_ = std::move(other.path_);
  device_ = other.device_;
  inode_ = other.inode_;
  return *this;
}

void ListeningSocket::Close() {
  if (!fd_) return;
  struct stat info {};
  if (lstat(path_.c_str(), &info) == 0 && info.st_dev == device_ && info.st_ino == inode_) {
    unlink(path_.c_str());
  }
  fd_.reset();
}

Result<ListeningSocket> ListenUnix(const std::string& path, std::optional<gid_t> group) {
  const auto address = AddressOf(path);
  if (!address) return address.error();
  const auto lock = StartLock::Take(path);
  if (!lock) return lock.error();
  if (Status status = RemoveStale(path, *address); !status) return status.error();
  auto fd = NewSocket(Blocking::kNo);
  if (!fd) return fd.error();
  if (Status status = Bind(fd->get(), path, *address); !status) return status.error();
  ScopeExit undo([&path] { unlink(path.c_str()); });
  if (Status status = GiveTo(path, group); !status) return status.error();
  struct stat info {};
  if (lstat(path.c_str(), &info) < 0) return Error::FromErrno("cannot look at " + path, errno);
  if (listen(fd->get(), kBacklog) < 0) return Error::FromErrno("cannot listen on " + path, errno);
  undo.Release();
  return ListeningSocket(std::move(*fd), path, info.st_dev, info.st_ino);
}

Result<UniqueFd> ConnectUnix(const std::string& path, Blocking blocking) {
  const auto address = AddressOf(path);
  if (!address) return address.error();
  auto fd = NewSocket(blocking);
  if (!fd) return fd.error();
  int code = EINTR;
  while (code == EINTR)
    code = ConnectTo(fd->get(), *address);
  if (code != 0) return Error::FromErrno("cannot connect to " + path, code);
  return std::move(*fd);
}

int AcceptUnix(int listening_fd) {
  const int fd = accept4(listening_fd, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  return fd >= 0 ? fd : -errno;
}

Result<model::Peer> PeerOf(int fd) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0) {
    return Error::FromErrno("cannot learn who connected", errno);
  }
  model::Peer peer{.pid = credentials.pid, .uid = credentials.uid, .gid = credentials.gid};
  // Tells the size that it needs; the second time it is enough, since the list never changes.
  std::vector<gid_t> groups(32);
  for (int attempt = 0; attempt < 2; ++attempt) {
    auto bytes = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
    const int result = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &bytes);
    if (result < 0 && errno != ERANGE) return peer;
    groups.resize(bytes / sizeof(gid_t));
    if (result == 0) {
      peer.groups = std::move(groups);
      break;
    }
  }
  return peer;
}

std::optional<bool> PeerSharesUserNamespace(int fd, pid_t peer_pid) {
  if (peer_pid <= 0) return std::nullopt;
  int number = -1;
  socklen_t size = sizeof number;
  const bool known = getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &number, &size) == 0;
  const UniqueFd pidfd(known ? number : -1);
  // ESRCH and the like: it is gone. Only a kernel without the option is asked by number.
  if (!known && errno != ENOPROTOOPT) return std::nullopt;
  const std::string ours = NamespaceLink("self");
  const std::string theirs = NamespaceLink(std::to_string(peer_pid));
  if (ours.empty() || theirs.empty()) return std::nullopt;
  if (known) {
    // Readable: it has ended, and what was read may be of another one with its number
    // (docs/kernel-facts.md#the-process-behind-a-connection).
    pollfd ended{.fd = pidfd.get(), .events = POLLIN, .revents = 0};
    if (poll(&ended, 1, 0) != 0) return std::nullopt;
  }
  return ours == theirs;
}

OverflowIds ReadOverflowIds() {
  OverflowIds ids;
  if (const auto uid = NumberIn("/proc/sys/kernel/overflowuid")) ids.uid = static_cast<uid_t>(*uid);
  if (const auto gid = NumberIn("/proc/sys/kernel/overflowgid")) ids.gid = static_cast<gid_t>(*gid);
  return ids;
}

ssize_t SendWithDescriptor(int fd, std::span<const std::byte> bytes, int passed) {
  iovec part{.iov_base = const_cast<std::byte*>(bytes.data()), .iov_len = bytes.size()};
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &passed, sizeof passed);
  const ssize_t sent = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  return sent >= 0 ? sent : -errno;
}

}  // namespace reaperd::sys
