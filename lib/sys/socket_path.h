// Where the status socket is looked for: the same list for the daemon, which takes the first place
// that it can have, and for clients, who take the first that answers.
//
//   $REAPERD_STATUS_SOCKET            the socket itself; who names one means that one alone
//   /run/reaperd/reaperd.sock
//   $XDG_RUNTIME_DIR/reaperd/reaperd.sock
//   /dev/shm/reaperd-<euid>/reaperd.sock      also there under a read-only root
//
// Never abstract: network namespaces are shared in pods.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "sys/unix_socket.h"

namespace reaperd::sys {

struct SocketSearch {
  std::string named;            ///< $REAPERD_STATUS_SOCKET; empty: not set
  std::string xdg_runtime_dir;  ///< empty: not set
  uid_t euid = 0;
  // Elsewhere in tests only.
  std::string run = "/run";
  std::string shm = "/dev/shm";
};

/// From our environment.
SocketSearch OurSocketSearch();
/// The same without a socket that is named: where reaperd looks when its spec names none.
SocketSearch UsualSocketSearch();

/// Paths, in order.
std::vector<std::string> SocketCandidates(const SocketSearch& search);

/// A directory that is no link, that `owner` owns, and in which nobody else can write: whoever
/// listens there is trusted by it. The error says what is wrong (EPERM), or is the system's.
Status CheckSocketDirectory(const std::string& directory, uid_t owner);

/// Makes the directory if need be: 0700, or 0750 with `group` as its group; then as above, for us.
Status MakeSocketDirectory(const std::string& directory, std::optional<gid_t> group);

struct FoundSocket {
  ListeningSocket socket;
  std::vector<std::string> refused;  ///< why not one before it
};

/// Listens at the first place that can be had. A named one is used as it is: its directory is made
/// if need be, not checked. The error names all places with their reasons.
Result<FoundSocket> ListenAtFirst(const SocketSearch& search, std::optional<gid_t> group);

}  // namespace reaperd::sys
