#include "common.h"

#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <string>

#include "arguments.h"
#include "signal_names.h"

namespace reaperd::roles {
namespace {

// Opened at the first line, so that a role which tells its descriptors tells none of ours.
int g_out = STDOUT_FILENO;
std::string g_out_path;

void WriteLine(int descriptor, const char* format, va_list values) {
  char line[4096];
  const int length = std::vsnprintf(line, sizeof line - 1, format, values);
  if (length < 0) {
    return;
  }
  std::size_t size = static_cast<std::size_t>(length);
  if (size > sizeof line - 2) {
    size = sizeof line - 2;
  }
  line[size] = '\n';
  // A closed or full descriptor is part of some tests: what cannot be said is not said.
  [[maybe_unused]] const ssize_t written = write(descriptor, line, size + 1);
}

void OpenOutput() {
  const int opened = open(g_out_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (opened < 0) {
    DieOfErrno(g_out_path.c_str());
  }
  g_out = opened;
  g_out_path.clear();
}

}  // namespace

void SayTo(std::string_view path) {
  g_out_path = path;
}

void Say(const char* format, ...) {
  if (!g_out_path.empty()) {
    OpenOutput();
  }
  va_list values;
  va_start(values, format);
  WriteLine(g_out, format, values);
  va_end(values);
}

void Die(const char* format, ...) {
  va_list values;
  va_start(values, format);
  WriteLine(STDERR_FILENO, format, values);
  va_end(values);
  _exit(2);
}

void DieOfErrno(const char* what) {
  Die("reaperd_roles: %s: %s", what, std::strerror(errno));
}

pid_t ForkOrDie() {
  for (int attempt = 0; attempt < 2000; ++attempt) {
    const pid_t pid = fork();
    if (pid >= 0) {
      return pid;
    }
    if (errno != EAGAIN) {
      break;
    }
    SleepMilliseconds(1);
  }
  DieOfErrno("fork");
}

bool ForkOrphans(long count, long* number) {
  const pid_t middle = ForkOrDie();
  if (middle == 0) {
    for (long index = 0; index < count; ++index) {
      if (ForkOrDie() == 0) {
        *number = index;
        // The caller promises orphans: the middle one must be gone before the role goes on.
        while (getppid() == middle) {
          SleepMilliseconds(1);
        }
        return true;
      }
    }
    _exit(0);
  }
  while (waitpid(middle, nullptr, 0) < 0 && errno == EINTR) {
  }
  return false;
}

void KillSelfWith(int signal) {
  // No core files from tests, whatever the machine's pattern says.
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0);
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  sigaction(signal, &action, nullptr);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  sigprocmask(SIG_UNBLOCK, &set, nullptr);
  kill(getpid(), signal);
  SleepMilliseconds(5000);
  Die("signal %d did not end this process", signal);
}

void SleepForEver() {
  for (;;) {
    pause();
  }
}

void WaitForEof(int descriptor) {
  char ignored[256];
  for (;;) {
    const ssize_t count = read(descriptor, ignored, sizeof ignored);
    if (count == 0 || (count < 0 && errno != EINTR)) {
      return;
    }
  }
}

void SleepMilliseconds(long milliseconds) {
  timespec left{milliseconds / 1000, (milliseconds % 1000) * 1000000};
  while (nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
}

long long MonotonicNanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<long long>(now.tv_sec) * 1000000000 + now.tv_nsec;
}

void EndAs(std::string_view how) {
  if (how.starts_with("exit:")) {
    _exit(static_cast<int>(ParseNumber(how.substr(5))));
  }
  if (how.starts_with("signal:")) {
    KillSelfWith(ParseSignal(how.substr(7)));
  }
  if (how.starts_with("after:")) {
    SleepMilliseconds(ParseNumber(how.substr(6)));
    _exit(0);
  }
  if (how == "sleep") {
    SleepForEver();
  }
  if (how.starts_with("eof")) {
    WaitForEof(STDIN_FILENO);
    // Said so that a test can tell a process that came to its end from one that was killed.
    Say("eof %d", getpid());
    _exit(how.starts_with("eof:") ? static_cast<int>(ParseNumber(how.substr(4))) : 0);
  }
  if (how == "stop") {
    raise(SIGSTOP);
    _exit(0);
  }
  Die("unknown end '%.*s'", static_cast<int>(how.size()), how.data());
}

void ExecOrDie(char** command) {
  execvp(command[0], command);
  const int error = errno;
  std::fprintf(stderr, "reaperd_roles: exec %s: %s\n", command[0], std::strerror(error));
  _exit(error == ENOENT ? 127 : 126);
}

const char* OwnPath() {
  return reinterpret_cast<const char*>(getauxval(AT_EXECFN));  // NOLINT: the kernel's own type
}

void Continue(const Arguments& arguments, std::string_view fallback) {
  if (arguments.HasCommand()) {
    ExecOrDie(arguments.Command());
  }
  EndAs(arguments.Option("end", fallback));
}

}  // namespace reaperd::roles
