// Measures starting and ending an init as PID 1, with no interpreter in the way.
//
//   startup SAMPLES CPU STAMP < PROGRAMS
//
// PROGRAMS: one command line per line, words separated by tabs; "-" alone starts STAMP bare. Each
// sample runs `PROGRAM… STAMP` in a pid and mount namespace of its own with a fresh /proc. One
// sample of every program after the other, from a different first one each time, so that what the
// machine does meanwhile hits all alike.
//
// Output: one line a sample, `INDEX MAIN_NS WHOLE_NS`: exec of the program → first instruction of
// STAMP's main, and exec of the program → its exit seen. A sample that failed is `INDEX -1 STATUS`.

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "clock.h"

namespace reaperd::bench {

namespace {

constexpr int kMaxPrograms = 16;
constexpr int kMaxWords = 32;
constexpr int kMaxLine = 4096;

struct Program {
  char text[kMaxLine];
  const char* argv[kMaxWords + 2];  // the words, STAMP, nullptr
};

Program programs[kMaxPrograms];
volatile std::int64_t* exec_ns;  // shared with the child: when it called execve

int ReadPrograms(const char* stamp) {
  int count = 0;
  while (count < kMaxPrograms && std::fgets(programs[count].text, kMaxLine, stdin) != nullptr) {
    Program& program = programs[count];
    program.text[std::strcspn(program.text, "\n")] = '\0';
    int words = 0;
    char* rest = nullptr;
    const char* word = strtok_r(program.text, "\t", &rest);
    for (; word != nullptr && words < kMaxWords; word = strtok_r(nullptr, "\t", &rest)) {
      if (std::strcmp(word, "-") != 0) program.argv[words++] = word;
    }
    program.argv[words] = stamp;
    ++count;
  }
  return count;
}

[[noreturn]] void RunChild(const Program& program, int go_fd, int out_fd) {
  if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NOEXEC | MS_NODEV, nullptr) != 0) _exit(121);
  dup2(out_fd, STDOUT_FILENO);
  close(out_fd);
  char byte = 0;
  if (read(go_fd, &byte, 1) != 1) _exit(122);
  close(go_fd);
  *exec_ns = NowNs();
  execv(program.argv[0], const_cast<char* const*>(program.argv));
  _exit(123);
}

/// fork into new pid and mount namespaces.
pid_t ForkIsolated() {
  return static_cast<pid_t>(
      syscall(SYS_clone, CLONE_NEWPID | CLONE_NEWNS | SIGCHLD, nullptr, nullptr, nullptr, 0UL));
}

std::int64_t ReadStamp(int fd) {
  char text[64];
  const ssize_t got = read(fd, text, sizeof text - 1);
  if (got <= 0) return -1;
  text[got] = '\0';
  return std::strtoll(text, nullptr, 10);
}

void Sample(int index) {
  int go[2];
  int out[2];
  if (pipe2(go, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) _exit(1);
  const pid_t pid = ForkIsolated();
  if (pid == 0) RunChild(programs[index], go[0], out[1]);
  close(go[0]);
  close(out[1]);
  // Held until the exit was seen: else tearing the mount namespace down, milliseconds of RCU
  // waiting, would be part of the exit.
  char path[64];
  std::snprintf(path, sizeof path, "/proc/%d/ns/mnt", pid);
  const int mount_ns_fd = open(path, O_RDONLY | O_CLOEXEC);
  int status = -1;
  const char byte = 'g';
  const bool started = pid > 0 && write(go[1], &byte, 1) == 1;
  while (started && waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  const std::int64_t end_ns = NowNs();
  const std::int64_t main_ns = ReadStamp(out[0]);
  close(go[1]);
  close(out[0]);
  close(mount_ns_fd);
  if (status != 0 || main_ns < 0) {
    std::printf("%d -1 %d\n", index, status);
    return;
  }
  std::printf("%d %lld %lld\n", index, static_cast<long long>(main_ns - *exec_ns),
              static_cast<long long>(end_ns - *exec_ns));
}

int Run(int samples, int cpu, const char* stamp) {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (cpu >= 0) CPU_SET(static_cast<size_t>(cpu), &set);
  if (cpu >= 0) sched_setaffinity(0, sizeof set, &set);
  if (unshare(CLONE_NEWNS) != 0 ||
      mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    std::perror("startup: cannot make a mount namespace");
    return 1;
  }
  void* shared = mmap(nullptr, sizeof(std::int64_t), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return 1;
  exec_ns = static_cast<volatile std::int64_t*>(shared);
  const int count = ReadPrograms(stamp);
  for (int sample = 0; sample < samples; ++sample) {
    for (int i = 0; i < count; ++i)
      Sample((sample + i) % count);
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace

}  // namespace reaperd::bench

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: startup SAMPLES CPU STAMP < PROGRAMS\n");
    return 2;
  }
  return reaperd::bench::Run(static_cast<int>(std::strtol(argv[1], nullptr, 10)),
                             static_cast<int>(std::strtol(argv[2], nullptr, 10)), argv[3]);
}
