#include "sys/socket_path.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "temp_dir.h"

namespace reaperd::sys {
namespace {

using Paths = std::vector<std::string>;

mode_t ModeOf(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(stat(path.c_str(), &info), 0) << path;
  return info.st_mode & 07777;
}

TEST(SocketCandidates, AreSearchedInThisOrder) {
  EXPECT_EQ(SocketCandidates({.xdg_runtime_dir = "/run/user/7", .euid = 7}),
            (Paths{"/run/reaperd/reaperd.sock", "/run/user/7/reaperd/reaperd.sock",
                   "/dev/shm/reaperd-7/reaperd.sock"}));
}

TEST(SocketCandidates, AreTheNamedOneAlone) {
  EXPECT_EQ(SocketCandidates({.named = "/x/y", .xdg_runtime_dir = "/z"}), Paths{"/x/y"});
}

TEST(SocketCandidates, LeaveOutARuntimeDirectoryThatIsNotAbsolute) {
  for (const char* directory : {"", "run", "./run"}) {
    EXPECT_EQ(SocketCandidates({.xdg_runtime_dir = directory}).size(), 2U) << directory;
  }
}

TEST(SocketCandidates, ComeFromTheEnvironment) {
  setenv("REAPERD_STATUS_SOCKET", "/named", 1);
  setenv("XDG_RUNTIME_DIR", "/xdg", 1);
  const SocketSearch search = OurSocketSearch();
  unsetenv("REAPERD_STATUS_SOCKET");
  unsetenv("XDG_RUNTIME_DIR");
  EXPECT_EQ(search.named, "/named");
  EXPECT_EQ(search.xdg_runtime_dir, "/xdg");
  EXPECT_EQ(search.euid, geteuid());
  EXPECT_TRUE(OurSocketSearch().named.empty());
}

class SocketPathTest : public ::testing::Test {
 protected:
  [[nodiscard]] SocketSearch Search() const {
    return {.euid = geteuid(), .run = dir_.Path("run"), .shm = dir_.Path("shm")};
  }
  void MakeDir(const std::string& name, mode_t mode = 0755) const {
    ASSERT_EQ(mkdir(dir_.Path(name).c_str(), 0700), 0) << name;
    ASSERT_EQ(chmod(dir_.Path(name).c_str(), mode), 0);
  }

  test::TempDir dir_;
};

TEST_F(SocketPathTest, TakesTheFirstPlace) {
  MakeDir("run");
  const auto found = ListenAtFirst(Search(), {});
  ASSERT_TRUE(found.ok()) << found.error().message();
  EXPECT_EQ(found->socket.path(), dir_.Path("run/reaperd/reaperd.sock"));
  EXPECT_TRUE(found->refused.empty());
  EXPECT_EQ(ModeOf(dir_.Path("run/reaperd")), 0700U);
}

TEST_F(SocketPathTest, OpensTheDirectoryForTheGroup) {
  MakeDir("run");
  const auto found = ListenAtFirst(Search(), getegid());
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(ModeOf(dir_.Path("run/reaperd")), 0750U);
  EXPECT_EQ(ModeOf(found->socket.path()), 0660U);
}

TEST_F(SocketPathTest, GoesOnWhereTheFirstPlaceIsMissing) {
  MakeDir("shm", 01777);
  const auto found = ListenAtFirst(Search(), {});
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->socket.path(),
            dir_.Path("shm/reaperd-" + std::to_string(geteuid()) + "/reaperd.sock"));
  EXPECT_EQ(found->refused.size(), 1U);
}

TEST_F(SocketPathTest, GoesOnWhereAnotherInstanceListens) {
  MakeDir("run");
  MakeDir("shm");
  const auto first = ListenAtFirst(Search(), {});
  const auto second = ListenAtFirst(Search(), {});
  ASSERT_TRUE(second.ok());
  EXPECT_NE(second->socket.path(), first->socket.path());
  ASSERT_EQ(second->refused.size(), 1U);
  EXPECT_NE(second->refused[0].find("somebody listens"), std::string::npos);
}

TEST_F(SocketPathTest, DoesNotTakeADirectoryInWhichOthersWrite) {
  MakeDir("run");
  for (const mode_t mode : {0777U, 0770U, 01777U, 0702U}) {
    ASSERT_EQ(mkdir(dir_.Path("run/reaperd").c_str(), 0700), 0);
    ASSERT_EQ(chmod(dir_.Path("run/reaperd").c_str(), mode), 0);
    EXPECT_EQ(MakeSocketDirectory(dir_.Path("run/reaperd"), {}).error().code(), EPERM) << mode;
    ASSERT_EQ(rmdir(dir_.Path("run/reaperd").c_str()), 0);
  }
}

TEST_F(SocketPathTest, DoesNotFollowALink) {
  MakeDir("run");
  MakeDir("elsewhere", 0700);
  ASSERT_EQ(symlink(dir_.Path("elsewhere").c_str(), dir_.Path("run/reaperd").c_str()), 0);
  const Status status = MakeSocketDirectory(dir_.Path("run/reaperd"), {});
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code(), ELOOP);
}

TEST_F(SocketPathTest, DoesNotTakeAFileForADirectory) {
  MakeDir("run");
  dir_.Write("run/reaperd", "");
  EXPECT_EQ(MakeSocketDirectory(dir_.Path("run/reaperd"), {}).error().code(), ENOTDIR);
}

TEST_F(SocketPathTest, DoesNotTakeADirectoryOfSomebodyElse) {
  MakeDir("run", 0700);
  EXPECT_TRUE(CheckSocketDirectory(dir_.Path("run"), geteuid()).ok());
  EXPECT_EQ(CheckSocketDirectory(dir_.Path("run"), geteuid() + 1).error().code(), EPERM);
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a directory away";
  ASSERT_EQ(chown(dir_.Path("run").c_str(), 1234, static_cast<gid_t>(-1)), 0);
  EXPECT_EQ(MakeSocketDirectory(dir_.Path("run"), {}).error().code(), EPERM);
}

TEST_F(SocketPathTest, NamesAllPlacesWhenThereIsNone) {
  const auto found = ListenAtFirst(Search(), {});
  ASSERT_FALSE(found.ok());
  EXPECT_NE(found.error().message().find(dir_.Path("run")), std::string::npos);
  EXPECT_NE(found.error().message().find(dir_.Path("shm")), std::string::npos);
}

TEST_F(SocketPathTest, TakesANamedSocketAsItIs) {
  MakeDir("open", 0777);
  SocketSearch search = Search();
  search.named = dir_.Path("open/x.sock");
  EXPECT_TRUE(ListenAtFirst(search, getegid()).ok());
  EXPECT_EQ(ModeOf(dir_.Path("open")), 0777U);
  search.named = dir_.Path("new/x.sock");
  EXPECT_TRUE(ListenAtFirst(search, {}).ok());
  EXPECT_EQ(ModeOf(dir_.Path("new")), 0700U);
  search.named = dir_.Path("groups/x.sock");
  EXPECT_TRUE(ListenAtFirst(search, getegid()).ok());
  EXPECT_EQ(ModeOf(dir_.Path("groups")), 0750U);
  search.named = dir_.Path("not/there/x.sock");
  const Error error = ListenAtFirst(search, {}).error();
  EXPECT_EQ(error.code(), ENOENT);
  EXPECT_EQ(error.message(),
            "cannot make " + dir_.Path("not/there") + ": No such file or directory");
}

}  // namespace
}  // namespace reaperd::sys
