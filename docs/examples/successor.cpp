// A supervisor that starts the successor before it waits for the predecessor is sure that they have
// different numbers: a signal or a pid file meant for the one cannot reach the other.
//
// To show it, the successor asks for the number of the dead (clone3 with set_tid; needs root).
#include <linux/sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>

namespace {

// What clone3 takes (clone_args of linux/sched.h), named here for older headers.
struct CloneArguments {
  std::uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
  std::uint64_t set_tid, set_tid_size, cgroup;
};

template <typename Body>
pid_t Start(Body body) {
  const pid_t pid = fork();
  if (pid == 0) body();
  if (pid <= 0) _exit(pid == 0 ? 0 : 2);
  return pid;
}

void BeTheSuccessor() {
  for (;;)
    pause();
}

// A fork that gets this number or fails.
pid_t StartWithNumber(pid_t wanted) {
  CloneArguments arguments{};
  arguments.exit_signal = SIGCHLD;
  arguments.set_tid = reinterpret_cast<std::uintptr_t>(&wanted);
  arguments.set_tid_size = 1;
  const long pid = syscall(SYS_clone3, &arguments, sizeof arguments);
  if (pid == 0) BeTheSuccessor();
  return static_cast<pid_t>(pid);
}

void End(pid_t pid) {
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
}

}  // namespace

int main() {
  const pid_t predecessor = Start([] { _exit(1); });
  siginfo_t info{};
  waitid(P_PID, static_cast<id_t>(predecessor), &info, WEXITED | WNOWAIT);
  std::printf("the predecessor is dead, nobody has waited for it\n");

  const pid_t refused = StartWithNumber(predecessor);
  if (refused < 0 && errno != EEXIST) {
    std::perror("clone3 with set_tid");
    return 2;
  }
  std::printf("a successor with its number: %s\n", refused < 0 ? "EEXIST" : "started");
  const pid_t successor = Start(BeTheSuccessor);
  std::printf("a successor with any other number: %s\n",
              successor != predecessor ? "started" : "impossible");

  int status = 0;
  waitpid(predecessor, &status, 0);
  std::printf("now wait: exit %d\n", WEXITSTATUS(status));
  const pid_t reused = StartWithNumber(predecessor);
  std::printf("a successor with its number: %s\n", reused == predecessor ? "started" : "refused");
  End(successor);
  if (reused > 0) End(reused);
  return refused < 0 && successor != predecessor && reused == predecessor ? 0 : 1;
}
