// Reading of configuration files: what is opened, what is refused.
#include "config/config_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "config/config_parser.h"
#include "config/json_tree.h"
#include "temp_dir.h"

namespace reaperd::config {
namespace {

class ConfigFileTest : public ::testing::Test {
 protected:
  std::string Refusal(const std::string& path) {
    const auto file = ReadConfigFile(path);
    return file.ok() ? "accepted" : file.error().message();
  }

  test::TempDir dir_;
};

TEST_F(ConfigFileTest, GivesTheWholeTextAndNoWarning) {
  const std::string text(100'000, 'x');
  const auto file = ReadConfigFile(dir_.Write("a.json", text));
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->text, text);
  EXPECT_TRUE(file->warnings.empty());
}

TEST_F(ConfigFileTest, FollowsLinksAsAConfigMapHasThem) {
  dir_.Write("..data_1/hold.json", "{}");
  std::filesystem::create_directory_symlink("..data_1", dir_.Path("..data"));
  std::filesystem::create_symlink("..data/hold.json", dir_.Path("hold.json"));
  const auto file = ReadConfigFile(dir_.Path("hold.json"));
  ASSERT_TRUE(file.ok()) << file.error().message();
  EXPECT_EQ(file->text, "{}");
}

TEST_F(ConfigFileTest, RefusesWhatIsNoRegularFileWithoutWaitingForIt) {
  ASSERT_EQ(mkfifo(dir_.Path("fifo").c_str(), 0600), 0);
  EXPECT_EQ(Refusal(dir_.Path("fifo")), dir_.Path("fifo") + " is not a regular file");
  EXPECT_EQ(Refusal(dir_.path()), dir_.path() + " is not a regular file");
  EXPECT_EQ(Refusal("/dev/null"), "/dev/null is not a regular file");
}

TEST_F(ConfigFileTest, RefusesWhatEverybodyCanWrite) {
  const std::string path = dir_.Write("a.json", "{}");
  ASSERT_EQ(chmod(path.c_str(), 0646), 0);
  EXPECT_EQ(Refusal(path), path + " can be written by everybody: chmod o-w it");
}

TEST_F(ConfigFileTest, ThePermissionsOfTheFileCountNotThoseOfALink) {
  const std::string path = dir_.Write("real.json", "{}");
  std::filesystem::create_symlink("real.json", dir_.Path("link.json"));
  EXPECT_EQ(Refusal(dir_.Path("link.json")), "accepted");
  ASSERT_EQ(chmod(path.c_str(), 0666), 0);
  EXPECT_NE(Refusal(dir_.Path("link.json")), "accepted");
}

TEST_F(ConfigFileTest, RefusesWhatIsTooLarge) {
  EXPECT_EQ(Refusal(dir_.Write("a", std::string(kMaxConfigBytes, ' '))), "accepted");
  const std::string path = dir_.Write("b", std::string(kMaxConfigBytes + 1, ' '));
  EXPECT_EQ(Refusal(path), path + " is larger than 1 MiB");
}

TEST_F(ConfigFileTest, ReadsFilesWhoseSizeIsNotTold) {
  const auto file = ReadConfigFile("/proc/self/stat");
  ASSERT_TRUE(file.ok()) << file.error().message();
  EXPECT_FALSE(file->text.empty());
}

TEST_F(ConfigFileTest, ErrorsNameThePrintablePath) {
  EXPECT_EQ(Refusal(dir_.Path("none\x1b")),
            "cannot open " + dir_.Path("none") + "\\x1b: No such file or directory");
  EXPECT_EQ(Refusal(""), "'' is not the name of a file");
  EXPECT_EQ(Refusal(std::string("a\0b", 3)), "'a\\x00b' is not the name of a file");
}

TEST_F(ConfigFileTest, AnOwnerThatIsNeitherRootNorUsIsAWarning) {
  const std::string path = dir_.Write("a.json", R"({"rules":[]})");
  if (chown(path.c_str(), 12345, static_cast<gid_t>(-1)) != 0) {
    GTEST_SKIP() << "only root can give files away here";
  }
  const auto config = ReadHoldFile(path);
  ASSERT_TRUE(config.ok()) << config.error().message();
  ASSERT_EQ(config->warnings.size(), 1U);
  EXPECT_EQ(config->warnings[0], path + " belongs to user 12345, who is neither root nor us");
}

TEST_F(ConfigFileTest, HoldFilesAreNamedInTheirErrors) {
  const std::string path = dir_.Write("hold.json", "{\n\"rule\":[]}");
  const auto config = ReadHoldFile(path);
  ASSERT_FALSE(config.ok());
  EXPECT_EQ(config.error().message(), path + ":2: hold: unknown key 'rule'; did you mean 'rules'?");
}

}  // namespace
}  // namespace reaperd::config
