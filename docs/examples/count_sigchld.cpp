// SIGCHLD is a flag, not a counter: while one is pending, further ones are merged into it. So "one
// wait for each signal" leaves zombies; a wait loop does not.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <vector>

namespace {

constexpr int kDeaths = 50;

volatile std::sig_atomic_t signals = 0;

void CountSignal(int) {
  signals = signals + 1;
}

template <typename Body>
pid_t Start(Body body) {
  const pid_t pid = fork();
  if (pid == 0) body();
  if (pid <= 0) _exit(pid == 0 ? 0 : 2);
  return pid;
}

void BlockSigchld(int how) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  sigprocmask(how, &set, nullptr);
}

int ReapAll() {
  int reaped = 0;
  while (waitpid(-1, nullptr, WNOHANG) > 0)
    ++reaped;
  return reaped;
}

// All die while SIGCHLD is blocked. WNOWAIT looks at the dead without reaping them.
bool Blocked() {
  signals = 0;
  BlockSigchld(SIG_BLOCK);
  std::vector<pid_t> children(kDeaths);
  for (pid_t& child : children)
    child = Start([] {});
  siginfo_t info{};
  for (const pid_t child : children) {
    waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
  }
  BlockSigchld(SIG_UNBLOCK);  // whatever is pending arrives before this returns
  int one_each = 0;
  for (int i = 0; i < signals; ++i)
    one_each += waitpid(-1, nullptr, WNOHANG) > 0 ? 1 : 0;
  const int rest = ReapAll();
  std::printf("blocked: %d deaths, %d signal\n", kDeaths, static_cast<int>(signals));
  std::printf("  reaped by one wait for each signal: %d, by a wait loop: %d\n", one_each, rest);
  return signals == 1 && one_each == 1 && rest == kDeaths - 1;
}

// All wait at a gate (a pipe), which opens when the last writing end is closed. The handler runs
// while they die; how many signals it sees is a matter of chance, but never more than deaths.
bool Unblocked() {
  signals = 0;
  int gate[2];
  if (pipe(gate) != 0) return false;
  for (int i = 0; i < kDeaths; ++i) {
    Start([&gate] {
      close(gate[1]);
      char byte = 0;
      _exit(read(gate[0], &byte, 1) == 0 ? 0 : 2);
    });
  }
  close(gate[1]);
  int reaped = 0;
  while (reaped < kDeaths)
    reaped += waitpid(-1, nullptr, 0) > 0 ? 1 : 0;
  std::printf("handled at once: %d deaths, %d signals\n", kDeaths, static_cast<int>(signals));
  std::printf("  reaped by a wait loop: %d\n", reaped);
  return signals >= 1 && signals <= kDeaths;
}

}  // namespace

int main() {
  struct sigaction action {};
  action.sa_handler = CountSignal;
  sigaction(SIGCHLD, &action, nullptr);
  const bool blocked = Blocked();
  return Unblocked() && blocked ? 0 : 1;
}
