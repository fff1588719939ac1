#include "sys/terminal.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace reaperd::sys {

Terminal Terminal::Find(Where where) {
  Terminal terminal;
  for (const int fd : {0, 1, 2}) {
    // Fails with ENOTTY for another kind of file and for a terminal that does not control us.
    if (tcgetpgrp(fd) < 0) continue;
    terminal.fd_ = fd;
    return terminal;
  }
  if (where == Where::kStdio) return terminal;
  terminal.own_ = UniqueFd(open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
  terminal.fd_ = terminal.own_.get();
  return terminal;
}

pid_t Terminal::Foreground() const {
  return tcgetpgrp(fd_);
}

bool Terminal::IsOurs() const {
  return exists() && Foreground() == getpgrp();
}

bool Terminal::GiveTo(pid_t group) const {
  return tcsetpgrp(fd_, group) == 0;
}

int LeaveTerminal(int fd) {
  return ioctl(fd, TIOCNOTTY) < 0 ? errno : 0;
}

bool IsPipe(int fd) {
  struct stat info {};
  return fstat(fd, &info) == 0 && S_ISFIFO(info.st_mode);
}

bool StopOwnGroup() {
  // A SIGCONT from before is not the answer that we look for.
  sigset_t continued;
  sigemptyset(&continued);
  sigaddset(&continued, SIGCONT);
  const timespec now{};
  sigtimedwait(&continued, nullptr, &now);
  kill(0, SIGTSTP);
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTSTP);
  sigprocmask(SIG_UNBLOCK, &stop, nullptr);  // stops here
  sigprocmask(SIG_BLOCK, &stop, nullptr);
  sigset_t pending;
  sigpending(&pending);
  return sigismember(&pending, SIGCONT) == 1;
}

void StopSelf() {
  raise(SIGSTOP);
}

}  // namespace reaperd::sys
