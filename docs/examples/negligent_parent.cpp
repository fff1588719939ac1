// Zombies of a living parent are the parent's; nobody above can reap them. What can be done: remind
// it by a SIGCHLD, and if that does not help, end it, so that its zombies are adopted.
//
// "negligent-parent alone" leaves both to the init: reaperd --foreign-zombies.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

namespace {

constexpr long kChildren = 5;

template <typename Body>
pid_t Start(Body body) {
  const pid_t pid = fork();
  if (pid == 0) body();
  if (pid <= 0) _exit(pid == 0 ? 0 : 2);
  return pid;
}

void ReapAll(int) {
  while (waitpid(-1, nullptr, WNOHANG) > 0)
    continue;
}

struct Family {
  pid_t parent = 0;
  std::vector<pid_t> children;
};

char StateOf(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(file, line);
  const auto end = line.rfind(')');
  return end == std::string::npos ? '-' : line[end + 2];
}

long Count(const Family& family, char state) {
  return std::count_if(family.children.begin(), family.children.end(),
                       [state](pid_t pid) { return StateOf(pid) == state; });
}

template <typename Condition>
bool Within10s(Condition condition) {
  for (int ms = 0; ms < 10'000 && !condition(); ++ms)
    usleep(1000);
  return condition();
}

// A parent that missed the deaths of its children, with a handler that works (but it came too late)
// or with none. It has said its children's numbers when this returns, and they are zombies.
Family MakeFamily(void (*handler)(int)) {
  int ends[2];
  if (pipe(ends) != 0) _exit(2);
  Family family;
  family.parent = Start([&] {
    for (long i = 0; i < kChildren; ++i)
      family.children.push_back(Start([] {}));
    siginfo_t info{};
    for (const pid_t child : family.children) {
      waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
    }
    std::signal(SIGCHLD, handler);
    const std::size_t size = kChildren * sizeof(pid_t);
    if (write(ends[1], family.children.data(), size) < 0) _exit(2);
    for (;;)
      pause();
  });
  family.children.resize(kChildren);
  if (read(ends[0], family.children.data(), kChildren * sizeof(pid_t)) <= 0) _exit(2);
  return family;
}

}  // namespace

int main(int argc, char** argv) {
  const bool alone = argc == 2 && std::strcmp(argv[1], "alone") == 0;
  const Family careless = MakeFamily(ReapAll);
  std::printf("a careless parent: %ld zombies\n", Count(careless, 'Z'));
  if (!alone) kill(careless.parent, SIGCHLD);
  const bool reminded = Within10s([&] { return Count(careless, '-') == kChildren; });
  std::printf("after a SIGCHLD: %ld zombies\n", Count(careless, 'Z'));

  const Family deaf = MakeFamily(SIG_DFL);
  if (!alone) kill(deaf.parent, SIGCHLD);
  std::printf("a deaf parent, after a SIGCHLD: %ld zombies\n", Count(deaf, 'Z'));
  if (!alone) kill(deaf.parent, SIGTERM);
  int status = 0;
  waitpid(deaf.parent, &status, 0);
  const bool reaped = Within10s([&] { return Count(deaf, '-') == kChildren; });
  std::printf("after its end by signal %d: %ld zombies\n", WTERMSIG(status), Count(deaf, 'Z'));

  const bool untouched = waitpid(careless.parent, nullptr, WNOHANG) == 0;
  kill(careless.parent, SIGKILL);
  waitpid(careless.parent, nullptr, 0);
  return reminded && reaped && untouched ? 0 : 1;
}
