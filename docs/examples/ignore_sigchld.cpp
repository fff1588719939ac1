// Who ignores SIGCHLD, or asks for SA_NOCLDWAIT, gets no zombies and no statuses: wait says ECHILD.
// SIG_IGN goes through exec to the next program, which may not expect it; SA_NOCLDWAIT does not.
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>

namespace {

template <typename Body>
pid_t Start(Body body) {
  const pid_t pid = fork();
  if (pid == 0) body();
  if (pid <= 0) _exit(pid == 0 ? 0 : 2);
  return pid;
}

// Starts a child that ends with 7. Is it a zombie then, and what does wait know of it?
std::string Experiment() {
  const pid_t child = Start([] { _exit(7); });
  siginfo_t info{};
  // Looks without reaping. Where no zombie is left, it returns only when the child is gone.
  const bool zombie = waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT) == 0;
  int status = 0;
  const bool waited = waitpid(child, &status, 0) == child;
  return std::string(zombie ? "a zombie" : "no zombie") + ", wait says " +
         (waited            ? "exit " + std::to_string(WEXITSTATUS(status))
          : errno == ECHILD ? "ECHILD"
                            : "something else");
}

// The same experiment in a program that was started by exec. It answers through a pipe, for its
// exit status may be lost: that is the point.
std::string ExperimentAfterExec() {
  int ends[2];
  if (pipe(ends) != 0) _exit(2);
  const pid_t program = Start([&ends] {
    dup2(ends[1], STDOUT_FILENO);
    close(ends[0]);
    close(ends[1]);
    execl("/proc/self/exe", "ignore-sigchld", "experiment", nullptr);
    _exit(2);
  });
  close(ends[1]);
  std::string answer(100, '\0');
  const ssize_t count = read(ends[0], answer.data(), answer.size());
  answer.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  close(ends[0]);
  waitpid(program, nullptr, 0);
  return answer;
}

void SetSigchld(void (*handler)(int), int flags) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigaction(SIGCHLD, &action, nullptr);
}

bool Show(const char* what, const std::string& seen, const char* expected) {
  std::printf("%-25s %s\n", what, seen.c_str());
  return seen == expected;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "experiment") == 0) {
    return std::printf("%s", Experiment().c_str()) > 0 ? 0 : 1;
  }
  const char* const usual = "a zombie, wait says exit 7";
  const char* const nothing = "no zombie, wait says ECHILD";
  SetSigchld(SIG_DFL, 0);
  bool held = Show("default:", Experiment(), usual);
  SetSigchld(SIG_IGN, 0);
  held &= Show("SIG_IGN:", Experiment(), nothing);
  held &= Show("SIG_IGN, after exec:", ExperimentAfterExec(), nothing);
  SetSigchld(SIG_DFL, SA_NOCLDWAIT);
  held &= Show("SA_NOCLDWAIT:", Experiment(), nothing);
  held &= Show("SA_NOCLDWAIT, after exec:", ExperimentAfterExec(), usual);
  return held ? 0 : 1;
}
