#include "sys/helper_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>
#include <string>

#include "child_process.h"
#include "eventually.h"
#include "refuse_calls.h"
#include "sys/linux_process_ops.h"
#include "sys/procfs.h"

namespace reaperd::sys {
namespace {

using test::Eventually;
using test::ExpectInChild;

/// Answers every message with itself until the other end is closed, then exits with 7.
int Echo(int socket) {
  char buffer[256];
  for (;;) {
    const ssize_t got = recv(socket, buffer, sizeof buffer, 0);
    if (got <= 0) return 7;
    if (send(socket, buffer, static_cast<std::size_t>(got), MSG_NOSIGNAL) != got) return 8;
  }
}

HelperRequest EchoRequest() {
  return {.name = "test-helper", .keep = {}, .run = Echo};
}

/// What comes next from a helper, "" at its end or when nothing comes.
std::string Receive(const Helper& helper) {
  pollfd readable{.fd = helper.socket.get(), .events = POLLIN, .revents = 0};
  if (poll(&readable, 1, 10'000) != 1) return "";
  char buffer[4096];
  const ssize_t got = recv(helper.socket.get(), buffer, sizeof buffer, 0);
  return got <= 0 ? "" : std::string(buffer, static_cast<std::size_t>(got));
}

std::string Ask(const Helper& helper, const std::string& text) {
  if (send(helper.socket.get(), text.data(), text.size(), MSG_NOSIGNAL) < 0) return "";
  return Receive(helper);
}

/// Waits for its end; the exit code, or minus the signal.
int Reap(const Helper& helper) {
  siginfo_t info{};
  EXPECT_TRUE(Eventually([&] {
    return waitid(P_PID, static_cast<id_t>(helper.pid), &info, WEXITED | WNOHANG | __WALL) < 0 ||
           info.si_pid != 0;
  }));
  EXPECT_EQ(info.si_pid, helper.pid);
  return info.si_code == CLD_EXITED ? info.si_status : -info.si_status;
}

int PlainWait() {
  siginfo_t info{};
  return waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WNOHANG) < 0 ? errno : 0;
}

TEST(HelperProcess, AnswersUntilItsSocketIsClosed) {
  ExpectInChild([] {
    Helper helper = SpawnHelper(EchoRequest());
    ASSERT_GT(helper.pid, 0) << helper.error;
    EXPECT_TRUE(helper.pidfd);
    EXPECT_EQ(Ask(helper, "hello"), "hello");
    EXPECT_EQ(Ask(helper, "again"), "again");
    EXPECT_EQ(fcntl(helper.socket.get(), F_GETFD), FD_CLOEXEC);
    char byte = 0;
    EXPECT_EQ(recv(helper.socket.get(), &byte, 1, 0), -1);  // ours does not wait
    EXPECT_EQ(errno, EAGAIN);
    helper.socket.reset();
    EXPECT_EQ(Reap(helper), 7);
  });
}

TEST(HelperProcess, IsInvisibleToPlainWaits) {
  ExpectInChild([] {
    sigset_t chld;
    sigemptyset(&chld);
    sigaddset(&chld, SIGCHLD);
    sigprocmask(SIG_BLOCK, &chld, nullptr);
    const Helper helper = SpawnHelper(EchoRequest());
    ASSERT_GT(helper.pid, 0);
    EXPECT_EQ(PlainWait(), ECHILD);
    ASSERT_EQ(kill(helper.pid, SIGKILL), 0);
    pollfd ended{.fd = helper.pidfd.get(), .events = POLLIN, .revents = 0};
    ASSERT_EQ(poll(&ended, 1, 10'000), 1);
    EXPECT_EQ(test::StateOf(helper.pid), 'Z');
    EXPECT_EQ(PlainWait(), ECHILD);
    siginfo_t info{};
    EXPECT_EQ(waitid(P_PID, static_cast<id_t>(helper.pid), &info, WEXITED | WNOHANG), -1);
    EXPECT_EQ(errno, ECHILD);
    sigset_t pending;
    sigpending(&pending);
    EXPECT_FALSE(sigismember(&pending, SIGCHLD));
    EXPECT_EQ(Reap(helper), -SIGKILL);
  });
}

TEST(HelperProcess, StandsInTheListOfChildren) {
  ExpectInChild([] {
    const Helper helper = SpawnHelper(EchoRequest());
    ASSERT_GT(helper.pid, 0);
    ChildrenList list("/proc");
    std::vector<pid_t> pids;
    ListPart part = list.Read(true, pids);
    while (part == ListPart::kMore)
      part = list.Read(false, pids);
    ASSERT_EQ(part, ListPart::kEnd);
    EXPECT_EQ(pids, std::vector<pid_t>{helper.pid});
  });
}

TEST(HelperProcess, HoldsOnlyWhatItWasToldToKeep) {
  for (const bool refuse_close_range : {false, true}) {
    ExpectInChild([refuse_close_range] {
      if (refuse_close_range) {
        ASSERT_TRUE(test::RefuseCalls({{.number = SYS_close_range, .code = ENOSYS}}));
      }
      const test::Pipe kept = test::MakePipe();
      const test::Pipe other = test::MakePipe();
      const UniqueFd high(fcntl(other.read_end.get(), F_DUPFD_CLOEXEC, 700));
      ASSERT_TRUE(high);
      HelperRequest request = EchoRequest();
      request.keep = {kept.write_end.get(), -1};
      const Helper helper = SpawnHelper(request);
      ASSERT_EQ(Ask(helper, "ready"), "ready");
      std::set<std::string> held;
      const std::string fds = "/proc/" + std::to_string(helper.pid) + "/fd";
      for (const auto& entry : std::filesystem::directory_iterator(fds))
        held.insert(entry.path().filename().string());
      EXPECT_EQ(held.size(), 2U);  // its socket is the other one
      EXPECT_EQ(held.count(std::to_string(kept.write_end.get())), 1U);
    });
  }
}

TEST(HelperProcess, LivesApartFromTheApplication) {
  ExpectInChild([] {
    const Helper helper = SpawnHelper(EchoRequest());
    ASSERT_EQ(Ask(helper, "ready"), "ready");
    const std::string proc = "/proc/" + std::to_string(helper.pid);
    const auto stat = ReadStat("/proc", helper.pid);
    ASSERT_TRUE(stat.ok());
    EXPECT_EQ(stat->comm, "test-helper");
    EXPECT_EQ(stat->session, helper.pid);
    EXPECT_EQ(std::filesystem::read_symlink(proc + "/cwd"), "/");
    const auto status = ReadSmallFile(proc + "/status");
    ASSERT_TRUE(status.ok());
    EXPECT_NE(status->find("NoNewPrivs:\t1\n"), std::string::npos);
    EXPECT_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0) << "only the helper has lost it";
  });
}

TEST(HelperProcess, OnlyKillAndStopReachIt) {
  ExpectInChild([] {
    const Helper helper = SpawnHelper(EchoRequest());
    ASSERT_EQ(Ask(helper, "ready"), "ready");
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGABRT, SIGTSTP, SIGUSR1, SIGRTMIN})
      ASSERT_EQ(kill(helper.pid, signal), 0);
    EXPECT_EQ(Ask(helper, "alive"), "alive");
    ASSERT_EQ(kill(helper.pid, SIGKILL), 0);
    EXPECT_EQ(Reap(helper), -SIGKILL);
  });
}

TEST(HelperProcess, EndsWhenItsParentDies) {
  ExpectInChild([] {
    const test::Pipe told = test::MakePipe();
    test::Pipe alive = test::MakePipe();
    const pid_t parent = test::Fork([&] {
      HelperRequest request = EchoRequest();
      request.keep = {alive.write_end.get()};
      // Its socket stays open here: only the parent's death can end it.
      const Helper helper = SpawnHelper(request);
      if (Ask(helper, "ready") != "ready") return 1;
      return write(told.write_end.get(), ".", 1) == 1 ? pause() : 1;
    });
    char byte = 0;
    ASSERT_EQ(read(told.read_end.get(), &byte, 1), 1);
    kill(parent, SIGKILL);
    test::WaitStatus(parent);
    alive.write_end.reset();
    EXPECT_EQ(test::ReadAll(alive.read_end.get()), "") << "the helper still holds its pipe";
  });
}

TEST(HelperProcess, GoesWithoutPidfdsWhereThereAreNone) {
  ExpectInChild([] {
    ASSERT_TRUE(test::RefuseCalls(
        {{.number = SYS_clone, .code = EINVAL, .argument = 0, .mask = CLONE_PIDFD},
         {.number = SYS_pidfd_open, .code = ENOSYS}}));
    Helper helper = SpawnHelper(EchoRequest());
    ASSERT_GT(helper.pid, 0);
    EXPECT_FALSE(helper.pidfd);
    EXPECT_EQ(Ask(helper, "hello"), "hello");
    helper.socket.reset();
    EXPECT_EQ(Reap(helper), 7);
  });
}

TEST(HelperProcess, SaysWhyItWasNotMade) {
  ExpectInChild([] {
    ASSERT_TRUE(test::RefuseCalls({{.number = SYS_clone, .code = EAGAIN}}));
    const Helper helper = SpawnHelper(EchoRequest());
    EXPECT_EQ(helper.pid, 0);
    EXPECT_EQ(helper.error, EAGAIN);
    EXPECT_FALSE(helper.socket);
  });
  ExpectInChild([] {
    ASSERT_TRUE(test::RefuseCalls({{.number = SYS_socketpair, .code = EMFILE}}));
    EXPECT_EQ(SpawnHelper(EchoRequest()).error, EMFILE);
  });
}

}  // namespace
}  // namespace reaperd::sys
