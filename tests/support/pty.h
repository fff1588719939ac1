// Pseudo-terminals for tests.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>

#include "base/unique_fd.h"

namespace reaperd::test {

struct Pty {
  UniqueFd master;
  UniqueFd slave;
};

/// `extra` O_NOCTTY, or 0: then the slave becomes the terminal of a session leader that has none.
inline Pty MakePty(int extra = O_NOCTTY) {
  Pty pty;
  pty.master = UniqueFd(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (grantpt(pty.master.get()) != 0 || unlockpt(pty.master.get()) != 0) return {};
  pty.slave = UniqueFd(open(ptsname(pty.master.get()), O_RDWR | O_CLOEXEC | extra));
  return pty;
}

/// A terminal that controls this session leader. Blocks what reaperd blocks, too: SIGTTOU, since it
/// hands the terminal over from the background, and SIGHUP, which the end of the master sends.
inline Pty TakeTerminal() {
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTTOU);
  sigaddset(&blocked, SIGHUP);
  sigprocmask(SIG_BLOCK, &blocked, nullptr);
  return MakePty(0);
}

}  // namespace reaperd::test
