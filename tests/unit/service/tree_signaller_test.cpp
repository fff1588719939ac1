#include "service/tree_signaller.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "child_process.h"
#include "eventually.h"
#include "fake_process_ops.h"
#include "faulty_process_ops.h"
#include "sys/linux_process_ops.h"

namespace reaperd::service {
namespace {

using test::Call;
using test::ExpectInChild;

/// One who was sent a deadly signal runs to his death and does not fall asleep any more.
bool StaysAsleep(pid_t pid) {
  return test::Eventually([&] { return test::StateOf(pid) == 'S'; });
}

/// A loop with a signaller over the real kernel. Only in a child: it signals all below.
class Bed {
 public:
  explicit Bed(std::string proc_root = "/proc", bool pid1 = false) {
    loop_ = event::EventLoop::Create(ops).value();
    signaller.emplace(*loop_, ops, pid1, std::move(proc_root),
                      [this](const TreeOutcome& outcome) { outcomes.push_back(outcome); });
  }

  /// Serves all requests.
  void Run() {
    while (signaller->busy() && loop_->turns() < 10'000)
      loop_->RunOnce();
  }

  [[nodiscard]] std::uint64_t turns() const { return loop_->turns(); }

  std::vector<TreeOutcome> outcomes;

 private:
  sys::LinuxProcessOps kernel_;
  std::unique_ptr<event::EventLoop> loop_;

 public:
  test::FaultyProcessOps ops{kernel_};
  std::optional<TreeSignaller> signaller;
};

/// A chain of `depth` processes below us, each the child of the one before; all live. `numbers`
/// gets their pids from the top.
void ForkChain(int depth, int write_fd, bool new_sessions) {
  test::Fork([=] {
    if (new_sessions) setsid();
    const pid_t self = getpid();
    if (depth > 1) ForkChain(depth - 1, write_fd, new_sessions);
    if (write(write_fd, &self, sizeof self) != sizeof self) return 1;
    for (;;)
      pause();
    return 0;
  });
}

std::vector<pid_t> ReadPids(int fd, std::size_t count) {
  std::vector<pid_t> pids(count);
  for (pid_t& pid : pids) {
    EXPECT_EQ(read(fd, &pid, sizeof pid), static_cast<ssize_t>(sizeof pid));
  }
  return pids;
}

bool AllDead(const std::vector<pid_t>& pids) {
  for (const pid_t pid : pids) {
    const char state = test::StateOf(pid);
    if (state != '\0' && state != 'Z') return false;
  }
  return true;
}

TEST(TreeSignaller, ReachesAllDescendantsInWhicheverSession) {
  for (const bool new_sessions : {false, true}) {
    ExpectInChild([new_sessions] {
      const test::Pipe pipe = test::MakePipe();
      ForkChain(4, pipe.write_end.get(), new_sessions);
      ForkChain(2, pipe.write_end.get(), new_sessions);
      const std::vector<pid_t> pids = ReadPids(pipe.read_end.get(), 6);
      Bed bed;
      bed.signaller->Send({}, {SIGTERM});
      EXPECT_TRUE(bed.signaller->busy());
      bed.Run();
      ASSERT_EQ(bed.outcomes.size(), 1U);
      EXPECT_EQ(bed.outcomes[0].signal, SIGTERM);
      EXPECT_EQ(bed.outcomes[0].reached, 6U);
      EXPECT_EQ(bed.outcomes[0].error, 0);
      EXPECT_TRUE(test::Eventually([&] { return AllDead(pids); }));
    });
  }
}

TEST(TreeSignaller, ReachesOrphansThatCameToUs) {
  ExpectInChild([] {
    const test::Pipe pipe = test::MakePipe();
    const pid_t parent = test::Fork([&] {
      ForkChain(1, pipe.write_end.get(), true);
      return 0;
    });
    const std::vector<pid_t> pids = ReadPids(pipe.read_end.get(), 1);
    test::WaitStatus(parent);
    Bed bed;
    bed.signaller->Send({}, {SIGKILL});
    bed.Run();
    EXPECT_EQ(bed.outcomes[0].reached, 1U);
    EXPECT_TRUE(test::Eventually([&] { return AllDead(pids); }));
  });
}

TEST(TreeSignaller, LeavesOurselvesOurParentAndStrangersAlone) {
  ExpectInChild([] {
    // A sibling: a child of our parent, not of ours.
    const test::Pipe pipe = test::MakePipe();
    const pid_t stranger = test::ForkSleeper();
    const pid_t body = test::Fork([&] {
      Bed bed;
      const test::ScopedChild child(test::ForkSleeper());
      bed.signaller->Send({}, {SIGKILL});
      bed.Run();
      return bed.outcomes.size() == 1 && bed.outcomes[0].reached == 1 ? 7 : 1;
    });
    const int status = test::WaitStatus(body);
    EXPECT_TRUE(WIFEXITED(status)) << status;
    EXPECT_EQ(WEXITSTATUS(status), 7);
    EXPECT_TRUE(StaysAsleep(stranger));
  });
}

TEST(TreeSignaller, OfASessionReachesOnlyItsMembersBelowUs) {
  ExpectInChild([] {
    const test::Pipe pipe = test::MakePipe();
    const pid_t leader = test::Fork([&] {
      setsid();
      ForkChain(2, pipe.write_end.get(), false);
      for (;;)
        pause();
      return 0;
    });
    const std::vector<pid_t> members = ReadPids(pipe.read_end.get(), 2);
    const test::ScopedChild other(test::ForkSleeper());
    Bed bed;
    bed.signaller->Send({.kind = TreeTarget::Kind::kSession, .session = leader}, {SIGTERM});
    bed.Run();
    EXPECT_EQ(bed.outcomes[0].reached, 3U);
    EXPECT_TRUE(test::Eventually([&] { return AllDead(members) && AllDead({leader}); }));
    EXPECT_TRUE(StaysAsleep(other.pid()));
  });
}

TEST(TreeSignaller, SendsSeveralSignalsToEachOneAfterTheOther) {
  ExpectInChild([] {
    const pid_t pid = test::ForkSleeper();
    kill(pid, SIGSTOP);
    ASSERT_TRUE(test::Eventually([&] { return test::StateOf(pid) == 'T'; }));
    Bed bed;
    bed.signaller->Send({}, {SIGTERM, SIGCONT});
    bed.Run();
    ASSERT_EQ(bed.outcomes.size(), 1U);
    EXPECT_EQ(bed.outcomes[0].signal, SIGTERM);
    EXPECT_EQ(bed.outcomes[0].reached, 1U);
    const int status = test::WaitStatus(pid);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM) << "stopped, it cannot die";
  });
}

TEST(TreeSignaller, SaysWhenThereIsNobody) {
  ExpectInChild([] {
    const pid_t zombie = test::Fork([] { return 0; });
    ASSERT_TRUE(test::Eventually([&] { return test::StateOf(zombie) == 'Z'; }));
    Bed bed;
    bed.signaller->Send({}, {SIGTERM});
    bed.Run();
    ASSERT_EQ(bed.outcomes.size(), 1U);
    EXPECT_EQ(bed.outcomes[0].reached, 0U) << "the dead are nobody";
    EXPECT_EQ(bed.outcomes[0].error, ESRCH);
    EXPECT_EQ(bed.ops.calls(Call::kSignalPidfd), 0U);
  });
}

TEST(TreeSignaller, SaysWhenItCannotLook) {
  ExpectInChild([] {
    const test::ScopedChild child(test::ForkSleeper());
    Bed bed("/no/such/proc");
    bed.signaller->Send({}, {SIGTERM});
    bed.signaller->Send({}, {SIGKILL});
    bed.Run();
    ASSERT_EQ(bed.outcomes.size(), 2U);
    EXPECT_EQ(bed.outcomes[0].error, ENOENT);
    EXPECT_EQ(bed.outcomes[1].error, ENOENT);
    EXPECT_TRUE(StaysAsleep(child.pid()));
  });
}

TEST(TreeSignaller, ServesRequestsInOrder) {
  ExpectInChild([] {
    const test::ScopedChild child(test::ForkSleeper());
    Bed bed;
    bed.signaller->Send({}, {SIGWINCH});
    bed.signaller->Send({}, {SIGCONT});
    bed.signaller->Send({}, {SIGKILL});
    bed.Run();
    ASSERT_EQ(bed.outcomes.size(), 3U);
    EXPECT_EQ(bed.outcomes[0].signal, SIGWINCH);
    EXPECT_EQ(bed.outcomes[1].signal, SIGCONT);
    EXPECT_EQ(bed.outcomes[2].signal, SIGKILL);
    for (const TreeOutcome& outcome : bed.outcomes)
      EXPECT_EQ(outcome.reached, 1U);
  });
}

TEST(TreeSignaller, AFloodOfRequestsIsBounded) {
  ExpectInChild([] {
    Bed bed;
    constexpr std::size_t kSent = 1000;
    for (std::size_t i = 0; i < kSent; ++i)
      bed.signaller->Send({}, {SIGWINCH});
    EXPECT_GT(bed.outcomes.size(), kSent / 2);
    for (const TreeOutcome& outcome : bed.outcomes)
      EXPECT_EQ(outcome.error, EAGAIN);
    bed.Run();
    EXPECT_EQ(bed.outcomes.size(), kSent) << "each is answered";
  });
}

TEST(TreeSignaller, OneWhomTheSignalDoesNotReachDoesNotKeepItFromTheOthers) {
  ExpectInChild([] {
    const pid_t first = test::ForkSleeper();
    const pid_t second = test::ForkSleeper();
    Bed bed;
    bed.ops.Fail({.call = Call::kSignalPidfd, .code = EACCES, .count = 1});
    bed.signaller->Send({}, {SIGTERM});
    bed.Run();
    ASSERT_EQ(bed.outcomes.size(), 1U);
    EXPECT_EQ(bed.outcomes[0].reached, 1U);
    EXPECT_EQ(bed.outcomes[0].error, 0);
    EXPECT_TRUE(test::Eventually([&] { return AllDead({first}) || AllDead({second}); }));
  });
}

TEST(TreeSignaller, AsPid1AllDescendantsAreEverybody) {
  test::FakeProcessOps ops;
  auto loop = event::EventLoop::Create(ops).value();
  std::vector<TreeOutcome> outcomes;
  TreeSignaller signaller(*loop, ops, true, "/no/such/proc",
                          [&](const TreeOutcome& outcome) { outcomes.push_back(outcome); });
  signaller.Send({}, {SIGTERM, SIGCONT});
  EXPECT_FALSE(signaller.busy());
  EXPECT_EQ(ops.TakeCalls(), (std::vector<std::string>{"everybody 15", "everybody 18"}));
  ops.signal_error = ESRCH;
  signaller.Send({}, {SIGKILL});
  ASSERT_EQ(outcomes.size(), 2U);
  EXPECT_EQ(outcomes[0].signal, SIGTERM);
  EXPECT_EQ(outcomes[0].reached, 1U);
  EXPECT_EQ(outcomes[0].error, 0);
  EXPECT_EQ(outcomes[1].reached, 0U);
  EXPECT_EQ(outcomes[1].error, ESRCH);
}

TEST(TreeSignaller, ALongWalkLeavesTimeForOthers) {
  ExpectInChild([] {
    constexpr int kChildren = 300;
    for (int i = 0; i < kChildren; ++i)
      test::ForkSleeper();
    Bed bed;
    bed.signaller->Send({}, {SIGKILL});
    bed.Run();
    EXPECT_EQ(bed.outcomes[0].reached, std::size_t{kChildren});
    // Reading one costs more than 6 µs everywhere: 300 do not fit into a turn of 2 ms.
    EXPECT_GT(bed.turns(), 1U);
  });
}

}  // namespace
}  // namespace reaperd::service
