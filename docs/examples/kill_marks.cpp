// kill() only leaves a mark. The victim dies by itself, when it next looks at its marks: a stopped
// one does not look at TERM, a traced one asks its tracer first, even on its way out after KILL.
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <string>

namespace {

template <typename Body>
pid_t Start(Body body) {
  const pid_t pid = fork();
  if (pid == 0) body();
  if (pid <= 0) _exit(pid == 0 ? 0 : 2);
  return pid;
}

char StateOf(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(file, line);
  const auto end = line.rfind(')');
  return end == std::string::npos ? '-' : line[end + 2];
}

// "stopped by 15", "exit stop" (a tracer sees it), "signal 9" (dead), "exit 7" (dead).
std::string NextNews(pid_t pid) {
  int status = 0;
  if (waitpid(pid, &status, WUNTRACED) != pid) return "nothing";
  if (status >> 8 == (SIGTRAP | (PTRACE_EVENT_EXIT << 8))) return "exit stop";
  if (WIFSTOPPED(status)) return "stopped by " + std::to_string(WSTOPSIG(status));
  if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
  return "exit " + std::to_string(WEXITSTATUS(status));
}

bool held = true;

void Show(const char* what, const std::string& seen, const char* expected) {
  std::printf("%-28s %s\n", what, seen.c_str());
  held &= seen == expected;
}

std::string State(pid_t pid) {
  return std::string("state ") + StateOf(pid);
}

pid_t StartStopped(bool traced) {
  const pid_t victim = Start([traced] {
    if (traced) ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    raise(SIGSTOP);
    for (;;)
      pause();
  });
  NextNews(victim);
  return victim;
}

}  // namespace

int main() {
  pid_t victim = StartStopped(false);
  kill(victim, SIGTERM);
  Show("stopped, TERM:", State(victim), "state T");
  kill(victim, SIGCONT);
  Show("  then CONT:", NextNews(victim), "signal 15");

  victim = StartStopped(false);
  kill(victim, SIGKILL);
  Show("stopped, KILL:", NextNews(victim), "signal 9");

  victim = StartStopped(true);
  ptrace(PTRACE_SETOPTIONS, victim, nullptr, PTRACE_O_TRACEEXIT);
  ptrace(PTRACE_CONT, victim, nullptr, nullptr);
  kill(victim, SIGTERM);
  Show("traced, TERM:", NextNews(victim), "stopped by 15");
  ptrace(PTRACE_CONT, victim, nullptr, nullptr);  // without the signal: TERM is dropped
  kill(victim, SIGKILL);
  Show("  KILL:", NextNews(victim), "exit stop");
  kill(victim, SIGKILL);
  Show("  KILL once more:", State(victim), "state t");
  ptrace(PTRACE_CONT, victim, nullptr, nullptr);
  Show("  the tracer lets it go:", NextNews(victim), "signal 9");

  victim = Start([] { _exit(7); });
  siginfo_t info{};
  waitid(P_PID, static_cast<id_t>(victim), &info, WEXITED | WNOWAIT);
  Show("zombie, KILL:", kill(victim, SIGKILL) == 0 ? State(victim) : "refused", "state Z");
  Show("  then wait:", NextNews(victim), "exit 7");
  return held ? 0 : 1;
}
