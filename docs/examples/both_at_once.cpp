// Parent and child end at the same moment. Whoever is first, the child's zombie is not lost: it is
// the parent's while that lives, and the adopter's from then on. Nobody is left over.
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>

namespace {

constexpr int kRounds = 200;

template <typename Body>
pid_t Start(Body body) {
  const pid_t pid = fork();
  if (pid == 0) body();
  if (pid <= 0) _exit(pid == 0 ? 0 : 2);
  return pid;
}

struct Pipe {
  Pipe() {
    if (pipe(ends) != 0) _exit(2);
  }
  void Close(int end) {
    if (ends[end] >= 0) close(ends[end]);
    ends[end] = -1;
  }
  ~Pipe() {
    Close(0);
    Close(1);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int ends[2] = {-1, -1};
};

bool GoneWithin10s(pid_t pid) {
  for (int ms = 0; ms < 10'000 && kill(pid, 0) == 0; ++ms)
    usleep(1000);
  return kill(pid, 0) != 0 && errno == ESRCH;
}

// Both wait at the gate, which opens when its last writing end is closed.
bool Round() {
  Pipe gate;
  Pipe news;
  const auto end_at_the_gate = [&gate] {
    char byte = 0;
    _exit(read(gate.ends[0], &byte, 1) == 0 ? 0 : 2);
  };
  const pid_t parent = Start([&] {
    gate.Close(1);
    const pid_t child = Start(end_at_the_gate);
    if (write(news.ends[1], &child, sizeof child) < 0) _exit(2);
    end_at_the_gate();
  });
  pid_t child = 0;
  if (read(news.ends[0], &child, sizeof child) != sizeof child) return false;
  gate.Close(1);
  return waitpid(parent, nullptr, 0) == parent && GoneWithin10s(child);
}

}  // namespace

int main() {
  int clean = 0;
  for (int round = 0; round < kRounds; ++round)
    clean += Round() ? 1 : 0;
  std::printf("%d families ended, parent and child at once\n", kRounds);
  std::printf("families without a zombie left: %d\n", clean);
  return clean == kRounds ? 0 : 1;
}
