// Reaper where the kernel reaps: only those with a pidfd are told.
#include "reaper_fixture.h"

namespace reaperd::reap {
namespace {

using Kind = model::WaitOutcome::Kind;
using model::ExitStatus;

constexpr pid_t kMain = 7;
constexpr int kPidfd = 70;

class ReaperAutoTest : public ReaperTest {
 protected:
  ReaperAutoTest() { reaper_->LetKernelReap(); }

  void KnowMain() {
    Add({kMain});
    reaper_->Know({.pid = kMain, .role = model::Role::kMain}, kPidfd);
    EXPECT_EQ(Settle(), Words{});
    ops_.calls.clear();
  }

  /// The kernel reaps it, and `told`: its pidfd says how it ended.
  void Vanish(pid_t pid, bool told = true) {
    std::erase_if(ops_.children, [pid](const test::FakeChild& child) { return child.pid == pid; });
    if (told) Tell();
  }

  void Tell() { ops_.exits[kPidfd] = {.kind = Kind::kDead, .status = ExitStatus::Exited(3)}; }
};

TEST_F(ReaperAutoTest, ItsPidfdTellsTheEndOfMain) {
  KnowMain();
  Vanish(kMain);
  reaper_->OnPidfdReadable(kMain);
  EXPECT_EQ(Settle(), (Words{"reaped 7", "nobody left"}));
  EXPECT_EQ(deaths_.at(0).status, ExitStatus::Exited(3));
  EXPECT_EQ(deaths_.at(0).uid, std::nullopt);
  EXPECT_EQ(deaths_.at(0).usage, std::nullopt);
  EXPECT_EQ(reaper_->counters().reaped, 1U);
  EXPECT_EQ(reaper_->table().size(), 0U);
}

TEST_F(ReaperAutoTest, APidfdThatIsOnlyReadableIsNotPolled) {
  KnowMain();
  reaper_->OnPidfdReadable(kMain);  // a tracer keeps it
  const Rest rest = Run();
  EXPECT_EQ(rest.until_us, std::nullopt);
  EXPECT_EQ(Told(), Words{});
}

TEST_F(ReaperAutoTest, SigchldAloneLeadsToTheStatus) {
  KnowMain();
  Add({8});
  Vanish(kMain);
  reaper_->OnSigchld(kMain);
  EXPECT_EQ(Settle(), Words{"reaped 7"});
}

TEST_F(ReaperAutoTest, AChildThatIsGoneBeforeItsStatusIsThereIsAskedAgain) {
  KnowMain();
  Add({8});
  Vanish(kMain, false);
  reaper_->OnSigchld(kMain);
  Rest rest = Run();
  while (rest.more)
    rest = Run();
  EXPECT_EQ(Told(), Words{});
  ASSERT_TRUE(rest.until_us.has_value());
  Tell();
  ops_.now_us = *rest.until_us;
  EXPECT_EQ(Settle(), Words{"reaped 7"});
  EXPECT_EQ(Run().until_us, std::nullopt) << "nothing is left to ask";
}

TEST_F(ReaperAutoTest, NobodyIsLeftOnlyAfterAllEndsAreTold) {
  KnowMain();
  Vanish(kMain, false);
  reaper_->OnSigchld(999);
  const Rest rest = Run();
  EXPECT_EQ(Told(), Words{}) << "main is gone for waits, but not told";
  ASSERT_TRUE(rest.until_us.has_value());
  Tell();
  ops_.now_us = *rest.until_us;
  EXPECT_EQ(Settle(), (Words{"reaped 7", "nobody left"}));
}

TEST_F(ReaperAutoTest, MainThatEndedBeforeItWasKnownIsTold) {
  Tell();
  reaper_->Know({.pid = kMain, .role = model::Role::kMain}, kPidfd);
  EXPECT_EQ(Settle(), (Words{"reaped 7", "nobody left"}));
}

TEST_F(ReaperAutoTest, AFailingQuestionIsToldAndAskedAgain) {
  KnowMain();
  Add({8});
  Vanish(kMain, false);
  ops_.exits[kPidfd] = {.kind = Kind::kError, .error = EPERM};
  reaper_->OnSigchld(kMain);
  const Rest rest = Run();
  EXPECT_EQ(Told(), Words{"failed 1"});
  ASSERT_TRUE(rest.until_us.has_value());
  Tell();
  ops_.now_us = *rest.until_us;
  EXPECT_EQ(Settle(), Words{"reaped 7"});
}

TEST_F(ReaperAutoTest, AnOrphansDeathCostsNoQuestionAboutIt) {
  KnowMain();
  reaper_->OnSigchld(8);
  EXPECT_EQ(Settle(), Words{});
  EXPECT_EQ(ops_.TakeCalls(), Words{"any"});
}

TEST_F(ReaperAutoTest, StopsAreToldAsEver) {
  KnowMain();
  ops_.children[0].stopped_by = 20;
  reaper_->OnSigchld(kMain);
  EXPECT_EQ(Settle(), Words{"stopped 7 20"});
}

TEST_F(ReaperAutoTest, OrphansAreNeitherSearchedForNorRemembered) {
  reaper_->EnableDiscovery();
  KnowMain();
  Add({8, 9});
  reaper_->OnSigchld(12);
  EXPECT_EQ(Settle(), Words{});
  EXPECT_EQ(reaper_->table().size(), 1U);
  for (const std::string& call : ops_.TakeCalls())
    EXPECT_NE(call, "list");
}

TEST_F(ReaperAutoTest, ZombiesFromBeforeAreReapedAtTheStart) {
  Add({8});
  ops_.Die(8);
  EXPECT_EQ(Settle(), (Words{"reaped 8", "nobody left"}));
}

TEST_F(ReaperAutoTest, AHelperIsWaitedForByNumber) {
  KnowMain();
  Add({8});
  reaper_->Know({.pid = 8, .role = model::Role::kHelper});
  ops_.Die(8);
  reaper_->OnPidfdReadable(8);
  EXPECT_EQ(Settle(), Words{"reaped 8"});
}

TEST_F(ReaperAutoTest, ALookThatMetAnotherProcessIsNotTaken) {
  reaper_->EnableDiscovery();
  Add({kMain});
  reaper_->Know({.pid = kMain, .role = model::Role::kMain, .pidfs_inode = 5}, kPidfd);
  Settle();
  EXPECT_EQ(reaper_->table().Find(kMain)->start_ticks, 0U) << "the look gave another inode";
}

}  // namespace
}  // namespace reaperd::reap
