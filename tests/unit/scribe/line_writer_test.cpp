#include "scribe/line_writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "child_process.h"
#include "sys/output_file.h"
#include "temp_dir.h"

namespace reaperd::scribe {
namespace {

using test::ExpectInChild;
using test::ReadFile;
using test::TempDir;

constexpr std::size_t kPage = 4096;

/// A line that fills so many bytes, its newline included.
std::string Line(std::size_t bytes, char letter = 'x') {
  constexpr std::string_view kFrame = R"({"t":""})";
  return R"({"t":")" + std::string(bytes - kFrame.size() - 1, letter) + R"("})";
}

struct OpenLog {
  explicit OpenLog(const std::string& path) : file(sys::OpenLogFile(path).value()) {}
  [[nodiscard]] LogTarget target() const {
    return {.kind = LogTarget::Kind::kOurs, .fd = file.fd.get()};
  }
  sys::OutputFile file;
};

/// Files of this process may grow to `bytes` and no further: a write is cut there, as on a full
/// disk. The signal is blocked, as in the worker.
void LimitFiles(rlim_t bytes) {
  sigset_t too_large;
  sigemptyset(&too_large);
  sigaddset(&too_large, SIGXFSZ);
  sigprocmask(SIG_BLOCK, &too_large, nullptr);
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &limit), 0);
  limit.rlim_cur = bytes;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

TEST(LineWriter, AppendsLinesAsTheyAre) {
  const TempDir dir;
  const std::string path = dir.Write("log", "{}\n");
  const OpenLog log(path);
  LineWriter writer(log.target());
  writer.Write(R"({"a":1})", 0);
  writer.Write("\xff\x01\"", 0);
  EXPECT_EQ(ReadFile(path), "{}\n{\"a\":1}\n\xff\x01\"\n");
  EXPECT_EQ(writer.counts().handled, 2U);
  EXPECT_EQ(writer.counts().dropped, 0U);
}

TEST(LineWriter, TellsOnceWhatWasLostOnTheWay) {
  const TempDir dir;
  const OpenLog log(dir.Path("log"));
  LineWriter writer(log.target());
  writer.Write(R"({"a":1})", 3);
  writer.Write(R"({"a":2})", 0);
  writer.Write("{}", 1);
  EXPECT_EQ(ReadFile(dir.Path("log")), "{\"dropped\":3,\"a\":1}\n{\"a\":2}\n{\"dropped\":1}\n");
  EXPECT_EQ(writer.counts().told, 4U);
  EXPECT_EQ(writer.counts().dropped, 0U);
}

TEST(LineWriter, WhatIsNoObjectCannotTell) {
  const TempDir dir;
  const OpenLog log(dir.Path("log"));
  LineWriter writer(log.target());
  writer.Write("text", 2);
  EXPECT_EQ(writer.counts().told, 0U);
  writer.Write("{}", 1);
  EXPECT_EQ(ReadFile(dir.Path("log")), "text\n{\"dropped\":3}\n");
}

TEST(LineWriter, AFullDeviceDropsAndCounts) {
  const UniqueFd full(open("/dev/full", O_WRONLY | O_CLOEXEC));
  LineWriter writer({.kind = LogTarget::Kind::kOurs, .fd = full.get()});
  writer.Write("{}", 0);
  writer.Write("{}", 5);
  EXPECT_EQ(writer.counts().handled, 2U);
  EXPECT_EQ(writer.counts().dropped, 2U);
  EXPECT_EQ(writer.counts().told, 0U);
}

TEST(LineWriter, NowhereIsDropped) {
  LineWriter writer({});
  writer.Write("{}", 0);
  EXPECT_EQ(writer.counts().dropped, 1U);
}

TEST(LineWriter, ALineThatDoesNotFitIsTakenBack) {
  ExpectInChild([] {
    const TempDir dir;
    const OpenLog log(dir.Path("log"));
    LimitFiles(100);
    LineWriter writer(log.target());
    writer.Write(Line(60, 'a'), 0);
    writer.Write(Line(60, 'b'), 0);  // 40 bytes of it are taken at first
    EXPECT_EQ(ReadFile(dir.Path("log")), Line(60, 'a') + "\n");
    EXPECT_EQ(writer.counts().dropped, 1U);
    writer.Write(Line(20, 'c'), 0);
    EXPECT_EQ(ReadFile(dir.Path("log")),
              Line(60, 'a') + "\n{\"dropped\":1," + Line(20, 'c').substr(1) + "\n");
  });
}

TEST(LineWriter, ALineThatCannotBeTakenBackIsEndedByTheNext) {
  ExpectInChild([] {
    const TempDir dir;
    const std::string path = dir.Path("log");
    const OpenLog log(path);
    LimitFiles(100);
    // Standard error in a file: it is not ours to cut.
    LineWriter writer({.kind = LogTarget::Kind::kShared, .fd = log.file.fd.get()});
    writer.Write(Line(60, 'a'), 0);
    writer.Write(Line(60, 'b'), 0);
    EXPECT_EQ(ReadFile(path).size(), 100U);
    LimitFiles(200);
    writer.Write(Line(20, 'c'), 0);
    EXPECT_EQ(ReadFile(path), Line(60, 'a') + "\n" + Line(60, 'b').substr(0, 40) +
                                  "\n{\"dropped\":1," + Line(20, 'c').substr(1) + "\n");
    writer.Write("{}", 0);
    EXPECT_TRUE(ReadFile(path).ends_with("\n{}\n"));
    EXPECT_EQ(writer.counts().dropped, 1U);
  });
}

TEST(LineWriter, EndsALineThatAnEarlierOneLeftOpen) {
  const TempDir dir;
  const std::string path = dir.Write("log", "{}\n{\"cut");
  const OpenLog log(path);
  LineWriter writer(log.target());
  writer.Write("{}", 0);
  writer.Write("{}", 0);
  EXPECT_EQ(ReadFile(path), "{}\n{\"cut\n{}\n{}\n");
}

TEST(LineWriter, AFullFileSystemDropsUntilThereIsRoom) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to mount";
  ExpectInChild([] {
    const TempDir dir;
    ASSERT_EQ(unshare(CLONE_NEWNS), 0);
    ASSERT_EQ(mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    ASSERT_EQ(mount("small", dir.path().c_str(), "tmpfs", 0, "size=64k"), 0);
    const std::string path = dir.Path("log");
    {
      const OpenLog log(path);
      LineWriter writer(log.target());
      std::string written;
      while (writer.counts().dropped == 0) {
        written = ReadFile(path);
        writer.Write(Line(3000), 0);
      }
      EXPECT_GT(writer.counts().handled, 10U);
      EXPECT_EQ(ReadFile(path), written) << "no part of the line that did not fit";
      writer.Write(Line(3000), 0);
      ASSERT_EQ(truncate(path.c_str(), 0), 0);
      writer.Write("{}", 0);
      EXPECT_EQ(ReadFile(path), "{\"dropped\":2}\n");
    }
    EXPECT_EQ(umount(dir.path().c_str()), 0);
  });
}

/// A FIFO of one page whose reader can stand still.
class FifoTest : public ::testing::Test {
 protected:
  FifoTest() {
    sigset_t broken;
    sigemptyset(&broken);
    sigaddset(&broken, SIGPIPE);
    sigprocmask(SIG_BLOCK, &broken, nullptr);
    EXPECT_EQ(mkfifo(dir_.Path("fifo").c_str(), 0600), 0);
    reader_ = UniqueFd(open(dir_.Path("fifo").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    log_.emplace(dir_.Path("fifo"));
    EXPECT_EQ(fcntl(reader_.get(), F_SETPIPE_SZ, kPage), static_cast<int>(kPage));
  }

  std::string Take() {
    std::string text(4 * kPage, '\0');
    const ssize_t got = read(reader_.get(), text.data(), text.size());
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
  }

  TempDir dir_;
  UniqueFd reader_;
  std::optional<OpenLog> log_;
};

TEST_F(FifoTest, AReaderThatStandsStillLosesLinesAndIsToldSo) {
  LineWriter writer(log_->target());
  writer.Write(Line(3000, 'a'), 0);
  writer.Write(Line(3000, 'b'), 0);
  writer.Write(Line(3000, 'c'), 0);
  EXPECT_EQ(writer.counts().dropped, 2U);
  EXPECT_EQ(Take(), Line(3000, 'a') + "\n");
  writer.Write("{}", 0);
  EXPECT_EQ(Take(), "{\"dropped\":2}\n");
}

TEST_F(FifoTest, ALongLineThatIsCutIsEndedByTheNext) {
  LineWriter writer(log_->target());
  writer.Write(Line(2 * kPage, 'a'), 0);
  EXPECT_EQ(writer.counts().dropped, 1U);
  EXPECT_EQ(Take(), Line(2 * kPage, 'a').substr(0, kPage));
  writer.Write("{}", 0);
  EXPECT_EQ(Take(), "\n{\"dropped\":1}\n");
}

TEST_F(FifoTest, AReaderThatComesBackIsServedAgain) {
  LineWriter writer(log_->target());
  reader_.reset();
  writer.Write("{}", 0);
  EXPECT_EQ(writer.counts().dropped, 1U);
  reader_ = UniqueFd(open(dir_.Path("fifo").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  writer.Write("{}", 0);
  EXPECT_EQ(Take(), "{\"dropped\":1}\n");
}

TEST(LineWriter, NeverMakesTheApplicationsDescriptorNonBlocking) {
  ExpectInChild([] {
    const test::Pipe pipe = test::MakePipe();
    ASSERT_EQ(fcntl(pipe.write_end.get(), F_SETPIPE_SZ, kPage), static_cast<int>(kPage));
    LineWriter writer({.kind = LogTarget::Kind::kShared, .fd = pipe.write_end.get()});
    writer.Write(Line(3000), 0);
    writer.Write(Line(3000), 0);  // would wait for the reader
    EXPECT_EQ(writer.counts().dropped, 1U);
    EXPECT_EQ(fcntl(pipe.write_end.get(), F_GETFL) & O_NONBLOCK, 0);
  });
}

}  // namespace
}  // namespace reaperd::scribe
