// The controlling terminal, if there is one: who is in the foreground, and handing it over.
#pragma once

#include <sys/types.h>

#include "base/unique_fd.h"

namespace reaperd::sys {

class Terminal {
 public:
  enum class Where {
    kStdio,     ///< one of descriptors 0, 1, 2
    kAnywhere,  ///< else /dev/tty
  };
  /// Our controlling terminal; empty without one.
  static Terminal Find(Where where = Where::kAnywhere);

  Terminal() = default;
  [[nodiscard]] bool exists() const { return fd_ >= 0; }
  [[nodiscard]] int fd() const { return fd_; }
  /// The foreground process group, -1 when it cannot be told (hung up).
  [[nodiscard]] pid_t Foreground() const;
  /// Our own group is in the foreground.
  [[nodiscard]] bool IsOurs() const;
  /// Makes `group` the foreground group. SIGTTOU must be blocked. False when it was refused.
  bool GiveTo(pid_t group) const;

 private:
  int fd_ = -1;
  UniqueFd own_;  ///< /dev/tty, when none of 0, 1, 2 is the terminal
};

/// Gives up the controlling terminal behind `fd`. For a session leader the kernel sends HUP and
/// CONT to the foreground group (tty_ioctl(4)). Returns 0 or an errno.
int LeaveTerminal(int fd);

[[nodiscard]] bool IsPipe(int fd);

/// Stops our process group, us included, as ^Z would: SIGTSTP with its default action, so that the
/// kernel itself decides whether there is anybody who could continue us (an orphaned group is not
/// stopped). Returns when we go on: true if we were stopped and continued (a SIGCONT is pending),
/// false if we were not stopped at all.
bool StopOwnGroup();

/// Stops this process only. Does nothing as PID 1.
void StopSelf();

}  // namespace reaperd::sys
