// The status is kept in the zombie, not in the signal: whoever waits late, in any order, and long
// after the signals are gone, still gets every status.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <vector>

namespace {

constexpr int kChildren = 4;

template <typename Body>
pid_t Start(Body body) {
  const pid_t pid = fork();
  if (pid == 0) body();
  if (pid <= 0) _exit(pid == 0 ? 0 : 2);
  return pid;
}

bool SigchldIsPending() {
  sigset_t pending;
  sigpending(&pending);
  return sigismember(&pending, SIGCHLD) == 1;
}

}  // namespace

int main() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  sigprocmask(SIG_BLOCK, &set, nullptr);

  std::vector<pid_t> children;
  for (int code = 1; code < kChildren; ++code)
    children.push_back(Start([code] { _exit(code); }));
  children.push_back(Start([] { raise(SIGKILL); }));
  siginfo_t info{};
  for (const pid_t child : children) {
    waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
  }
  // Fetch the signals (one, they are merged) and throw them away, then let time go by.
  int fetched = 0;
  while (SigchldIsPending())
    fetched += sigwaitinfo(&set, nullptr) == SIGCHLD ? 1 : 0;
  usleep(200'000);
  std::printf("%d dead, %d signal fetched, pending now: %s\n", kChildren, fetched,
              SigchldIsPending() ? "yes" : "no");

  bool held = fetched >= 1 && !SigchldIsPending();
  for (int number = kChildren; number >= 1; --number) {  // the last one first
    int status = 0;
    held &= waitpid(children[static_cast<std::size_t>(number - 1)], &status, WNOHANG) > 0;
    if (number == kChildren) {
      std::printf("child %d: signal %d\n", number, WTERMSIG(status));
      held &= WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    } else {
      std::printf("child %d: exit %d\n", number, WEXITSTATUS(status));
      held &= WIFEXITED(status) && WEXITSTATUS(status) == number;
    }
  }
  return held ? 0 : 1;
}
