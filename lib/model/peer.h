// Peer: who is at the other end of a Unix socket, as the kernel noted it when the connection was
// made. Numbers are those of our own namespaces; what has none there shows as the overflow id.
#pragma once

#include <sys/types.h>

#include <vector>

namespace reaperd::model {

struct Peer {
  pid_t pid = 0;  ///< 0: outside our pid namespace
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;  ///< supplementary ones; empty also where the kernel does not tell
};

}  // namespace reaperd::model
