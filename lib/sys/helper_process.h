// A helper process: a copy of ourselves in another role, for what the loop must not wait for. Made
// by clone without exec, so it needs no /proc, no program file, and none of the application's
// memory.
//
// It is a clone child: its exit signal is 0, so that waits without __WALL do not see it and its end
// sends no SIGCHLD (docs/kernel-facts.md#a-clone-child-is-invisible-to-plain-waits). ECHILD goes on
// to mean that nobody else is left. Its pidfd tells its end; whoever made it reaps it by
// waitid(P_PID, …, __WALL).
//
// What it keeps: its end of the socket, the descriptors that it is told to keep, user and
// capabilities. Those stay because reading another process's environ asks for capabilities that
// are not fewer than that process has. What it gives up: every other descriptor, the session and
// its terminal, the working directory, core dumps, and the way to more privileges. It takes
// messages from us alone, and it ends when we end (PR_SET_PDEATHSIG) or close the socket. Every
// signal is blocked: a TERM to everybody is not meant for it; KILL and STOP are not to be helped.
//
// In it there is one thread and no lock is held, so all may be called; but the C library still has
// our thread id in store, so raise() does nothing in it, and abort() ends by a trap.
#pragma once

#include <sys/types.h>

#include <functional>
#include <vector>

#include "base/unique_fd.h"

namespace reaperd::sys {

struct HelperRequest {
  const char* name = "";  ///< what ps shows: at most 15 bytes
  std::vector<int> keep;  ///< descriptors of ours that it also has, under the same numbers
  /// Runs in the helper with its end of the socket (blocking); what it returns is the exit code.
  std::function<int(int socket)> run;
};

struct Helper {
  pid_t pid = 0;    ///< 0: not made
  UniqueFd pidfd;   ///< empty where the kernel has none
  UniqueFd socket;  ///< our end: SOCK_SEQPACKET, non-blocking, close-on-exec
  int error = 0;    ///< why it was not made: errno
};

Helper SpawnHelper(const HelperRequest& request);

/// Closes all descriptors but those in `keep`. For a process that will not exec.
void CloseAllBut(std::vector<int> keep);

}  // namespace reaperd::sys
