// Many deaths, many zombies, many execs.
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <string>

#include "arguments.h"
#include "common.h"
#include "roles.h"

namespace reaperd::roles {
namespace {

// vfork, because it is the cheapest way there is to make a process that dies: the caller sleeps
// until the child has ended, nothing is copied. In a function of its own, since what lives in the
// caller's registers is not safe across it.
__attribute__((noinline)) pid_t VforkAndEnd() {
  const pid_t pid = vfork();  // NOLINT: the child only ends
  if (pid == 0) {
    _exit(0);
  }
  return pid;
}

// `count` zombies of the calling process.
void MakeZombies(long count) {
  for (long made = 0; made < count;) {
    if (const pid_t pid = VforkAndEnd(); pid > 0) {
      ++made;
      // vfork gives back control when the child has let go of our memory, before it is a zombie.
      siginfo_t info;
      while (waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) != 0 &&
             errno == EINTR) {
      }
    } else if (errno == EAGAIN) {
      SleepMilliseconds(1);
    } else {
      DieOfErrno("vfork");
    }
  }
}

void ReapAll(int /*signal*/) {
  const int saved = errno;
  while (waitpid(-1, nullptr, WNOHANG) > 0) {
  }
  errno = saved;
}

// One burst: `size` orphans that die together once their parent is gone, or, with `dead`, that
// were dead before it went and are handed over as zombies.
void Burst(long size, bool dead) {
  const pid_t middle = ForkOrDie();
  if (middle != 0) {
    while (waitpid(middle, nullptr, 0) < 0 && errno == EINTR) {
    }
    return;
  }
  if (dead) {
    MakeZombies(size);
    _exit(0);
  }
  int gate[2];
  if (pipe2(gate, O_CLOEXEC) != 0) {
    DieOfErrno("pipe2");
  }
  for (long index = 0; index < size; ++index) {
    if (ForkOrDie() == 0) {
      close(gate[1]);
      WaitForEof(gate[0]);
      _exit(0);
    }
  }
  _exit(0);
}

[[noreturn]] void ExecRound(long rounds, bool from_thread) {
  std::string left = std::to_string(rounds);
  std::string thread = from_thread ? "1" : "0";
  std::string role = "exec-storm";
  std::string round = "--round=" + left + "," + thread;
  std::string zero = "0";
  char* words[] = {role.data(), role.data(), zero.data(), round.data(), nullptr};
  execv(OwnPath(), words);
  DieOfErrno("execv");
}

// Processes that this namespace shows.
long CountProcesses() {
  DIR* const proc = opendir("/proc");
  if (proc == nullptr) DieOfErrno("/proc");
  long count = 0;
  while (const dirent* const entry = readdir(proc)) {
    if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9') ++count;
  }
  closedir(proc);
  return count;
}

// `width` orphans that end at once; how many forks were refused.
long RefusedOf(long width) {
  const pid_t middle = fork();
  if (middle < 0) return 1;
  if (middle == 0) {
    int refused = 0;
    for (long index = 0; index < width; ++index) {
      const pid_t pid = fork();
      if (pid == 0) _exit(7);
      if (pid < 0) ++refused;
    }
    _exit(refused);
  }
  int status = 0;
  while (waitpid(middle, &status, 0) < 0 && errno == EINTR) {
  }
  return WEXITSTATUS(status);
}

struct ThreadRound {
  long rounds;
};

void* ExecFromThread(void* data) {
  ExecRound(static_cast<ThreadRound*>(data)->rounds, true);
}

// One link of the chain: exec again until none is left, from a second thread where asked (the
// kernel then gives the thread its leader's number, which must not look like a death).
[[noreturn]] void ContinueRounds(const std::string& round) {
  long rounds = 0;
  int from_thread = 0;
  if (std::sscanf(round.c_str(), "%ld,%d", &rounds, &from_thread) != 2) {  // NOLINT: checked
    Die("bad round '%s'", round.c_str());
  }
  if (rounds <= 0) {
    _exit(0);
  }
  if (from_thread == 0) {
    ExecRound(rounds - 1, false);
  }
  ThreadRound next{rounds - 1};
  pthread_t thread{};
  if (pthread_create(&thread, nullptr, ExecFromThread, &next) != 0) {
    Die("no thread");
  }
  SleepForEver();
}

}  // namespace

int Storm(Arguments& arguments) {
  arguments.Allow({"burst", "rate", "dead", "out", "end"});
  const long count = arguments.Number(0);
  const long burst = arguments.NumberOption("burst", 50);
  const long rate = arguments.NumberOption("rate", 0);
  const long long start_ns = MonotonicNanoseconds();
  for (long made = 0; made < count;) {
    const long size = count - made < burst ? count - made : burst;
    Burst(size, arguments.Has("dead"));
    made += size;
    if (rate > 0) {
      const long long due_ns = start_ns + made * 1000000000LL / rate;
      const long long early_ms = (due_ns - MonotonicNanoseconds()) / 1000000;
      if (early_ms > 0) {
        SleepMilliseconds(static_cast<long>(early_ms));
      }
    }
  }
  Say("ready storm %ld", count);
  Continue(arguments, "exit:0");
}

int SteadyForks(Arguments& arguments) {
  arguments.Allow({"out", "end"});
  const long count = arguments.Number(0);
  const long width = arguments.Number(1);
  const long settled = arguments.Number(2);
  long refused = 0;
  for (long made = 0; made < count; made += width) {
    refused += RefusedOf(width);
    for (int tries = 0; CountProcesses() > settled; ++tries) {
      if (tries == 10000) Die("steady-forks: %ld processes are left", CountProcesses());
      SleepMilliseconds(1);
    }
  }
  Say("ready steady-forks %ld refused %ld", count, refused);
  Continue(arguments, "exit:0");
}

int ExecStorm(Arguments& arguments) {
  arguments.Allow({"width", "from-thread", "round", "out", "end"});
  if (arguments.Has("round")) {
    ContinueRounds(std::string(arguments.Option("round", "")));
  }
  const long rounds = arguments.Number(0);
  const long width = arguments.NumberOption("width", 8);
  long number = 0;
  if (ForkOrphans(width, &number)) {
    ExecRound(rounds, arguments.Has("from-thread"));
  }
  Say("ready exec-storm %ld", width);
  Continue(arguments, "exit:0");
}

int Negligent(Arguments& arguments) {
  arguments.Allow({"reap-on-sigchld", "ignore-term", "out", "end"});
  const long count = arguments.Number(0);
  MakeZombies(count);
  // Only now: what their deaths sent is over.
  if (arguments.Has("reap-on-sigchld")) signal(SIGCHLD, ReapAll);
  if (arguments.Has("ignore-term")) signal(SIGTERM, SIG_IGN);
  Say("ready negligent %ld %d", count, getpid());
  Continue(arguments, "sleep");
}

}  // namespace reaperd::roles
