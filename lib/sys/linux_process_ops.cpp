#include "sys/linux_process_ops.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <time.h>

#include <cerrno>
#include <csignal>

namespace reaperd::sys {
namespace {

using model::ExitStatus;
using model::WaitOutcome;

WaitOutcome FromErrno(int code) {
  if (code == ECHILD) return {.kind = WaitOutcome::Kind::kNoChild};
  return {.kind = WaitOutcome::Kind::kError, .error = code};
}

WaitOutcome FromSiginfo(const siginfo_t& info) {
  if (info.si_pid == 0) return {};
  WaitOutcome outcome;
  outcome.pid = info.si_pid;
  outcome.uid = info.si_uid;
  if (info.si_code == CLD_EXITED) {
    outcome.kind = WaitOutcome::Kind::kDead;
    outcome.status = ExitStatus::Exited(info.si_status);
  } else if (info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED) {
    outcome.kind = WaitOutcome::Kind::kDead;
    outcome.status = ExitStatus::Killed(info.si_status, info.si_code == CLD_DUMPED);
  } else {
    outcome.kind = WaitOutcome::Kind::kStopped;
    outcome.stop_signal = info.si_status;
  }
  return outcome;
}

WaitOutcome FromWaitStatus(pid_t pid, int status) {
  WaitOutcome outcome;
  outcome.pid = pid;
  outcome.kind = WaitOutcome::Kind::kDead;
  if (WIFEXITED(status)) {
    outcome.status = ExitStatus::Exited(WEXITSTATUS(status));
  } else if (WIFSIGNALED(status)) {
    outcome.status = ExitStatus::Killed(WTERMSIG(status), WCOREDUMP(status) != 0);
  } else {
    outcome.kind = WaitOutcome::Kind::kStopped;
    outcome.stop_signal = WSTOPSIG(status);
  }
  return outcome;
}

/// Errors that waitid(2) never gives for our arguments: it was the call itself that was refused.
bool CallRefused(int code) {
  return code == ENOSYS || code == EPERM || code == EINVAL;
}

int ErrnoOf(int result) {
  return result < 0 ? errno : 0;
}

}  // namespace

UniqueFd OpenPidfd(pid_t pid) {
  return UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
}

WaitOutcome LinuxProcessOps::WaitByWait4(pid_t pid) {
  int status = 0;
  const pid_t got = wait4(pid, &status, WNOHANG | WUNTRACED, nullptr);
  if (got < 0) return FromErrno(errno);
  if (got == 0) return {};
  return FromWaitStatus(got, status);
}

WaitOutcome LinuxProcessOps::WaitPid(pid_t pid, WaitMode mode) {
  if (has_waitid_) {
    siginfo_t info{};
    const int options = WEXITED | WNOHANG | (mode == WaitMode::kPeek ? WNOWAIT : WSTOPPED);
    if (waitid(P_PID, static_cast<id_t>(pid), &info, options) == 0) return FromSiginfo(info);
    if (!CallRefused(errno)) return FromErrno(errno);
    if (mode == WaitMode::kPeek) return FromErrno(errno);
    has_waitid_ = false;
  }
  if (mode == WaitMode::kPeek) return FromErrno(ENOSYS);
  return WaitByWait4(pid);
}

WaitOutcome LinuxProcessOps::WaitAny() {
  if (has_waitid_) {
    siginfo_t info{};
    if (waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WNOHANG) == 0) return FromSiginfo(info);
    if (!CallRefused(errno)) return FromErrno(errno);
    has_waitid_ = false;
  }
  return WaitByWait4(-1);
}

ListPart LinuxProcessOps::ListChildren(bool first_part, std::vector<pid_t>& pids) {
  return children_.Read(first_part, pids);
}

int LinuxProcessOps::SignalPidfd(int pidfd, int signal) {
  return ErrnoOf(static_cast<int>(syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0)));
}

int LinuxProcessOps::SignalChild(pid_t pid, int signal) {
  return ErrnoOf(kill(pid, signal));
}

int LinuxProcessOps::SignalGroup(pid_t group, int signal) {
  return ErrnoOf(kill(-group, signal));
}

int LinuxProcessOps::SignalEverybody(int signal) {
  return ErrnoOf(kill(-1, signal));
}

int LinuxProcessOps::EpollWait(int epoll_fd, std::span<epoll_event> events, int timeout_ms) {
  const int count =
      epoll_wait(epoll_fd, events.data(), static_cast<int>(events.size()), timeout_ms);
  return count < 0 ? -errno : count;
}

ssize_t LinuxProcessOps::Read(int fd, std::span<std::byte> buffer) {
  const ssize_t got = read(fd, buffer.data(), buffer.size());
  return got < 0 ? -errno : got;
}

ssize_t LinuxProcessOps::Send(int fd, std::span<const std::byte> message) {
  const ssize_t sent = send(fd, message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  return sent < 0 ? -errno : sent;
}

int LinuxProcessOps::SetTimer(int timer_fd, Micros at_us) {
  itimerspec spec{};
  spec.it_value.tv_sec = at_us / kSecond;
  spec.it_value.tv_nsec = at_us % kSecond * 1000;
  return timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &spec, nullptr) < 0 ? -errno : 0;
}

void LinuxProcessOps::Nap(Micros duration_us) {
  const timespec duration{.tv_sec = duration_us / kSecond, .tv_nsec = duration_us % kSecond * 1000};
  nanosleep(&duration, nullptr);
}

}  // namespace reaperd::sys
