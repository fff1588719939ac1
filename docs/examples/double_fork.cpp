// Fork twice and let the middle process end: the grandchild is adopted by the nearest living
// subreaper above, else by the init. Its end is no longer the grandparent's business.
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <string>

namespace {

struct Grandchild {
  pid_t pid = 0;
  pid_t parent = 0;  // after its adoption
};

template <typename Body>
pid_t Start(Body body) {
  const pid_t pid = fork();
  if (pid == 0) body();
  if (pid <= 0) _exit(pid == 0 ? 0 : 2);
  return pid;
}

std::string NameOf(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/comm");
  std::string name;
  std::getline(file, name);
  return name;
}

bool GoneWithin10s(pid_t pid) {
  for (int ms = 0; ms < 10'000 && kill(pid, 0) == 0; ++ms)
    usleep(1000);
  return kill(pid, 0) != 0 && errno == ESRCH;
}

}  // namespace

int main() {
  int ends[2];
  if (pipe(ends) != 0) return 2;
  const pid_t middle = Start([&ends] {
    const pid_t first_parent = getpid();
    Start([&ends, first_parent] {
      // No signal tells of an adoption.
      while (getppid() == first_parent)
        usleep(1000);
      const Grandchild news{getpid(), getppid()};
      const bool written = write(ends[1], &news, sizeof news) == sizeof news;
      _exit(written ? 0 : 2);
    });
  });
  int status = 0;
  waitpid(middle, &status, 0);
  std::printf("the middle process: exit %d\n", WEXITSTATUS(status));

  close(ends[1]);
  Grandchild grandchild;
  if (read(ends[0], &grandchild, sizeof grandchild) != sizeof grandchild) return 2;
  std::printf("the grandchild was adopted by %s\n", NameOf(grandchild.parent).c_str());
  const bool adopted = grandchild.parent != middle && grandchild.parent != getpid();

  const bool stranger = waitpid(grandchild.pid, &status, 0) == -1 && errno == ECHILD;
  std::printf("its grandparent waits for it: %s\n", stranger ? "ECHILD" : "it may");
  const bool gone = GoneWithin10s(grandchild.pid);
  std::printf("who adopted it, reaped it: %s\n", gone ? "yes" : "no");
  return adopted && stranger && gone ? 0 : 1;
}
