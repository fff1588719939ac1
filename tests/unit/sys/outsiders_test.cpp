// sys::Outsiders over /proc trees of its own. We are PID 1 in each, in session 1.
#include "sys/outsiders.h"

#include <gtest/gtest.h>

#include "fake_proc.h"

namespace reaperd::sys {
namespace {

class OutsidersTest : public ::testing::Test {
 protected:
  OutsidersTest() {
    Add({.pid = 1, .parent = 0, .session = 1, .start_ticks = 1});
    Add({.pid = 2, .parent = 1, .session = 1});  // main
  }

  void Add(const test::FakeProcess& process) { proc_.Add(process); }

  bool Came(pid_t session, Outsiders::Self self = kSelf) {
    ProcStat orphan;
    orphan.pid = 99;
    orphan.parent = 1;
    orphan.session = session;
    return Outsiders(proc_.root(), self).CameFromOutside(orphan);
  }

  static constexpr Outsiders::Self kSelf{.pid = 1, .session = 1, .had_no_child = true};
  test::FakeProc proc_;
};

TEST_F(OutsidersTest, AMemberOfOurSessionIsFromInside) {
  EXPECT_FALSE(Came(1));
  EXPECT_FALSE(Came(7, {.pid = 1, .session = 7, .had_no_child = true}));
}

TEST_F(OutsidersTest, ALeaderOfItsOwnSessionShowsNothing) {
  Add({.pid = 99, .parent = 1, .session = 99});
  EXPECT_FALSE(Came(99));
}

TEST_F(OutsidersTest, ALeaderWhoseParentIsOutsideShowsIt) {
  Add({.pid = 20, .parent = 0, .session = 20});
  EXPECT_TRUE(Came(20));
}

TEST_F(OutsidersTest, SoDoesALeaderBelowSuchAOne) {
  Add({.pid = 20, .parent = 0, .session = 20});
  Add({.pid = 21, .parent = 20, .session = 20});
  Add({.pid = 22, .parent = 21, .session = 22});
  EXPECT_TRUE(Came(22));
}

TEST_F(OutsidersTest, ALeaderBelowMainIsFromInside) {
  Add({.pid = 30, .parent = 2, .session = 30});
  EXPECT_FALSE(Came(30));
}

TEST_F(OutsidersTest, AnAdoptedLeaderShowsNothing) {
  Add({.pid = 31, .parent = 1, .session = 31});
  EXPECT_FALSE(Came(31));
}

TEST_F(OutsidersTest, ALeaderThatIsGoneShowsNothing) {
  EXPECT_FALSE(Came(40));
}

TEST_F(OutsidersTest, AProcessThatGoesAwayHasNoParentAndShowsNothing) {
  Add({.pid = 20, .parent = 0, .session = -1});
  EXPECT_FALSE(Came(20));
}

TEST_F(OutsidersTest, ACircleOfLinksEnds) {
  Add({.pid = 20, .parent = 21, .session = 20});
  Add({.pid = 21, .parent = 20, .session = 20});
  EXPECT_FALSE(Came(20));
}

TEST_F(OutsidersTest, ASessionOutsideShowsItWhereAllOfOursAreVisible) {
  EXPECT_TRUE(Came(0));
  EXPECT_FALSE(Came(0, {.pid = 1, .session = 0, .had_no_child = true})) << "ours is outside, too";
  EXPECT_FALSE(Came(0, {.pid = 1, .session = 1, .had_no_child = false}))
      << "who was here before us may have inherited it";
}

TEST_F(OutsidersTest, AnAnswerOfNoIsNotLookedUpAgain) {
  Add({.pid = 30, .parent = 2, .session = 30});
  Outsiders outsiders(proc_.root(), kSelf);
  ProcStat orphan;
  orphan.pid = 99;
  orphan.session = 30;
  EXPECT_FALSE(outsiders.CameFromOutside(orphan));
  Add({.pid = 30, .parent = 0, .session = 30});  // its number is another's
  EXPECT_FALSE(outsiders.CameFromOutside(orphan)) << "less than the truth, but not wrong";
  for (pid_t other = 50; other < 58; ++other) {
    orphan.session = other;
    EXPECT_FALSE(outsiders.CameFromOutside(orphan));
  }
  orphan.session = 30;
  EXPECT_TRUE(outsiders.CameFromOutside(orphan)) << "the memory is short";
}

}  // namespace
}  // namespace reaperd::sys
