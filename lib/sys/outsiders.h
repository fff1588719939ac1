// Outsiders: whether a process of our pid namespace, of which we are PID 1, came from outside: it or
// one of those that made it was put there by setns (docker exec, nsenter).
//
// Who was put there has parent 0 and is never ours to reap; its orphans are
// (docs/kernel-facts.md#who-came-from-outside). Only what is certain counts: a session is inherited
// and cannot be joined, so its members descend from its leader, and parent links lead upwards to
// where they descend from. A link that is read while numbers are reused could be a wrong one, so
// each is read again after its parent was. "No" means that nothing shows it.
//
// Owned by ProcessLook; reads stat files, which never waits.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <string>

#include "sys/procfs.h"

namespace reaperd::sys {

class Outsiders {
 public:
  struct Self {
    pid_t pid = 1;
    pid_t session = 0;  ///< 0: its leader is outside
    /// We had no child when we began: whoever is made inside is made by us or by whom we made, and
    /// so has a session that we can see.
    bool had_no_child = false;
  };

  Outsiders(std::string proc_root, Self self) : proc_root_(std::move(proc_root)), self_(self) {}

  /// `process` must be an unreaped child of ours: then its session's number is not another's.
  bool CameFromOutside(const ProcStat& process);

 private:
  [[nodiscard]] bool LeaderCameFromOutside(pid_t leader) const;
  [[nodiscard]] bool IsKnownInside(pid_t session) const;

  std::string proc_root_;
  Self self_;
  /// Sessions of which nothing was found lately. A number that is used again is met here, too: that
  /// finds nothing once more, which is no wrong answer.
  std::array<pid_t, 8> inside_{};
  std::size_t next_ = 0;
};

}  // namespace reaperd::sys
