#include "sys/users.h"

#include <gtest/gtest.h>

#include "temp_dir.h"

namespace reaperd::sys {
namespace {

using Groups = std::vector<gid_t>;

/// An /etc of the test's own.
class ResolveUserTest : public ::testing::Test {
 protected:
  void SetUp() override {
    etc_.Write("passwd",
               "root:x:0:0:root:/root:/bin/sh\n"
               "# a comment\n"
               "nonsense\n"
               "web:x:1000:1000:Web,,,:/srv/web:/bin/false\n"
               "twin:x:1000:7:same number as web:/srv/twin:/bin/false\n"
               "7:x:2000:2000:a name that is a number:/srv/seven:\n"
               "homeless:x:3000:3000:::\n");
    etc_.Write("group",
               "root:x:0:\n"
               "daemon:x:1:web,root\n"
               "web:x:1000:web\n"
               "audio:x:29:twin,web\n"
               "broken line\n"
               "video:x:44:webmaster,aweb\n"
               "audio2:x:29:web\n");
  }

  [[nodiscard]] Result<model::Credentials> Resolve(std::string_view text) const {
    return ResolveUser(text, etc_.path());
  }

  test::TempDir etc_;
};

TEST_F(ResolveUserTest, FindsAUserByNameAndByNumber) {
  for (const char* text : {"web", "1000"}) {
    const auto user = Resolve(text);
    ASSERT_TRUE(user.ok()) << text;
    EXPECT_EQ(user->uid, 1000U);
    EXPECT_EQ(user->gid, 1000U);
    EXPECT_EQ(user->home, "/srv/web");
    EXPECT_EQ(user->groups, (Groups{1000, 1, 29})) << "its own first, each once";
  }
}

TEST_F(ResolveUserTest, ANumberIsNeverTakenForAName) {
  const auto user = Resolve("7");
  ASSERT_TRUE(user.ok());
  EXPECT_EQ(user->uid, 7U);
  EXPECT_EQ(user->home, "");
}

TEST_F(ResolveUserTest, ANamedGroupLeavesNoOthers) {
  for (const char* text : {"web:daemon", "web:1", "1000:daemon", "1000:1"}) {
    const auto user = Resolve(text);
    ASSERT_TRUE(user.ok()) << text;
    EXPECT_EQ(user->uid, 1000U) << text;
    EXPECT_EQ(user->gid, 1U) << text;
    EXPECT_EQ(user->home, "/srv/web") << text;
    EXPECT_TRUE(user->groups.empty()) << text;
  }
}

TEST_F(ResolveUserTest, ANumberThatNobodyHasIsTakenAsItIs) {
  const auto alone = Resolve("3456789");
  ASSERT_TRUE(alone.ok());
  EXPECT_EQ(alone->uid, 3456789U);
  EXPECT_EQ(alone->gid, 3456789U);
  EXPECT_EQ(alone->home, "");
  EXPECT_TRUE(alone->groups.empty());
  const auto pair = Resolve("3456789:98765");
  ASSERT_TRUE(pair.ok());
  EXPECT_EQ(pair->uid, 3456789U);
  EXPECT_EQ(pair->gid, 98765U);
  const auto highest = Resolve("4294967294:4294967294");
  ASSERT_TRUE(highest.ok());
  EXPECT_EQ(highest->uid, 4294967294U);
  EXPECT_EQ(highest->gid, 4294967294U);
}

TEST_F(ResolveUserTest, AUserWithoutHomeHasNone) {
  const auto user = Resolve("homeless");
  ASSERT_TRUE(user.ok());
  EXPECT_EQ(user->home, "");
  EXPECT_EQ(user->groups, Groups{3000});
}

TEST_F(ResolveUserTest, RefusesWhatIsNobody) {
  struct Row {
    const char* text;
    std::string message;
  };
  const std::string user = "there is no user '";
  const std::string group = "there is no group '";
  const std::string passwd = "' in " + etc_.path() + "/passwd";
  const std::string groups = "' in " + etc_.path() + "/group";
  for (const Row& row :
       {Row{"", user + passwd}, Row{"no-such-user", user + "no-such-user" + passwd},
        Row{":", user + passwd}, Row{":1", user + passwd}, Row{"web:", group + groups},
        Row{"web:no-such-group", group + "no-such-group" + groups}, Row{"-1", user + "-1" + passwd},
        // (uid_t)-1 would leave the user unchanged.
        Row{"4294967295", user + "4294967295" + passwd},
        Row{"web:4294967295", group + "4294967295" + groups},
        Row{"4294967296", user + "4294967296" + passwd}, Row{"web:1:2", group + "1:2" + groups},
        Row{" web", user + " web" + passwd}, Row{"nonsense", user + "nonsense" + passwd},
        Row{"a\nb", user + "a\\x0ab" + passwd}}) {
    const auto found = Resolve(row.text);
    ASSERT_FALSE(found.ok()) << row.text;
    EXPECT_EQ(found.error().message(), row.message);
  }
}

TEST(ResolveUser, WithoutFilesOnlyNumbersAreUsers) {
  EXPECT_TRUE(ResolveUser("0", "/no/such/etc").ok());
  EXPECT_TRUE(ResolveUser("0:0", "/no/such/etc").ok());
  EXPECT_FALSE(ResolveUser("root", "/no/such/etc").ok());
  EXPECT_FALSE(ResolveUser("0:root", "/no/such/etc").ok());
}

TEST(ResolveUser, LooksIntoTheSystemsFiles) {
  const auto root = ResolveUser("root:root");
  ASSERT_TRUE(root.ok());
  EXPECT_EQ(root->uid, 0U);
  EXPECT_EQ(root->gid, 0U);
}

}  // namespace
}  // namespace reaperd::sys
