#include "sys/cgroup_event_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "child_process.h"
#include "temp_dir.h"

namespace reaperd::sys {
namespace {

using test::TempDir;

TEST(CgroupEventFile, ReadsTheValueOfNow) {
  const TempDir dir;
  const std::string path = dir.Write("pids.events", "max 3\n");
  const auto file = CgroupEventFile::Open({.path = path, .key = "max"});
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(*file->Read(), 3U);
  dir.Write("pids.events", "max 12\n");
  EXPECT_EQ(*file->Read(), 12U);
  EXPECT_EQ(fcntl(file->descriptor(), F_GETFD), FD_CLOEXEC);
  EXPECT_FALSE(file->notifies()) << "v1";
}

TEST(CgroupEventFile, IsNotOpenedWithoutItsKey) {
  const TempDir dir;
  EXPECT_EQ(CgroupEventFile::Open({.path = dir.Path("none"), .key = "max"}).error().code(), ENOENT);
  const std::string path = dir.Write("f", "low 1\n");
  EXPECT_EQ(CgroupEventFile::Open({.path = path, .key = "max"}).error().code(), EINVAL);
}

/// A v2 group of our own, where this machine permits one.
class RealGroup {
 public:
  RealGroup() {
    for (const char* root : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
      path_ = std::string(root) + "/reaperd-unit-" + std::to_string(getpid());
      if (!std::filesystem::exists(std::string(root) + "/cgroup.controllers")) continue;
      std::error_code error;
      if (std::filesystem::create_directory(path_, error)) return;
    }
    path_.clear();
  }
  RealGroup(const RealGroup&) = delete;
  RealGroup& operator=(const RealGroup&) = delete;
  ~RealGroup() { Remove(); }
  void Remove() const {
    if (!path_.empty()) rmdir(path_.c_str());
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// What epoll says within a second, 0 for nothing.
std::uint32_t NextEvents(int epoll, int timeout_ms) {
  epoll_event event{};
  return epoll_wait(epoll, &event, 1, timeout_ms) > 0 ? event.events : 0;
}

TEST(CgroupEventFile, TellsOfEachChangeOnV2) {
  const RealGroup group;
  if (group.path().empty()) GTEST_SKIP() << "no v2 cgroup may be made here";
  const CgroupCounter counter{
      .path = group.path() + "/cgroup.events", .key = "populated", .v2 = true};
  const auto file = CgroupEventFile::Open(counter);
  ASSERT_TRUE(file.ok()) << file.error().message();
  EXPECT_TRUE(file->notifies());
  const UniqueFd epoll(epoll_create1(EPOLL_CLOEXEC));
  epoll_event wanted{.events = CgroupEventFile::kEvents, .data = {}};
  ASSERT_EQ(epoll_ctl(epoll.get(), EPOLL_CTL_ADD, file->descriptor(), &wanted), 0);
  EXPECT_EQ(NextEvents(epoll.get(), 0), 0U) << "it was read at opening";
  for (int round = 0; round < 2; ++round) {  // the second without a read between
    const test::ScopedChild child(test::ForkSleeper());
    std::ofstream(group.path() + "/cgroup.procs") << child.pid();
    EXPECT_NE(NextEvents(epoll.get(), 10'000) & EPOLLPRI, 0U);
    EXPECT_EQ(NextEvents(epoll.get(), 0), 0U) << "one change, one event";
    EXPECT_EQ(*file->Read(), 1U);
    kill(child.pid(), SIGKILL);
    EXPECT_NE(NextEvents(epoll.get(), 10'000) & EPOLLPRI, 0U);
  }
  group.Remove();
  ASSERT_FALSE(std::filesystem::exists(group.path()));
  EXPECT_EQ(file->Read().error().code(), ENODEV);
}

}  // namespace
}  // namespace reaperd::sys
