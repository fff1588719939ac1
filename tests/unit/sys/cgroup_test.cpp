#include "sys/cgroup.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "temp_dir.h"

namespace reaperd::sys {
namespace {

using test::TempDir;

TEST(ParseCgroupPaths, TakesTheUnifiedLine) {
  const CgroupPaths paths = ParseCgroupPaths("0::/system.slice/web.service\n");
  EXPECT_EQ(paths.unified, "/system.slice/web.service");
  EXPECT_EQ(paths.memory(), "/system.slice/web.service");
  EXPECT_EQ(paths.pids(), "/system.slice/web.service");
}

TEST(ParseCgroupPaths, PrefersTheHierarchyThatHasTheController) {
  const CgroupPaths paths = ParseCgroupPaths(
      "9:name=systemd:/docker/ab\n8:pids:/docker/ab\n6:cpu,cpuacct:/x\n4:memory:/docker/m\n0::/"
      "u\n");
  EXPECT_EQ(paths.unified, "/u");
  EXPECT_EQ(paths.memory(), "/docker/m");
  EXPECT_EQ(paths.pids(), "/docker/ab");
}

TEST(ParseCgroupPaths, FindsControllersThatAreMountedTogether) {
  const CgroupPaths paths = ParseCgroupPaths("3:cpu,pids,memory:/both\n");
  EXPECT_EQ(paths.v1_memory, "/both");
  EXPECT_EQ(paths.v1_pids, "/both");
  EXPECT_EQ(paths.unified, std::nullopt);
}

TEST(ParseCgroupPaths, KeepsColonsAndBytesOfThePath) {
  EXPECT_EQ(ParseCgroupPaths("0::/a:b:c \xff\n").unified, "/a:b:c \xff");
}

TEST(ParseCgroupPaths, SkipsWhatItDoesNotUnderstand) {
  for (const char* text : {"", "\n", "0::/cut", "x", "0:/a\n", "0::\n", "0::relative\n", "1::/a\n",
                           "4:memory2:/a\n", "4:name=memory:/a\n"}) {
    EXPECT_EQ(ParseCgroupPaths(text), CgroupPaths{}) << text;
  }
}

TEST(ReadCgroupPaths, ReadsOurOwnAndThoseOfAPid) {
  const TempDir proc;
  proc.Write("self/cgroup", "0::/us\n");
  proc.Write("7/cgroup", "0::/them\n");
  EXPECT_EQ(ReadCgroupPaths(proc.path(), 0)->unified, "/us");
  EXPECT_EQ(ReadCgroupPaths(proc.path(), 7)->unified, "/them");
  EXPECT_EQ(ReadCgroupPaths(proc.path(), 8).error().code(), ENOENT);
}

TEST(FlatKeyedValue, FindsTheWholeKeyOnly) {
  const char* const text = "low 0\noom 1\noom_kill 2\noom_group_kill 3\n";
  EXPECT_EQ(FlatKeyedValue(text, "oom_kill"), 2U);
  EXPECT_EQ(FlatKeyedValue(text, "oom"), 1U);
  EXPECT_EQ(FlatKeyedValue(text, "kill"), std::nullopt);
  EXPECT_EQ(FlatKeyedValue("oom_kill x\n", "oom_kill"), std::nullopt);
  EXPECT_EQ(FlatKeyedValue("oom_kill 2", "oom_kill"), std::nullopt) << "a cut line";
}

/// A tree of cgroups with the mounts that show it.
class CgroupTreeTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::string MountV2(const std::string& root, const std::string& point) const {
    return "41 31 0:38 " + root + " " + fs_.Path(point) +
           " rw,relatime shared:9 - cgroup2 cgroup2 rw\n";
  }
  [[nodiscard]] std::string MountV1(const std::string& root, const std::string& controllers) const {
    return "35 31 0:32 " + root + " " + fs_.Path(controllers) + " rw - cgroup cgroup rw," +
           controllers + "\n";
  }
  std::string Group(const std::string& path) const {
    std::filesystem::create_directories(fs_.Path(path));
    return fs_.Path(path);
  }
  static CgroupPaths V2(const std::string& path) { return {.unified = path}; }

  TempDir fs_;
};

TEST_F(CgroupTreeTest, MapsAPathOfTheUnifiedTree) {
  const std::string group = Group("cg/system.slice/web");
  const auto tree = CgroupTree::Parse(MountV2("/", "cg"), V2("/"));
  EXPECT_EQ(tree.MemoryDirectory("/system.slice/web"), group);
  EXPECT_EQ(tree.PidsDirectory("/system.slice/web"), group);
  EXPECT_EQ(tree.MemoryDirectory("/"), fs_.Path("cg"));
  EXPECT_EQ(tree.MemoryDirectory("/system.slice/gone"), std::nullopt);
}

TEST_F(CgroupTreeTest, V1ControllersHaveMountsOfTheirOwn) {
  const std::string memory = Group("memory/m");
  const std::string pids = Group("pids/p");
  Group("cg/m");
  const CgroupPaths own{.unified = "/", .v1_memory = "/m", .v1_pids = "/p"};
  const auto tree =
      CgroupTree::Parse(MountV1("/", "memory") + MountV1("/", "pids") + MountV2("/", "cg"), own);
  EXPECT_EQ(tree.MemoryDirectory("/m"), memory);
  EXPECT_EQ(tree.PidsDirectory("/p"), pids);
}

TEST_F(CgroupTreeTest, AControllerOfV1ThatIsNotMountedIsNotLookedForInTheUnifiedTree) {
  Group("cg/m");
  const CgroupPaths own{.unified = "/", .v1_memory = "/m", .v1_pids = {}};
  const auto tree = CgroupTree::Parse(MountV2("/", "cg"), own);
  EXPECT_EQ(tree.MemoryDirectory("/m"), std::nullopt);
  EXPECT_EQ(tree.PidsDirectory("/m"), fs_.Path("cg/m"));
}

TEST_F(CgroupTreeTest, AMountOfAPartShowsPathsBelowItsRoot) {
  Group("cg/inner");
  const auto tree = CgroupTree::Parse(MountV2("/docker/ab", "cg"), V2("/docker/ab/inner"));
  EXPECT_EQ(tree.MemoryDirectory("/docker/ab"), fs_.Path("cg"));
  EXPECT_EQ(tree.MemoryDirectory("/docker/ab/inner"), fs_.Path("cg/inner"));
  EXPECT_EQ(tree.MemoryDirectory("/docker/abc"), std::nullopt) << "a neighbour";
  EXPECT_EQ(tree.MemoryDirectory("/docker"), std::nullopt);
}

TEST_F(CgroupTreeTest, OurOwnPathThatIsNotVisibleIsTheRootOfTheMount) {
  Group("cg");
  const auto tree = CgroupTree::Parse(MountV2("/", "cg"), V2("/docker/ab"));
  EXPECT_EQ(tree.MemoryDirectory("/docker/ab"), fs_.Path("cg"));
  EXPECT_EQ(tree.MemoryDirectory("/docker/cd"), std::nullopt) << "not ours";
}

TEST_F(CgroupTreeTest, PathsThatLeaveTheTreeOrAreGoneAreNotMapped) {
  Group("cg/a (deleted)");
  Group("outside");
  const auto tree = CgroupTree::Parse(MountV2("/", "cg"), V2("/"));
  for (const char* path :
       {"/../outside", "/..", "/a/../../outside", "/a (deleted)", "", "outside"}) {
    EXPECT_EQ(tree.MemoryDirectory(path), std::nullopt) << path;
  }
  const auto above = CgroupTree::Parse(MountV2("/../..", "cg"), V2("/"));
  EXPECT_EQ(above.MemoryDirectory("/x"), std::nullopt);
}

TEST_F(CgroupTreeTest, UnescapesMountPoints) {
  Group("a b\\c/g");
  const std::string line = "41 31 0:38 / " + fs_.path() + "/a\\040b\\134c rw - cgroup2 none rw\n";
  const auto tree = CgroupTree::Parse(line, V2("/"));
  EXPECT_EQ(tree.MemoryDirectory("/g"), fs_.Path("a b\\c/g"));
}

TEST_F(CgroupTreeTest, TheFirstOfSeveralMountsCounts) {
  Group("one/g");
  Group("two/g");
  const auto tree = CgroupTree::Parse(MountV2("/", "one") + MountV2("/", "two"), V2("/"));
  EXPECT_EQ(tree.MemoryDirectory("/g"), fs_.Path("one/g"));
}

TEST_F(CgroupTreeTest, IsEmptyWithoutCgroups) {
  for (const char* text : {"", "no mount\n", "1 2 0:1 / / rw - ext4 x rw\n", "1 2 3 4 5 6 7 -\n"}) {
    const auto tree = CgroupTree::Parse(text, V2("/"));
    EXPECT_EQ(tree.MemoryDirectory("/"), std::nullopt);
    EXPECT_EQ(tree.OomCounter("/"), std::nullopt);
    EXPECT_TRUE(tree.PidsDirectories("/").empty());
  }
  const TempDir empty;
  EXPECT_EQ(CgroupTree::Read(empty.path()).memory(), std::nullopt);
}

TEST_F(CgroupTreeTest, IsReadFromProc) {
  const TempDir proc;
  Group("cg/g");
  proc.Write("self/cgroup", "0::/g\n");
  proc.Write("self/mountinfo", MountV2("/", "cg"));
  const auto tree = CgroupTree::Read(proc.path());
  EXPECT_EQ(tree.own().memory(), "/g");
  EXPECT_EQ(tree.MemoryDirectory("/g"), fs_.Path("cg/g"));
}

TEST_F(CgroupTreeTest, CountsOomKillsWhereTheGroupItselfDoes) {
  fs_.Write("cg/g/memory.events.local", "oom 1\noom_kill 3\n");
  fs_.Write("cg/g/memory.events", "oom_kill 9\n");
  const auto tree = CgroupTree::Parse(MountV2("/", "cg"), V2("/"));
  const auto counter = tree.OomCounter("/g");
  ASSERT_TRUE(counter.has_value());
  EXPECT_FALSE(counter->hierarchical);
  EXPECT_EQ(ReadCgroupCounter(*counter)->value, 3U);
}

TEST_F(CgroupTreeTest, CountsOomKillsOfAGroupWithoutTheControllerAbove) {
  fs_.Write("cg/memory.events.local", "oom_kill 7\n");
  fs_.Write("cg/a/memory.events.local", "oom_kill 4\n");
  Group("cg/a/b/c");
  const auto tree = CgroupTree::Parse(MountV2("/", "cg"), V2("/"));
  EXPECT_EQ(tree.OomCounter("/a/b/c")->path, fs_.Path("cg/a/memory.events.local"));
  EXPECT_EQ(tree.OomCounter("/a/b"), tree.OomCounter("/a")) << "one counter for all of them";
}

TEST_F(CgroupTreeTest, AnOldKernelCountsWithWhatIsBelow) {
  fs_.Write("cg/a/memory.events", "oom_kill 5\n");
  const auto tree = CgroupTree::Parse(MountV2("/", "cg"), V2("/"));
  EXPECT_TRUE(tree.OomCounter("/a")->hierarchical);
  EXPECT_EQ(ReadCgroupCounter(*tree.OomCounter("/a"))->value, 5U);
  EXPECT_EQ(tree.OomCounter("/"), std::nullopt) << "the root group has no such file";
}

TEST_F(CgroupTreeTest, V1CountsInOomControl) {
  fs_.Write("memory/m/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");
  const CgroupPaths own{.unified = {}, .v1_memory = "/m", .v1_pids = {}};
  const auto tree = CgroupTree::Parse(MountV1("/", "memory"), own);
  EXPECT_EQ(ReadCgroupCounter(*tree.OomCounter("/m"))->value, 2U);
  EXPECT_FALSE(tree.OomCounter("/m")->v2);
}

TEST_F(CgroupTreeTest, AGroupThatWasMadeAnewHasAnotherIdentity) {
  const CgroupCounter counter{.path = fs_.Write("f", "max 1\n"), .key = "max"};
  const auto first = ReadCgroupCounter(counter);
  EXPECT_EQ(ReadCgroupCounter(counter)->identity, first->identity);
  std::filesystem::rename(counter.path, fs_.Path("old"));
  EXPECT_EQ(ReadCgroupCounter(counter).error().code(), ENOENT);
  fs_.Write("f", "max 0\n");
  EXPECT_NE(ReadCgroupCounter(counter)->identity, first->identity);
}

TEST_F(CgroupTreeTest, ACounterWithoutItsKeyIsAnError) {
  EXPECT_EQ(ReadCgroupCounter({.path = fs_.Write("f", "low 1\n"), .key = "max"}).error().code(),
            EINVAL);
}

TEST_F(CgroupTreeTest, ListsDirectoriesUpToTheMount) {
  const std::string low = Group("cg/a/b");
  const auto tree = CgroupTree::Parse(MountV2("/", "cg"), V2("/a/b"));
  EXPECT_EQ(tree.PidsDirectories("/a/b"),
            (std::vector<std::string>{low, fs_.Path("cg/a"), fs_.Path("cg")}));
  EXPECT_EQ(tree.PidsDirectories("/"), (std::vector<std::string>{fs_.Path("cg")}));
  fs_.Write("cg/a/pids.events", "max 2\n");
  EXPECT_EQ(tree.PidsCounter("/a/b")->path, fs_.Path("cg/a/pids.events"));
}

TEST(CgroupTree, FindsOurselvesOnThisMachine) {
  const auto tree = CgroupTree::Read("/proc");
  if (!tree.own().memory()) GTEST_SKIP() << "no cgroups here";
  if (!tree.memory()) GTEST_SKIP() << "they are not mounted";
  EXPECT_TRUE(tree.MemoryDirectory(*tree.own().memory()).has_value());
}

}  // namespace
}  // namespace reaperd::sys
