#include "child_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>

#include "sys/children_list.h"
#include "sys/procfs.h"

// Of the coverage build: a forked child ends by _exit, which would drop what it counted.
extern "C" __attribute__((weak)) void __gcov_dump();  // NOLINT: the name is libgcov's

namespace reaperd::test {
namespace {

constexpr int kBodyFailed = 90;
constexpr int kNoNamespace = 91;

Micros Now() {
  return BootClock().Now();
}

/// Everybody below this process: the body may have left children of its own, in any session.
void KillWhatIsLeft() {
  for (;;) {
    siginfo_t info{};
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG) < 0) return;  // ECHILD
    if (info.si_pid != 0) continue;
    std::string path = "/proc/self/task/" + std::to_string(getpid()) + "/children";
    const auto text = sys::ReadSmallFile(path);
    if (!text) return;
    std::string children = *text;
    std::vector<pid_t> pids;
    sys::TakePids(children, pids);
    for (const pid_t pid : pids)
      kill(pid, SIGKILL);
    usleep(1000);
  }
}

int RunBody(const std::function<void()>& body) {
  setsid();
  if (getpid() != 1) prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  try {
    body();
  } catch (const std::exception& error) {
    // It must not get out: the test runner of the parent stands below us on this stack.
    ADD_FAILURE() << "the body threw " << error.what();
  }
  std::fflush(nullptr);
  if (__gcov_dump != nullptr) __gcov_dump();
  return ::testing::Test::HasFailure() ? kBodyFailed : 0;
}

bool EnterMountNamespace() {
  return unshare(CLONE_NEWNS) == 0 &&
         mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         mount("proc", "/proc", "proc", 0, nullptr) == 0;
}

/// The child between us and the body: adopts what the body leaves, and ends with its status.
int Guard(const std::function<void()>& body, const ChildOptions& options) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  if (options.pid1 && unshare(CLONE_NEWPID) < 0) return kNoNamespace;
  const pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (options.pid1 && !EnterMountNamespace()) _exit(kNoNamespace);
    _exit(RunBody(body));
  }
  const int status = pid < 0 ? -1 : WaitStatus(pid, options.timeout_us);
  if (status == -1) {
    std::fprintf(stderr, "the body did not end in time\n");
    kill(pid, SIGKILL);
  }
  KillWhatIsLeft();
  if (status == -1) return kBodyFailed;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

bool Eventually(const std::function<bool()>& condition, Micros timeout_us) {
  const Micros end_us = Now() + timeout_us;
  while (!condition()) {
    if (Now() > end_us) return false;
    usleep(1000);
  }
  return true;
}

bool CanBePid1() {
  const pid_t pid = Fork([] {
    if (unshare(CLONE_NEWPID | CLONE_NEWNS) < 0) return 1;
    const pid_t inner = Fork([] { return EnterMountNamespace() ? 0 : 1; });
    return WaitStatus(inner) == 0 ? 0 : 1;
  });
  return WaitStatus(pid) == 0;
}

std::string RunInChild(const std::function<void()>& body, const ChildOptions& options) {
  std::fflush(nullptr);
  const pid_t pid = Fork([&] { return Guard(body, options); });
  // The guard has the deadline; a little more for its cleaning up.
  const int status = WaitStatus(pid, options.timeout_us + 5 * kSecond);
  if (status == 0) return "";
  if (status == -1) {
    kill(pid, SIGKILL);
    WaitStatus(pid);
    return "the guard of the child did not end in time";
  }
  if (WIFSIGNALED(status)) return std::string("the guard died of ") + strsignal(WTERMSIG(status));
  if (WEXITSTATUS(status) == kBodyFailed) return "expectations failed in the child";
  if (WEXITSTATUS(status) == kNoNamespace) return "no pid namespace could be made";
  return "the child ended with " + std::to_string(WEXITSTATUS(status));
}

void ExpectInChild(const std::function<void()>& body, const ChildOptions& options) {
  EXPECT_EQ(RunInChild(body, options), "");
}

pid_t Fork(const std::function<int()>& body) {
  std::fflush(nullptr);
  const pid_t pid = fork();
  if (pid == 0) _exit(body());
  return pid;
}

pid_t ForkSleeper() {
  return Fork([] {
    for (;;)
      pause();
    return 0;
  });
}

ScopedChild::~ScopedChild() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  WaitStatus(pid_);
}

int WaitStatus(pid_t pid, Micros timeout_us) {
  int status = -1;
  const bool ended = Eventually(
      [&] {
        const pid_t got = waitpid(pid, &status, WNOHANG);
        if (got < 0) status = -1;
        return got != 0;
      },
      timeout_us);
  return ended ? status : -1;
}

char StateOf(pid_t pid) {
  const auto stat = sys::ReadStat("/proc", pid);
  return stat ? stat->state : '\0';
}

std::string ReadAll(int fd, Micros timeout_us) {
  std::string text;
  const Micros end_us = Now() + timeout_us;
  for (;;) {
    const Micros left_ms = (end_us - Now()) / kMillisecond;
    pollfd poll_fd{.fd = fd, .events = POLLIN, .revents = 0};
    if (left_ms <= 0 || poll(&poll_fd, 1, static_cast<int>(left_ms)) == 0) return text + "[time]";
    char buffer[4096];
    const ssize_t got = read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(buffer, static_cast<std::size_t>(got));
  }
}

Pipe MakePipe() {
  int fds[2] = {-1, -1};
  if (pipe2(fds, O_CLOEXEC) < 0) return {};
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

}  // namespace reaperd::test
