#include "sys/linux_process_ops.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "sys/pidfd.h"

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

model::ResourceUse FromRusage(const rusage& usage) {
  const auto micros = [](const timeval& time) {
    return Micros{time.tv_sec} * kSecond + time.tv_usec;
  };
  return {.user_us = micros(usage.ru_utime),
          .system_us = micros(usage.ru_stime),
          .max_rss_kb = usage.ru_maxrss,
          .minor_faults = usage.ru_minflt,
          .major_faults = usage.ru_majflt,
          .blocks_in = usage.ru_inblock,
          .blocks_out = usage.ru_oublock,
          .voluntary_switches = usage.ru_nvcsw,
          .involuntary_switches = usage.ru_nivcsw};
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

constexpr unsigned kPidfdSignalProcessGroup = 1U << 2;  // <linux/pidfd.h> of Linux 6.9

/// Stops that vanish between two calls, in a row, before a peek says EAGAIN.
constexpr int kMostStopsMissed = 8;

/// Errors that waitid(2) never gives for our arguments: it was the call itself that was refused.
bool CallRefused(int code) {
  return code == ENOSYS || code == EPERM || code == EINVAL;
}

int ErrnoOf(int result) {
  return result < 0 ? errno : 0;
}

}  // namespace

LinuxProcessOps::LinuxProcessOps(const char* proc_root) : children_(proc_root), look_(proc_root) {
  if (getpid() != 1) return;
  // Now, before anything is started: what it tells of sessions is true of an empty house only.
  const bool had_no_child = WaitAny(WaitMode::kPeek).kind == WaitOutcome::Kind::kNoChild;
  look_.TellOutsiders({.pid = 1, .session = getsid(0), .had_no_child = had_no_child});
}

WaitOutcome LinuxProcessOps::WaitByWait4(pid_t pid) {
  int status = 0;
  rusage usage{};
  const int any_kind = pid > 0 ? __WALL : 0;
  const pid_t got = wait4(pid, &status, WNOHANG | WUNTRACED | any_kind, &usage);
  if (got < 0) return FromErrno(errno);
  if (got == 0) return {};
  WaitOutcome outcome = FromWaitStatus(got, status);
  if (outcome.kind == WaitOutcome::Kind::kDead) outcome.usage = FromRusage(usage);
  return outcome;
}

/// waitid(2) by its system call, which also tells the resource usage of a zombie that stays: the C
/// library's function does not.
WaitOutcome LinuxProcessOps::WaitById(int id_type, pid_t pid, int options) {
  siginfo_t info{};
  rusage usage{};
  if (syscall(SYS_waitid, id_type, pid, &info, options, &usage) < 0) {
    return {.kind = errno == ECHILD ? WaitOutcome::Kind::kNoChild : WaitOutcome::Kind::kError,
            .error = errno};
  }
  WaitOutcome outcome = FromSiginfo(info);
  if (outcome.kind == WaitOutcome::Kind::kDead) outcome.usage = FromRusage(usage);
  return outcome;
}

Micros LinuxProcessOps::CpuTime() const {
  timespec used{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return Micros{used.tv_sec} * kSecond + used.tv_nsec / 1000;
}

WaitOutcome LinuxProcessOps::WaitPid(pid_t pid, WaitMode mode) {
  // __WALL: a helper was made with another signal than SIGCHLD.
  return Wait(P_PID, pid, mode, has_wall_ ? __WALL : 0);
}

WaitOutcome LinuxProcessOps::WaitAny(WaitMode mode) {
  return Wait(P_ALL, 0, mode, 0);
}

WaitOutcome LinuxProcessOps::Wait(int id_type, pid_t pid, WaitMode mode, int any_kind) {
  const bool peek = mode == WaitMode::kPeek;
  int stops_missed = 0;
  while (has_waitid_) {
    const int options = WEXITED | WSTOPPED | WNOHANG | (peek ? WNOWAIT : 0) | any_kind;
    WaitOutcome outcome = WaitById(id_type, pid, options);
    if (peek && outcome.kind == WaitOutcome::Kind::kStopped) {
      // The stop was only looked at: take it, so that it is told once. Who was continued or killed
      // since has none to take, and others may have died.
      outcome = WaitById(P_PID, outcome.pid, WSTOPPED | WNOHANG | any_kind);
      if (outcome.kind == WaitOutcome::Kind::kStopped) return outcome;
      if (++stops_missed < kMostStopsMissed) continue;
      return FromErrno(EAGAIN);
    }
    if (outcome.kind != WaitOutcome::Kind::kError || !CallRefused(outcome.error)) return outcome;
    if (outcome.error == EINVAL && any_kind != 0) {
      has_wall_ = false;  // before Linux 4.7
      any_kind = 0;
      continue;
    }
    if (peek) return outcome;
    has_waitid_ = false;
  }
  if (peek) return FromErrno(ENOSYS);
  return WaitByWait4(id_type == P_ALL ? -1 : pid);
}

WaitOutcome LinuxProcessOps::ExitByPidfd(int pidfd) {
  const auto status = ReadExitStatus(pidfd);
  if (!status) return {.kind = WaitOutcome::Kind::kError, .error = status.error().code()};
  if (!*status) return {};
  return FromWaitStatus(0, **status);
}

ListPart LinuxProcessOps::ListChildren(bool first_part, std::vector<pid_t>& pids) {
  return children_.Read(first_part, pids);
}

int LinuxProcessOps::SignalPidfd(int pidfd, int signal) {
  return ErrnoOf(static_cast<int>(syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0)));
}

int LinuxProcessOps::SignalPidfdGroup(int pidfd, int signal) {
  return ErrnoOf(static_cast<int>(
      syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, kPidfdSignalProcessGroup)));
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
