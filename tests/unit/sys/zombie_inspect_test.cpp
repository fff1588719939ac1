// sys::InspectZombie on real zombies and on trees that the test made.
#include "sys/zombie_inspect.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "child_process.h"
#include "sys/procfs.h"
#include "temp_dir.h"

namespace reaperd::sys {
namespace {

using Files = std::vector<model::InspectedFile>;

int CodeOf(const Result<Files>& files) {
  return files ? 0 : files.error().code();
}

const model::InspectedFile& FileOf(const Files& files, const std::string& name) {
  const auto at = std::find_if(files.begin(), files.end(),
                               [&](const model::InspectedFile& file) { return file.name == name; });
  EXPECT_NE(at, files.end()) << name;
  return at != files.end() ? *at : files.front();
}

TEST(ZombieInspect, ShowsWhatAZombieStillHas) {
  const pid_t pid = test::Fork([] { return 3; });
  ASSERT_TRUE(test::Eventually([&] { return test::StateOf(pid) == 'Z'; }));
  const std::uint64_t start_ticks = ReadStat("/proc", pid)->start_ticks;
  const auto files = InspectZombie("/proc", pid, start_ticks);
  ASSERT_TRUE(files.ok());
  EXPECT_EQ(ParseStat(FileOf(*files, "stat").text)->start_ticks, start_ticks);
  EXPECT_NE(FileOf(*files, "status").text.find("zombie"), std::string::npos);
  EXPECT_NE(FileOf(*files, "limits").text.find("Max open files"), std::string::npos);
  EXPECT_TRUE(FileOf(*files, "ns/pid").text.starts_with("pid:["));
  EXPECT_TRUE(FileOf(*files, "ns/user").text.starts_with("user:["));
  for (const model::InspectedFile& file : *files) {
    EXPECT_FALSE(file.truncated) << file.name;
    EXPECT_EQ(file.error != 0, file.text.empty()) << file.name;
  }
  EXPECT_EQ(CodeOf(InspectZombie("/proc", pid, 0)), 0);
  EXPECT_EQ(CodeOf(InspectZombie("/proc", pid, start_ticks + 1)), ESRCH) << "who had the number";
  waitpid(pid, nullptr, 0);
  EXPECT_EQ(CodeOf(InspectZombie("/proc", pid, start_ticks)), ESRCH);
}

TEST(ZombieInspect, NobodyElseIsShown) {
  const test::ScopedChild child(test::ForkSleeper());
  EXPECT_EQ(CodeOf(InspectZombie("/proc", child.pid(), 0)), ESRCH) << "it lives";
  EXPECT_EQ(CodeOf(InspectZombie("/proc", getpid(), 0)), ESRCH);
  const test::TempDir strange;
  EXPECT_EQ(CodeOf(InspectZombie(strange.path(), child.pid(), 0)), ENOENT);
}

/// A /proc with one zombie of ours, 77.
class MadeProc {
 public:
  MadeProc() {
    std::filesystem::create_symlink(std::to_string(getpid()), dir_.Path("self"));
    dir_.Write(std::to_string(getpid()) + "/status", "Name:\tme\nNSpid:\t1\n");
    Write("stat", "77 (corpse) Z " + std::to_string(getpid()) +
                      " 77 77 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4711 0 0\n");
  }
  void Write(const std::string& name, const std::string& text) const {
    dir_.Write("77/" + name, text);
  }
  [[nodiscard]] std::string path() const { return dir_.path(); }

 private:
  test::TempDir dir_;
};

TEST(ZombieInspect, TellsTheErrnoOfWhatCannotBeRead) {
  const MadeProc proc;
  std::filesystem::create_directory(proc.path() + "/77/limits");
  const auto files = InspectZombie(proc.path(), 77, 4711);
  ASSERT_TRUE(files.ok());
  EXPECT_EQ(FileOf(*files, "stat").error, 0);
  EXPECT_EQ(FileOf(*files, "limits").error, EISDIR);
  EXPECT_EQ(FileOf(*files, "io").error, ENOENT);
  EXPECT_EQ(FileOf(*files, "ns/pid").error, ENOENT);
}

TEST(ZombieInspect, CutsOffWhatIsTooLong) {
  const MadeProc proc;
  proc.Write("status", std::string(kInspectedFileBytes + 1, 'x'));
  proc.Write("io", std::string(kInspectedFileBytes, 'x'));
  const auto files = InspectZombie(proc.path(), 77, 4711);
  ASSERT_TRUE(files.ok());
  EXPECT_EQ(FileOf(*files, "status").text.size(), kInspectedFileBytes);
  EXPECT_TRUE(FileOf(*files, "status").truncated);
  EXPECT_EQ(FileOf(*files, "io").text.size(), kInspectedFileBytes);
  EXPECT_FALSE(FileOf(*files, "io").truncated);
}

}  // namespace
}  // namespace reaperd::sys
