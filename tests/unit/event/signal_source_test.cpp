#include "event/signal_source.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "child_process.h"
#include "faulty_process_ops.h"
#include "sys/linux_process_ops.h"
#include "sys/signals.h"

namespace reaperd::event {
namespace {

using test::Call;
using test::ExpectInChild;

/// A loop with a signal source that writes down what it gets. Only in a child: it blocks signals.
class Bed {
 public:
  Bed() {
    sys::TakeOverSignals(sys::FaultSignals::kLeave);
    loop_ = EventLoop::Create(ops_).value();
    auto fd = sys::OpenSignalFd(sys::FaultSignals::kLeave);
    source_ =
        SignalSource::Create(*loop_, ops_, std::move(fd).value(),
                             [this](const SignalRecord& record) { records.push_back(record); })
            .value();
    source_->OnFailure([this](std::string_view, int code) { failures.push_back(code); });
    // The turn ends at the latest then.
    limit_ = loop_->AddDeadline([] {});
  }

  void RunOnce() {
    loop_->SetDeadline(limit_, loop_->Now() + 100 * kMillisecond);
    loop_->RunOnce();
  }

  void Close() { source_.reset(); }
  test::FaultyProcessOps& ops() { return ops_; }

  std::vector<SignalRecord> records;
  std::vector<int> failures;

 private:
  sys::LinuxProcessOps kernel_;
  test::FaultyProcessOps ops_{kernel_};
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<SignalSource> source_;
  DeadlineId limit_ = 0;
};

TEST(SignalSource, TellsTheSignalAndItsSender) {
  ExpectInChild([] {
    Bed bed;
    kill(getpid(), SIGUSR1);
    bed.RunOnce();
    ASSERT_EQ(bed.records.size(), 1U);
    EXPECT_EQ(bed.records[0].signal, SIGUSR1);
    EXPECT_EQ(bed.records[0].code, SI_USER);
    EXPECT_EQ(bed.records[0].sender, getpid());
    EXPECT_EQ(bed.records[0].uid, getuid());
  });
}

TEST(SignalSource, NamesTheChildOfASigchld) {
  ExpectInChild([] {
    Bed bed;
    const pid_t pid = test::Fork([] { return 3; });
    bed.RunOnce();
    ASSERT_EQ(bed.records.size(), 1U);
    EXPECT_EQ(bed.records[0].signal, SIGCHLD);
    EXPECT_EQ(bed.records[0].code, CLD_EXITED);
    EXPECT_EQ(bed.records[0].sender, pid);
    EXPECT_EQ(test::StateOf(pid), 'Z') << "reading the record reaps nobody";
  });
}

TEST(SignalSource, GivesAllOfAQueueInOrderAndAFewATurn) {
  ExpectInChild([] {
    Bed bed;
    constexpr int kCount = 100;
    for (int i = 0; i < kCount; ++i) {
      sigval value{};
      value.sival_int = i;
      ASSERT_EQ(sigqueue(getpid(), SIGRTMIN + i % 2, value), 0);
    }
    kill(getpid(), SIGTERM);
    int turns = 0;
    while (bed.records.size() < kCount + 1 && turns < 100) {
      bed.RunOnce();
      ++turns;
    }
    ASSERT_EQ(bed.records.size(), kCount + 1U);
    EXPECT_GT(turns, 3) << "a flood does not fill a turn";
    EXPECT_EQ(bed.records.front().signal, SIGTERM) << "the lowest number comes first";
    EXPECT_EQ(bed.records.back().signal, SIGRTMIN + 1);
  });
}

TEST(SignalSource, AReadThatFailsLosesNothing) {
  for (const int code : {EAGAIN, EINTR, EIO, ENOMEM}) {
    ExpectInChild([code] {
      Bed bed;
      bed.ops().Fail({.call = Call::kRead, .code = code, .count = 2});
      kill(getpid(), SIGHUP);
      for (int turn = 0; turn < 3; ++turn)
        bed.RunOnce();
      ASSERT_EQ(bed.records.size(), 1U);
      EXPECT_EQ(bed.records[0].signal, SIGHUP);
      const bool news = code != EAGAIN && code != EINTR;
      EXPECT_EQ(bed.failures, news ? std::vector<int>(2, code) : std::vector<int>{});
    });
  }
}

TEST(SignalSource, StopsWatchingWhenItGoes) {
  ExpectInChild([] {
    Bed bed;
    bed.Close();
    kill(getpid(), SIGHUP);
    bed.RunOnce();
    EXPECT_TRUE(bed.records.empty());
  });
}

}  // namespace
}  // namespace reaperd::event
