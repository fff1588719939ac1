// ProcessOps: the one seam between reaperd's loop and the kernel.
//
// Every call here that can fail returns what the kernel said and never retries on its own, except
// where stated. The real one is LinuxProcessOps; tests put FaultyProcessOps in front of it, which
// forwards and fails the calls it was told to.
#pragma once

#include <sys/epoll.h>
#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "model/wait_outcome.h"
#include "sys/children_list.h"
#include "sys/helper_process.h"
#include "sys/process_look.h"
#include "sys/spawn.h"

namespace reaperd::sys {

enum class WaitMode {
  kPeek,  ///< a zombie stays (WNOWAIT)
  kReap,  ///< a zombie is reaped
};

class ProcessOps : public Clock {
 public:
  /// What this thread has used of a processor: what work costs, also where others are served before
  /// us. The time that has passed, in a double that counts no other.
  [[nodiscard]] virtual Micros CpuTime() const { return Now(); }

  // --- waiting; never blocks (WNOHANG). A stop is told once, in either mode.
  /// Also for a helper of ours (HelperProcess), which WaitAny never tells of.
  virtual model::WaitOutcome WaitPid(pid_t pid, WaitMode mode) = 0;
  virtual model::WaitOutcome WaitAny(WaitMode mode) = 0;
  /// Of a process that somebody else, or the kernel, reaped: kDead with its status, without uid and
  /// usage. kNothing: nobody has reaped it yet. kError: this kernel does not tell.
  virtual model::WaitOutcome ExitByPidfd(int pidfd) = 0;

  /// Appends the next part of our list of children to `pids`, at most a few hundred.
  virtual ListPart ListChildren(bool first_part, std::vector<pid_t>& pids) = 0;

  // --- looking at an unreaped child of ours; never waits
  virtual std::optional<model::ProcessInfo> LookAtLiving(pid_t pid, Known known) = 0;
  virtual ZombieFacts LookAtZombie(pid_t pid, model::Detail detail) = 0;

  // --- starting and signalling; what returns a number: 0 or the errno
  virtual Spawned Spawn(const SpawnRequest& request) = 0;
  virtual Helper SpawnHelper(const HelperRequest& request) = 0;
  virtual int SignalPidfd(int pidfd, int signal) = 0;
  /// The group whose leader `pidfd` names, also when that has been reaped: never another that has
  /// its number now. EINVAL before Linux 6.9.
  virtual int SignalPidfdGroup(int pidfd, int signal) = 0;
  /// `pid` must be an unreaped child of ours: then its number cannot have been reused.
  virtual int SignalChild(pid_t pid, int signal) = 0;
  /// `group`'s leader must be an unreaped child of ours.
  virtual int SignalGroup(pid_t group, int signal) = 0;
  /// kill(-1): everybody in our pid namespace but us. Only as PID 1.
  virtual int SignalEverybody(int signal) = 0;

  // --- the loop; these return a count or -errno
  virtual int EpollWait(int epoll_fd, std::span<epoll_event> events, int timeout_ms) = 0;
  virtual ssize_t Read(int fd, std::span<std::byte> buffer) = 0;
  /// One message to a socket, whole or not at all; never waits.
  virtual ssize_t Send(int fd, std::span<const std::byte> message) = 0;
  /// CLOCK_BOOTTIME instant, 0 disarms. Returns 0 or -errno.
  virtual int SetTimer(int timer_fd, Micros at_us) = 0;
  /// Sleeps. Only for when EpollWait itself fails: else the loop would spin.
  virtual void Nap(Micros duration_us) = 0;
};

}  // namespace reaperd::sys
