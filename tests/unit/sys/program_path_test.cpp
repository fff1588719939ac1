#include "sys/program_path.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>

#include "child_process.h"
#include "temp_dir.h"

namespace reaperd::sys {
namespace {

using Texts = std::vector<std::string>;

TEST(ProgramCandidates, FollowThePath) {
  EXPECT_EQ(ProgramCandidates("prog", {"A=1", "PATH=/a:/b/"}), (Texts{"/a/prog", "/b//prog"}));
  EXPECT_EQ(ProgramCandidates("prog", {"PATH=:/a:"}), (Texts{"prog", "/a/prog", "prog"}));
  EXPECT_EQ(ProgramCandidates("prog", {"PATH="}), Texts{"prog"});
  EXPECT_EQ(ProgramCandidates("prog", {"XPATH=/a"}), (Texts{"/bin/prog", "/usr/bin/prog"}));
}

TEST(ProgramCandidates, ASlashMeansNoSearch) {
  for (const char* program : {"/x/prog", "./prog", "x/prog", "prog/"}) {
    EXPECT_EQ(ProgramCandidates(program, {"PATH=/a"}), Texts{program});
  }
}

TEST(ProgramCandidates, NothingIsNowhere) {
  EXPECT_TRUE(ProgramCandidates("", {}).empty());
}

TEST(FindProgram, SaysWhatExecWouldSay) {
  const test::TempDir dir;
  dir.Script("good/prog", "true");
  dir.Write("plain/prog", "", 0644);
  dir.Write("file", "");
  std::filesystem::create_directories(dir.Path("folder/prog"));
  const auto find = [&](const std::string& path) { return FindProgram("prog", {"PATH=" + path}); };
  const std::string good = dir.Path("good");
  const std::string plain = dir.Path("plain");
  EXPECT_EQ(find(good), 0);
  EXPECT_EQ(find(plain), EACCES);
  EXPECT_EQ(find(dir.Path("folder")), EACCES);
  EXPECT_EQ(find(plain + ":" + good), 0);
  EXPECT_EQ(find(plain + ":/nowhere"), EACCES);
  EXPECT_EQ(find("/nowhere:" + plain), EACCES);
  EXPECT_EQ(find("/nowhere"), ENOENT);
  EXPECT_EQ(FindProgram(dir.Path("good/prog"), {}), 0);
  EXPECT_EQ(FindProgram(dir.Path("no"), {}), ENOENT);
  EXPECT_EQ(FindProgram(dir.Path("file/prog"), {}), ENOTDIR);
  EXPECT_EQ(FindProgram("", {"PATH=" + good}), ENOENT);
}

TEST(FindProgram, AsksForTheUserThatWeAre) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to become somebody else";
  const test::TempDir dir;
  dir.Write("prog", "#!/bin/sh\n", 0700);
  test::ExpectInChild([&] {
    EXPECT_EQ(FindProgram(dir.Path("prog"), {}), 0);
    ASSERT_EQ(setresuid(12345, 12345, 12345), 0);
    EXPECT_EQ(FindProgram(dir.Path("prog"), {}), EACCES);
  });
}

}  // namespace
}  // namespace reaperd::sys
