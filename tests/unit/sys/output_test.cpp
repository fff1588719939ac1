#include "sys/output.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>

#include "child_process.h"
#include "pty.h"
#include "refuse_calls.h"
#include "temp_dir.h"

namespace reaperd::sys {
namespace {

using test::ExpectInChild;
using test::MakePipe;
using test::Pipe;

constexpr std::size_t kPage = 4096;

bool IsNonBlocking(int fd) {
  return (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0;
}

/// A pipe of one page, and how much of it is taken.
Pipe SmallPipe(std::size_t taken) {
  Pipe pipe = MakePipe();
  EXPECT_EQ(fcntl(pipe.write_end.get(), F_SETPIPE_SZ, kPage), static_cast<int>(kPage));
  const std::string filling(taken, '.');
  EXPECT_EQ(write(pipe.write_end.get(), filling.data(), taken), static_cast<ssize_t>(taken));
  return pipe;
}

TEST(Output, WritesToAPipe) {
  Pipe pipe = MakePipe();
  Output output(pipe.write_end.get());
  EXPECT_EQ(output.Write("one\n"), WriteOutcome::kWritten);
  EXPECT_EQ(output.Write("two\n"), WriteOutcome::kWritten);
  EXPECT_FALSE(IsNonBlocking(pipe.write_end.get()));
  pipe.write_end.reset();
  EXPECT_EQ(test::ReadAll(pipe.read_end.get()), "one\ntwo\n");
}

TEST(Output, DropsALineForAFullPipeAndGoesOnWhenThereIsRoom) {
  ExpectInChild([] {
    Pipe pipe = SmallPipe(kPage);
    Output output(pipe.write_end.get());
    EXPECT_EQ(output.Write("lost\n"), WriteOutcome::kDropped);
    EXPECT_FALSE(IsNonBlocking(pipe.write_end.get()));
    char buffer[kPage];
    EXPECT_EQ(read(pipe.read_end.get(), buffer, kPage), static_cast<ssize_t>(kPage));
    EXPECT_EQ(output.Write("kept\n"), WriteOutcome::kWritten);
    EXPECT_EQ(read(pipe.read_end.get(), buffer, kPage), 5);
  });
}

TEST(Output, APipeWithoutAReaderDropsTheLine) {
  ExpectInChild([] {
    sigset_t pipe_signal;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    sigprocmask(SIG_BLOCK, &pipe_signal, nullptr);
    Pipe pipe = MakePipe();
    pipe.read_end.reset();
    Output output(pipe.write_end.get());
    EXPECT_EQ(output.Write("lost\n"), WriteOutcome::kDropped);
    EXPECT_EQ(output.Write("lost\n"), WriteOutcome::kDropped);
  });
}

// Before Linux 6.5 pipes do not know RWF_NOWAIT, and sandboxes may not know pwritev2.
class OldPipeTest : public ::testing::TestWithParam<int> {};

TEST_P(OldPipeTest, NeverWaitsForTheReader) {
  ExpectInChild([] {
    ASSERT_TRUE(test::RefuseCalls({{.number = SYS_pwritev2, .code = GetParam()}}));
    Pipe full = SmallPipe(kPage);
    Output to_full(full.write_end.get());
    EXPECT_EQ(to_full.Write("lost\n"), WriteOutcome::kDropped);
    EXPECT_FALSE(IsNonBlocking(full.write_end.get()));
    Pipe empty = SmallPipe(0);
    Output to_empty(empty.write_end.get());
    EXPECT_EQ(to_empty.Write("kept\n"), WriteOutcome::kWritten);
    EXPECT_FALSE(IsNonBlocking(empty.write_end.get()));
    // More than there is room for, although there is some.
    Pipe small = SmallPipe(0);
    Output to_small(small.write_end.get());
    EXPECT_EQ(to_small.Write(std::string(2 * kPage, 'x')), WriteOutcome::kDropped);
  });
}

TEST_P(OldPipeTest, NeverWaitsForTheReaderWithoutProcEither) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root for chroot";
  ExpectInChild([] {
    const test::TempDir empty_root;
    Pipe full = SmallPipe(kPage);
    Pipe empty = SmallPipe(0);
    ASSERT_EQ(chroot(empty_root.path().c_str()), 0);
    ASSERT_TRUE(test::RefuseCalls({{.number = SYS_pwritev2, .code = GetParam()}}));
    Output to_full(full.write_end.get());
    EXPECT_EQ(to_full.Write("lost\n"), WriteOutcome::kDropped);
    Output to_empty(empty.write_end.get());
    EXPECT_EQ(to_empty.Write(std::string(2 * kPage, 'x')), WriteOutcome::kDropped);
    EXPECT_EQ(to_empty.Write("kept\n"), WriteOutcome::kWritten);
  });
}

INSTANTIATE_TEST_SUITE_P(Refusals, OldPipeTest, ::testing::Values(EOPNOTSUPP, ENOSYS, EPERM));

class SocketOutputTest : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, GetParam() | SOCK_CLOEXEC, 0, ends), 0);
    ours_ = UniqueFd(ends[0]);
    theirs_ = UniqueFd(ends[1]);
  }
  UniqueFd ours_;
  UniqueFd theirs_;
};

TEST_P(SocketOutputTest, DropsWhenItIsFullAndWhenNobodyIsThere) {
  Output output(ours_.get());
  EXPECT_EQ(output.Write("line\n"), WriteOutcome::kWritten);
  const std::string line(1000, 'x');
  int written = 0;
  while (written < 100'000 && output.Write(line) == WriteOutcome::kWritten)
    ++written;
  EXPECT_LT(written, 100'000) << "the socket never got full";
  EXPECT_FALSE(IsNonBlocking(ours_.get()));
  theirs_.reset();
  EXPECT_EQ(output.Write("line\n"), WriteOutcome::kDropped);
}

INSTANTIATE_TEST_SUITE_P(Kinds, SocketOutputTest,
                         ::testing::Values(SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET));

TEST(Output, WritesToAFileWhereItsOffsetIs) {
  const test::TempDir dir;
  const std::string path = dir.Write("log", "");
  const UniqueFd fd(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  Output output(fd.get());
  EXPECT_EQ(output.Write("one\n"), WriteOutcome::kWritten);
  EXPECT_EQ(output.Write("two\n"), WriteOutcome::kWritten);
  EXPECT_EQ(test::ReadFile(path), "one\ntwo\n");
}

TEST(Output, CopesWithDevices) {
  const UniqueFd null(open("/dev/null", O_WRONLY | O_CLOEXEC));
  EXPECT_EQ(Output(null.get()).Write("x\n"), WriteOutcome::kWritten);
  const UniqueFd full(open("/dev/full", O_WRONLY | O_CLOEXEC));
  EXPECT_EQ(Output(full.get()).Write("x\n"), WriteOutcome::kDropped);
}

TEST(Output, DropsWithoutADescriptor) {
  EXPECT_EQ(Output(-1).Write("x\n"), WriteOutcome::kDropped);
  const UniqueFd read_only(open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(Output(read_only.get()).Write("x\n"), WriteOutcome::kWritten)
      << "reopened for writing, as the application could";
}

TEST(Output, DropsForAStoppedTerminal) {
  ExpectInChild([] {
    const test::Pty pty = test::MakePty();
    ASSERT_TRUE(pty.slave.valid());
    Output output(pty.slave.get());
    EXPECT_EQ(output.Write("seen\n"), WriteOutcome::kWritten);
    ASSERT_EQ(tcflow(pty.slave.get(), TCOOFF), 0);
    EXPECT_EQ(output.Write("lost\n"), WriteOutcome::kDropped);
    EXPECT_FALSE(IsNonBlocking(pty.slave.get()));
    ASSERT_EQ(tcflow(pty.slave.get(), TCOON), 0);
    EXPECT_EQ(output.Write("seen\n"), WriteOutcome::kWritten);
  });
}

}  // namespace
}  // namespace reaperd::sys
