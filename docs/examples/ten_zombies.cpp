// A parent that sleeps and never waits has ten zombies. When it ends, they are adopted by the init
// (or subreaper) above, which reaps them.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

namespace {

constexpr long kChildren = 10;

template <typename Body>
pid_t Start(Body body) {
  const pid_t pid = fork();
  if (pid == 0) body();
  if (pid <= 0) _exit(pid == 0 ? 0 : 2);  // never go on with -1: kill(-1) means everybody
  return pid;
}

// The letter after the name in /proc/<pid>/stat: R, S, T, Z ...; '-' when there is no such process.
char StateOf(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(file, line);
  const auto end = line.rfind(')');
  return end == std::string::npos ? '-' : line[end + 2];
}

std::vector<pid_t> ChildrenOf(pid_t pid) {
  const std::string number = std::to_string(pid);
  std::ifstream file("/proc/" + number + "/task/" + number + "/children");
  std::vector<pid_t> found;
  for (pid_t child = 0; file >> child;)
    found.push_back(child);
  return found;
}

long Count(const std::vector<pid_t>& pids, char state) {
  return std::count_if(pids.begin(), pids.end(),
                       [state](pid_t pid) { return StateOf(pid) == state; });
}

template <typename Condition>
bool Within10s(Condition condition) {
  for (int ms = 0; ms < 10'000 && !condition(); ++ms)
    usleep(1000);
  return condition();
}

}  // namespace

int main() {
  const pid_t parent = Start([] {
    for (int i = 0; i < kChildren; ++i)
      Start([] {});
    for (;;)
      pause();  // it does not wait for them
  });
  const bool dead = Within10s([parent] { return Count(ChildrenOf(parent), 'Z') == kChildren; });
  const std::vector<pid_t> children = ChildrenOf(parent);
  std::printf("the parent sleeps: %ld zombies\n", Count(children, 'Z'));

  kill(parent, SIGTERM);
  waitpid(parent, nullptr, 0);
  const bool gone = Within10s([&] { return Count(children, '-') == kChildren; });
  std::printf("the parent has ended: %ld zombies, %ld of %ld reaped\n", Count(children, 'Z'),
              Count(children, '-'), kChildren);
  return dead && gone ? 0 : 1;
}
