#include "sys/termination_log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/unique_fd.h"
#include "child_process.h"
#include "refuse_calls.h"
#include "temp_dir.h"

namespace reaperd::sys {
namespace {

using test::ReadFile;
using test::TempDir;

constexpr char kText[] = "main sh (pid 7) exit 3 after 5s\n";

TEST(TerminationLog, IsWrittenIntoAnEmptyFile) {
  const TempDir dir;
  const std::string path = dir.Write("log", "");
  EXPECT_TRUE(CheckTerminationLog(path).ok());
  EXPECT_EQ(ReadFile(path), "");
  EXPECT_TRUE(WriteTerminationLog(path, kText).ok());
  EXPECT_EQ(ReadFile(path), kText);
}

TEST(TerminationLog, WhatTheApplicationWroteStays) {
  const TempDir dir;
  const std::string path = dir.Write("log", "out of cheese\n");
  EXPECT_TRUE(CheckTerminationLog(path).ok());
  EXPECT_TRUE(WriteTerminationLog(path, kText).ok());
  EXPECT_EQ(ReadFile(path), "out of cheese\n");
}

TEST(TerminationLog, ALongTextIsCut) {
  const TempDir dir;
  const std::string path = dir.Write("log", "");
  EXPECT_TRUE(WriteTerminationLog(path, std::string(5000, 'x')).ok());
  EXPECT_EQ(ReadFile(path).size(), kTerminationLogBytes);
}

struct UnfitFile {
  const char* name;
  int code;
  /// Makes the file and returns its path.
  std::string (*make)(const TempDir& dir);
};

class UnfitTerminationLogTest : public ::testing::TestWithParam<UnfitFile> {};

TEST_P(UnfitTerminationLogTest, IsRefusedAndNotTouched) {
  const TempDir dir;
  const std::string target = dir.Write("target", "");
  const std::string path = GetParam().make(dir);
  for (const Status& status : {CheckTerminationLog(path), WriteTerminationLog(path, kText)}) {
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code(), GetParam().code) << status.error().message();
    EXPECT_NE(status.error().message().find(path), std::string::npos);
  }
  EXPECT_EQ(ReadFile(target), "");
}

INSTANTIATE_TEST_SUITE_P(
    Files, UnfitTerminationLogTest,
    ::testing::Values(
        UnfitFile{"Missing", ENOENT, [](const TempDir& dir) { return dir.Path("no"); }},
        UnfitFile{"Symlink", ELOOP,
                  [](const TempDir& dir) {
                    std::filesystem::create_symlink("target", dir.Path("link"));
                    return dir.Path("link");
                  }},
        UnfitFile{"TwoLinks", EMLINK,
                  [](const TempDir& dir) {
                    std::filesystem::create_hard_link(dir.Path("target"), dir.Path("second"));
                    return dir.Path("second");
                  }},
        UnfitFile{"FifoWithoutReader", ENXIO,
                  [](const TempDir& dir) {
                    EXPECT_EQ(mkfifo(dir.Path("fifo").c_str(), 0600), 0);
                    return dir.Path("fifo");
                  }},
        UnfitFile{"Directory", EISDIR, [](const TempDir& dir) { return dir.path(); }},
        UnfitFile{"Device", EINVAL, [](const TempDir&) { return std::string("/dev/null"); }},
        UnfitFile{"UnderAFile", ENOTDIR,
                  [](const TempDir& dir) { return dir.Path("target/below"); }}),
    [](const auto& param) { return param.param.name; });

TEST(TerminationLog, AFifoWithAReaderIsRefusedToo) {
  const TempDir dir;
  const std::string path = dir.Path("fifo");
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const UniqueFd reader(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  EXPECT_EQ(WriteTerminationLog(path, kText).error().code(), EINVAL);
  char byte = 0;
  EXPECT_EQ(read(reader.get(), &byte, 1), 0);
}

TEST(TerminationLog, ALinkOfProcIntoAnOpenFileIsRefused) {
  const TempDir dir;
  const std::string target = dir.Write("target", "");
  const UniqueFd fd(open(target.c_str(), O_RDWR | O_CLOEXEC));
  const std::string path = "/proc/self/fd/" + std::to_string(fd.get());
  EXPECT_EQ(WriteTerminationLog(path, kText).error().code(), ELOOP);
  // Also as a part of the way.
  const UniqueFd dir_fd(open(dir.path().c_str(), O_DIRECTORY | O_CLOEXEC));
  const std::string through = "/proc/self/fd/" + std::to_string(dir_fd.get()) + "/target";
  EXPECT_EQ(WriteTerminationLog(through, kText).error().code(), ELOOP);
  EXPECT_EQ(ReadFile(target), "");
}

TEST(TerminationLog, WorksWithoutOpenat2) {
  for (const int code : {ENOSYS, EPERM}) {
    test::ExpectInChild([code] {
      ASSERT_TRUE(test::RefuseCalls({{.number = SYS_openat2, .code = code}}));
      const TempDir dir;
      const std::string path = dir.Write("log", "");
      std::filesystem::create_symlink("log", dir.Path("link"));
      EXPECT_EQ(WriteTerminationLog(dir.Path("link"), kText).error().code(), ELOOP);
      EXPECT_EQ(ReadFile(path), "");
      EXPECT_TRUE(WriteTerminationLog(path, kText).ok());
      EXPECT_EQ(ReadFile(path), kText);
    });
  }
}

TEST(TerminationLog, SaysSoWhenTheFileCannotBeWritten) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to become somebody else";
  test::ExpectInChild([] {
    const TempDir dir;
    const std::string path = dir.Write("log", "", 0600);
    ASSERT_EQ(setresuid(12345, 12345, 0), 0);
    EXPECT_EQ(CheckTerminationLog(path).error().code(), EACCES);
    EXPECT_EQ(WriteTerminationLog(path, kText).error().code(), EACCES);
    ASSERT_EQ(setresuid(0, 0, 0), 0);
  });
}

}  // namespace
}  // namespace reaperd::sys
