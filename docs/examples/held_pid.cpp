// A zombie keeps its number: it is not given to anybody else, however often the numbers wrap. Needs
// a pid namespace with a small kernel.pid_max, or wrapping would take long.
//
// "held-pid adopted": the zombie is an orphan named "held", kept by the init above it:
//   reaperd --hold 'comm=held,until=released' -- held-pid adopted
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>

namespace {

constexpr pid_t kAboveReserved = 310;  // numbers below 300 are given only before the first wrap
constexpr int kWraps = 3;

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

// Takes the next number, and gives it back.
pid_t UseANumber() {
  const pid_t pid = Start([] {});
  waitpid(pid, nullptr, 0);
  return pid;
}

bool IsGivenAgain(pid_t number) {
  bool again = false;
  pid_t last = 0;
  for (int wraps = 0; wraps < kWraps;) {
    const pid_t pid = UseANumber();
    again |= pid == number;
    wraps += pid < last ? 1 : 0;
    last = pid;
  }
  return again;
}

// The middle process ends only when the orphan is dead: it is handed over as a zombie.
pid_t MakeOrphan() {
  int ends[2];
  if (pipe(ends) != 0) _exit(2);
  const pid_t middle = Start([&ends] {
    const pid_t orphan = Start([] { prctl(PR_SET_NAME, "held"); });
    siginfo_t info{};
    waitid(P_PID, static_cast<id_t>(orphan), &info, WEXITED | WNOWAIT);
    if (write(ends[1], &orphan, sizeof orphan) < 0) _exit(2);
  });
  pid_t orphan = 0;
  if (read(ends[0], &orphan, sizeof orphan) <= 0) _exit(2);
  waitpid(middle, nullptr, 0);
  return orphan;
}

}  // namespace

int main(int argc, char** argv) {
  long pid_max = 0;
  std::ifstream("/proc/sys/kernel/pid_max") >> pid_max;
  if (pid_max == 0 || pid_max > 1000) {
    std::puts("needs a pid namespace with kernel.pid_max of at most 1000 (Linux 6.14)");
    return 2;
  }
  const bool adopted = argc == 2 && std::strcmp(argv[1], "adopted") == 0;
  while (UseANumber() < kAboveReserved)
    continue;
  const pid_t zombie = adopted ? MakeOrphan() : Start([] {});
  const bool while_held = IsGivenAgain(zombie);
  std::printf("%d wraps while the zombie is kept: its number is given again: %s\n", kWraps,
              while_held ? "yes" : "no");
  std::printf("state: %c\n", StateOf(zombie));
  if (adopted) return while_held || StateOf(zombie) != 'Z' ? 1 : 0;

  waitpid(zombie, nullptr, 0);
  const bool after_wait = IsGivenAgain(zombie);
  std::printf("%d wraps after wait: %s\n", kWraps, after_wait ? "yes" : "no");
  return !while_held && after_wait ? 0 : 1;
}
