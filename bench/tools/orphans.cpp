#include "orphans.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "clock.h"

namespace reaperd::bench {

namespace {

[[noreturn]] void SleepForever() {
  for (;;)
    pause();
}

/// Forks `count` children that run `body`; notes pids and the first error in the crowd.
template <typename Body>
void ForkMany(Crowd* crowd, int count, Body body) {
  for (int i = 0; i < count; ++i) {
    const pid_t pid = fork();
    if (pid == 0) body();
    if (pid < 0) {
      crowd->error = errno;
      return;
    }
    crowd->pids[i] = pid;
    crowd->made = i + 1;
  }
}

/// Returns when each of the crowd is a zombie; leaves them so.
void AwaitZombies(const Crowd* crowd) {
  for (int i = 0; i < crowd->made; ++i) {
    siginfo_t info{};
    while (waitid(P_PID, static_cast<id_t>(crowd->pids[i]), &info, WEXITED | WNOWAIT) != 0 &&
           errno == EINTR) {
    }
  }
}

void Reset(Crowd* crowd) {
  crowd->made = 0;
  crowd->error = 0;
  crowd->start_ns = 0;
}

}  // namespace

void PinTo(int cpu) {
  if (cpu < 0) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<size_t>(cpu), &set);
  sched_setaffinity(0, sizeof set, &set);
}

Crowd* MakeCrowd() {
  void* memory =
      mmap(nullptr, sizeof(Crowd), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? nullptr : static_cast<Crowd*>(memory);
}

pid_t MakeSleepers(Crowd* crowd, int count) {
  Reset(crowd);
  const pid_t maker = fork();
  if (maker == 0) {
    setpgid(0, 0);
    ForkMany(crowd, count, SleepForever);
    _exit(0);
  }
  if (maker < 0) {
    crowd->error = errno;
    return -1;
  }
  while (waitpid(maker, nullptr, 0) < 0 && errno == EINTR) {
  }
  return maker;
}

NegligentParent::NegligentParent(Crowd* crowd, int count, int cpu) {
  Reset(crowd);
  int go[2];
  int ready[2];
  if (pipe2(go, O_CLOEXEC) != 0) return;
  if (pipe2(ready, O_CLOEXEC) != 0) {
    close(go[0]);
    close(go[1]);
    return;
  }
  pid_ = fork();
  if (pid_ == 0) {
    // Its own session: an init that forwards to the group of main must not walk the crowd.
    setsid();
    PinTo(cpu);
    ForkMany(crowd, count, [] { _exit(0); });
    AwaitZombies(crowd);
    char byte = crowd->error == 0 ? 'y' : 'n';
    if (write(ready[1], &byte, 1) != 1) _exit(1);
    while (read(go[0], &byte, 1) < 0 && errno == EINTR) {
    }
    crowd->start_ns = NowNs();
    _exit(0);
  }
  close(ready[1]);
  close(go[0]);
  go_fd_ = go[1];
  char answer = 'n';
  if (pid_ > 0 && read(ready[0], &answer, 1) == 1) ready_ = answer == 'y';
  close(ready[0]);
}

void NegligentParent::Release() {
  if (pid_ <= 0) return;
  const char byte = 'g';
  // If the write fails the close below ends the parent's read just as well.
  if (write(go_fd_, &byte, 1) != 1) ready_ = false;
  close(go_fd_);
  go_fd_ = -1;
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

NegligentParent::~NegligentParent() {
  Release();
  if (go_fd_ >= 0) close(go_fd_);
}

bool MakeHeld(Crowd* crowd, int count) {
  Reset(crowd);
  const pid_t maker = fork();
  if (maker == 0) {
    setsid();
    ForkMany(crowd, count, [] { _exit(kHeldCode); });
    _exit(0);
  }
  if (maker < 0) crowd->error = errno;
  while (maker > 0 && waitpid(maker, nullptr, 0) < 0 && errno == EINTR) {
  }
  return crowd->error == 0;
}

pid_t MakeSingleDeath(volatile std::int64_t* exit_ns, int* pidfd, int code) {
  unsigned long flags = CLONE_PARENT | SIGCHLD;
  int fd = -1;
  if (pidfd != nullptr) flags |= CLONE_PIDFD;
  const long pid = syscall(SYS_clone, flags, nullptr, &fd, nullptr, 0UL);
  if (pid == 0) {
    *exit_ns = NowNs();
    syscall(SYS_exit_group, code);
  }
  if (pidfd != nullptr) *pidfd = pid > 0 ? fd : -1;
  return static_cast<pid_t>(pid);
}

}  // namespace reaperd::bench
