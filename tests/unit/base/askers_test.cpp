#include "base/askers.h"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

namespace reaperd {
namespace {

class AskersTest : public ::testing::Test {
 protected:
  bool Ask(std::uint64_t who) {
    if (askers_.Waits(who)) return false;
    askers_.Add(who, [this, who](int answer) {
      if (answer == 1) told_.push_back(who);
    });
    return true;
  }

  Askers<std::function<void(int)>> askers_;
  std::vector<std::uint64_t> told_;
};

TEST_F(AskersTest, ThoseWhoComeLaterWaitForTheNext) {
  EXPECT_TRUE(Ask(7));
  EXPECT_TRUE(Ask(8));
  askers_.BeginNext();
  EXPECT_TRUE(Ask(9));
  askers_.Tell(1);
  EXPECT_EQ(told_, (std::vector<std::uint64_t>{7, 8}));
  EXPECT_TRUE(askers_.HasNext());
  askers_.BeginNext();
  askers_.Tell(1);
  EXPECT_EQ(told_, (std::vector<std::uint64_t>{7, 8, 9}));
  EXPECT_FALSE(askers_.HasNext());
}

TEST_F(AskersTest, EachHasOnePlace) {
  EXPECT_TRUE(Ask(7));
  for (int i = 0; i < 100; ++i)
    EXPECT_FALSE(Ask(7));
  askers_.BeginNext();
  EXPECT_TRUE(Ask(7)) << "the next is another";
  EXPECT_TRUE(Ask(8));
  askers_.Tell(1);
  EXPECT_EQ(told_.size(), 1U);
}

TEST_F(AskersTest, WhoIsGoneIsNotTold) {
  Ask(7);
  Ask(8);
  askers_.BeginNext();
  Ask(7);
  askers_.Forget(7);
  askers_.Tell(1);
  EXPECT_EQ(told_, std::vector<std::uint64_t>{8});
  EXPECT_FALSE(askers_.HasNext());
}

TEST_F(AskersTest, WhoIsToldMayAskAgain) {
  askers_.Add(7, [this](int) { EXPECT_TRUE(Ask(7)); });
  askers_.BeginNext();
  askers_.Tell(1);
  EXPECT_TRUE(askers_.HasNext());
}

}  // namespace
}  // namespace reaperd
