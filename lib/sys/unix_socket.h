// Unix stream sockets by path: listening, connecting, who is at the other end, passing a descriptor.
// All descriptors are close-on-exec from birth.
//
// Two that start on one path at once: both could find the same stale file, and the second would
// unlink the fresh socket of the first. Binding to another name and renaming has the same hole (the
// loser listens on a socket without a name, and does not know it), so the look, the unlink and the
// bind happen under an flock of "<path>.lock". That file exists only while somebody begins, is 0600
// (a lock on the directory could be held by everybody who may list it), and nobody waits for it.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "model/peer.h"

namespace reaperd::sys {

/// Of sun_path, without its NUL.
inline constexpr std::size_t kMaxSocketPathBytes = 107;

/// Non-blocking and listening. Takes its file away in the end, if it is still its own.
class ListeningSocket {
 public:
  ListeningSocket() = default;
  ListeningSocket(UniqueFd fd, std::string path, dev_t device, ino_t inode)
      : fd_(std::move(fd)), path_(std::move(path)), device_(device), inode_(inode) {}
  ListeningSocket(ListeningSocket&&) noexcept = default;
  ListeningSocket& operator=(ListeningSocket&& other) noexcept;
  ListeningSocket(const ListeningSocket&) = delete;
  ListeningSocket& operator=(const ListeningSocket&) = delete;
  ~ListeningSocket() { Close(); }

  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] const std::string& path() const { return path_; }
  /// The file first: as long as we listen, nobody else takes the path for stale.
  void Close();

 private:
  UniqueFd fd_;
  std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

/// Mode 0600, or 0660 with `group`. A stale socket file is replaced. Errors: EADDRINUSE (somebody
/// listens there, or begins to), ENAMETOOLONG, EEXIST (the path is no socket), and the system's.
Result<ListeningSocket> ListenUnix(const std::string& path, std::optional<gid_t> group = {});

enum class Blocking { kNo, kYes };

/// The error's code is that of connect(2): ENOENT, ECONNREFUSED (stale), EACCES, EAGAIN (kNo: its
/// queue is full).
Result<UniqueFd> ConnectUnix(const std::string& path, Blocking blocking);

/// The next connection, non-blocking; or -errno. EAGAIN: there is none.
int AcceptUnix(int listening_fd);

Result<model::Peer> PeerOf(int fd);

/// Whether the peer is in our user namespace; nullopt: it cannot be told. Looks into /proc. Before
/// Linux 6.5 by the peer's number, which could be another process's if the peer ended at once.
std::optional<bool> PeerSharesUserNamespace(int fd, pid_t peer_pid);

/// The ids that stand for all those without a number in our user namespace.
struct OverflowIds {
  uid_t uid = 65534;
  gid_t gid = 65534;
};
/// /proc/sys/kernel/overflow[ug]id, or the kernel's defaults.
OverflowIds ReadOverflowIds();

/// Sends with a descriptor (SCM_RIGHTS), which goes with the first byte. Never waits, no SIGPIPE.
/// How many bytes went, or -errno: then the descriptor did not go either.
ssize_t SendWithDescriptor(int fd, std::span<const std::byte> bytes, int passed);

}  // namespace reaperd::sys
