#include "sys/users.h"

#include <gtest/gtest.h>
#include <pwd.h>

#include <algorithm>

namespace reaperd::sys {
namespace {

TEST(ResolveUser, FindsRootByNameAndNumber) {
  for (const char* text : {"root", "0"}) {
    const auto user = ResolveUser(text);
    ASSERT_TRUE(user.ok()) << text;
    EXPECT_EQ(user->uid, 0U);
    EXPECT_EQ(user->gid, 0U);
    EXPECT_EQ(user->home, getpwuid(0)->pw_dir);
    EXPECT_EQ(std::count(user->groups.begin(), user->groups.end(), 0U), 1)
        << "the groups of the user, its own included";
  }
}

TEST(ResolveUser, ANamedGroupLeavesNoOthers) {
  for (const char* text : {"root:daemon", "root:1", "0:daemon", "0:1"}) {
    const auto user = ResolveUser(text);
    ASSERT_TRUE(user.ok()) << text;
    EXPECT_EQ(user->uid, 0U) << text;
    EXPECT_EQ(user->gid, 1U) << text;
    EXPECT_TRUE(user->groups.empty()) << text;
  }
}

TEST(ResolveUser, ANumberThatNobodyHasIsTakenAsItIs) {
  const auto alone = ResolveUser("3456789");
  ASSERT_TRUE(alone.ok());
  EXPECT_EQ(alone->uid, 3456789U);
  EXPECT_EQ(alone->gid, 3456789U);
  EXPECT_EQ(alone->home, "");
  EXPECT_TRUE(alone->groups.empty());
  const auto pair = ResolveUser("3456789:98765");
  ASSERT_TRUE(pair.ok());
  EXPECT_EQ(pair->uid, 3456789U);
  EXPECT_EQ(pair->gid, 98765U);
}

TEST(ResolveUser, RefusesWhatIsNobody) {
  struct Row {
    const char* text;
    const char* message;
  };
  for (const Row& row :
       {Row{"", "there is no user ''"}, Row{"no-such-user", "there is no user 'no-such-user'"},
        Row{":", "there is no user ''"}, Row{":1", "there is no user ''"},
        Row{"root:", "there is no group ''"},
        Row{"root:no-such-group", "there is no group 'no-such-group'"},
        Row{"-1", "there is no user '-1'"},
        // (uid_t)-1 would leave the user unchanged.
        Row{"4294967295", "there is no user '4294967295'"},
        Row{"root:4294967295", "there is no group '4294967295'"},
        Row{"4294967296", "there is no user '4294967296'"},
        Row{"root:1:2", "there is no group '1:2'"}, Row{" root", "there is no user ' root'"},
        Row{"a\nb", "there is no user 'a\\x0ab'"}}) {
    const auto user = ResolveUser(row.text);
    ASSERT_FALSE(user.ok()) << row.text;
    EXPECT_EQ(user.error().message(), row.message);
  }
}

TEST(ResolveUser, TheHighestNumberIsAUser) {
  const auto user = ResolveUser("4294967294:4294967294");
  ASSERT_TRUE(user.ok());
  EXPECT_EQ(user->uid, 4294967294U);
  EXPECT_EQ(user->gid, 4294967294U);
}

}  // namespace
}  // namespace reaperd::sys
