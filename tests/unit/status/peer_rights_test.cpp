#include "status/peer_rights.h"

#include <gtest/gtest.h>

namespace reaperd::status {
namespace {

using model::Peer;

constexpr RightsInputs kPlain{.our_uid = 1000, .group = 50};

TEST(RightOf, GivesAllToRootAndToOurselves) {
  EXPECT_EQ(RightOf({.uid = 0, .gid = 9}, kPlain, false), Right::kAdmin);
  EXPECT_EQ(RightOf({.uid = 1000, .gid = 9}, kPlain, false), Right::kAdmin);
}

TEST(RightOf, LetsTheGroupRead) {
  EXPECT_EQ(RightOf({.uid = 7, .gid = 50}, kPlain, false), Right::kRead);
  EXPECT_EQ(RightOf({.uid = 7, .gid = 9, .groups = {1, 50}}, kPlain, false), Right::kRead);
}

TEST(RightOf, GivesNothingToStrangers) {
  EXPECT_EQ(RightOf({.uid = 7, .gid = 9, .groups = {1, 2}}, kPlain, true), Right::kNone);
  EXPECT_EQ(RightOf({.uid = 7, .gid = 50}, {.our_uid = 1000}, true), Right::kNone);
}

TEST(RightOf, GivesNothingToWhoOnlyLooksLikeUs) {
  const RightsInputs nobody{.our_uid = 65534, .group = 65534};
  const Peer peer{.uid = 65534, .gid = 65534, .groups = {65534}};
  EXPECT_TRUE(NamespaceMatters(peer, nobody));
  EXPECT_EQ(RightOf(peer, nobody, false), Right::kNone);
  EXPECT_EQ(RightOf(peer, nobody, true), Right::kAdmin);
}

TEST(RightOf, GivesNothingForAGroupThatIsAnybodys) {
  const RightsInputs nogroup{.our_uid = 1000, .group = 65534};
  const Peer peer{.uid = 7, .gid = 9, .groups = {65534}};
  EXPECT_TRUE(NamespaceMatters(peer, nogroup));
  EXPECT_EQ(RightOf(peer, nogroup, false), Right::kNone);
  EXPECT_EQ(RightOf(peer, nogroup, true), Right::kRead);
}

TEST(RightOf, LetsOneOfAnotherNamespaceReadByARealGroup) {
  const Peer peer{.uid = 65534, .gid = 50};
  EXPECT_EQ(RightOf(peer, kPlain, false), Right::kRead);
  EXPECT_EQ(OwnUid(peer, kPlain, false), std::nullopt);
  EXPECT_EQ(OwnUid(peer, kPlain, true), 65534U);
}

TEST(RightOf, KnowsAnOverflowIdOfAnotherNumber) {
  const RightsInputs inputs{.our_uid = 99, .group = 98, .overflow_uid = 99, .overflow_gid = 98};
  EXPECT_EQ(RightOf({.uid = 99, .gid = 1}, inputs, false), Right::kNone);
  EXPECT_EQ(RightOf({.uid = 1, .gid = 98}, inputs, false), Right::kNone);
  EXPECT_EQ(RightOf({.uid = 65534, .gid = 1}, inputs, true), Right::kNone);
}

TEST(NamespaceMatters, OnlyForOverflowIds) {
  EXPECT_FALSE(NamespaceMatters({.uid = 0, .gid = 0}, kPlain));
  EXPECT_FALSE(NamespaceMatters({.uid = 7, .gid = 65534}, kPlain));
  EXPECT_TRUE(NamespaceMatters({.uid = 65534, .gid = 50}, kPlain));
}

}  // namespace
}  // namespace reaperd::status
