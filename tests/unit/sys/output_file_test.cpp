#include "sys/output_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "child_process.h"
#include "refuse_calls.h"
#include "temp_dir.h"

namespace reaperd::sys {
namespace {

using test::ReadFile;
using test::TempDir;

TEST(LogFile, IsMadeAndAppendedTo) {
  const TempDir dir;
  const std::string path = dir.Path("log");
  const mode_t old_mask = umask(0);
  auto file = OpenLogFile(path);
  umask(old_mask);
  ASSERT_TRUE(file.ok()) << file.error().message();
  EXPECT_EQ(file->kind, OutputKind::kRegular);
  struct stat info {};
  ASSERT_EQ(fstat(file->fd.get(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0640U);
  const int flags = fcntl(file->fd.get(), F_GETFL);
  EXPECT_EQ(flags & (O_APPEND | O_NONBLOCK | O_ACCMODE), O_APPEND | O_NONBLOCK | O_WRONLY);
  EXPECT_EQ(fcntl(file->fd.get(), F_GETFD), FD_CLOEXEC);
  ASSERT_EQ(write(file->fd.get(), "one\n", 4), 4);
  // A second one goes on where the first ended.
  auto again = OpenLogFile(path);
  ASSERT_TRUE(again.ok());
  ASSERT_EQ(write(again->fd.get(), "two\n", 4), 4);
  EXPECT_EQ(ReadFile(path), "one\ntwo\n");
}

TEST(LogFile, ANameAloneIsOfTheWorkingDirectory) {
  test::ExpectInChild([] {
    const TempDir dir;
    ASSERT_EQ(chdir(dir.path().c_str()), 0);
    EXPECT_TRUE(OpenLogFile("log").ok());
    EXPECT_TRUE(std::filesystem::exists(dir.Path("log")));
  });
}

TEST(LogFile, AFifoThatSomebodyReadsIsFit) {
  const TempDir dir;
  const std::string path = dir.Path("fifo");
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const UniqueFd reader(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  auto file = OpenLogFile(path);
  ASSERT_TRUE(file.ok()) << file.error().message();
  EXPECT_EQ(file->kind, OutputKind::kFifo);
}

TEST(LogFile, ACharacterDeviceIsFit) {
  auto file = OpenLogFile("/dev/null");
  ASSERT_TRUE(file.ok()) << file.error().message();
  EXPECT_EQ(file->kind, OutputKind::kCharacterDevice);
}

struct UnfitFile {
  const char* name;
  int code;
  const char* words;  ///< of the message
  /// Makes the file and returns its path.
  std::string (*make)(const TempDir& dir);
};

class UnfitLogFileTest : public ::testing::TestWithParam<UnfitFile> {};

TEST_P(UnfitLogFileTest, IsRefusedWithItsReason) {
  const TempDir dir;
  const std::string target = dir.Write("target", "mine");
  const std::string path = GetParam().make(dir);
  const auto file = OpenLogFile(path);
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error().code(), GetParam().code) << file.error().message();
  EXPECT_NE(file.error().message().find(path), std::string::npos) << file.error().message();
  EXPECT_NE(file.error().message().find(GetParam().words), std::string::npos)
      << file.error().message();
  EXPECT_EQ(ReadFile(target), "mine");
}

INSTANTIATE_TEST_SUITE_P(
    Files, UnfitLogFileTest,
    ::testing::Values(
        UnfitFile{"NoDirectory", ENOENT, "No such file",
                  [](const TempDir& dir) { return dir.Path("no/log"); }},
        UnfitFile{"Symlink", ELOOP, "symbolic link",
                  [](const TempDir& dir) {
                    std::filesystem::create_symlink("target", dir.Path("link"));
                    return dir.Path("link");
                  }},
        UnfitFile{"SymlinkToNothing", ELOOP, "symbolic link",
                  [](const TempDir& dir) {
                    std::filesystem::create_symlink("no", dir.Path("link"));
                    return dir.Path("link");
                  }},
        UnfitFile{"TwoLinks", EMLINK, "more than one link",
                  [](const TempDir& dir) {
                    std::filesystem::create_hard_link(dir.Path("target"), dir.Path("second"));
                    return dir.Path("second");
                  }},
        UnfitFile{"FifoWithoutReader", ENXIO, "nobody reads",
                  [](const TempDir& dir) {
                    EXPECT_EQ(mkfifo(dir.Path("fifo").c_str(), 0600), 0);
                    return dir.Path("fifo");
                  }},
        UnfitFile{"Socket", ENXIO, "is a socket",
                  [](const TempDir& dir) {
                    const UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
                    sockaddr_un address{.sun_family = AF_UNIX};
                    dir.Path("socket").copy(address.sun_path, sizeof address.sun_path - 1);
                    EXPECT_EQ(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address),
                              0);
                    return dir.Path("socket");
                  }},
        UnfitFile{"Directory", EISDIR, "directory", [](const TempDir& dir) { return dir.path(); }},
        UnfitFile{"DirectoryWithSlash", EISDIR, "directory",
                  [](const TempDir& dir) { return dir.path() + "/"; }},
        UnfitFile{"Empty", ENOENT, "", [](const TempDir&) { return std::string(); }},
        UnfitFile{"UnderAFile", ENOTDIR, "Not a directory",
                  [](const TempDir& dir) { return dir.Path("target/below"); }},
        UnfitFile{"OpenFileOfProc", ELOOP, "/proc",
                  [](const TempDir&) { return std::string("/proc/self/fd/1"); }},
        UnfitFile{"InAPublicDirectory", EPERM, "sticky",
                  [](const TempDir& dir) {
                    EXPECT_EQ(mkdir(dir.Path("public").c_str(), 0700), 0);
                    EXPECT_EQ(chmod(dir.Path("public").c_str(), 0777), 0);
                    return dir.Path("public/log");
                  }}),
    [](const auto& param) { return param.param.name; });

TEST(LogFile, NothingIsMadeInAPublicDirectory) {
  const TempDir dir;
  ASSERT_EQ(mkdir(dir.Path("public").c_str(), 0700), 0);
  ASSERT_EQ(chmod(dir.Path("public").c_str(), 0777), 0);
  EXPECT_FALSE(OpenLogFile(dir.Path("public/log")).ok());
  EXPECT_FALSE(std::filesystem::exists(dir.Path("public/log")));
  ASSERT_EQ(chmod(dir.Path("public").c_str(), 01777), 0);
  EXPECT_TRUE(OpenLogFile(dir.Path("public/log")).ok());
}

TEST(LogFile, WorksWithoutOpenat2) {
  for (const int code : {ENOSYS, EPERM}) {
    test::ExpectInChild([code] {
      ASSERT_TRUE(test::RefuseCalls({{.number = SYS_openat2, .code = code}}));
      const TempDir dir;
      EXPECT_TRUE(OpenLogFile(dir.Path("log")).ok());
      std::filesystem::create_symlink("log", dir.Path("link"));
      EXPECT_EQ(OpenLogFile(dir.Path("link")).error().code(), ELOOP);
    });
  }
}

}  // namespace
}  // namespace reaperd::sys
