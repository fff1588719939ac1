// HoldDesk: what it makes the reaper do, and what it tells. The decisions behind it are in the tests
// of HeldQueue.
#include "reap/hold_desk.h"

#include <map>
#include <set>

#include "fake_process_ops.h"
#include "hold_fixture.h"

namespace reaperd::reap {
namespace {

using Words = std::vector<std::string>;

class HoldDeskTest : public ::testing::Test, public ReapObserver, public HoldObserver {
 protected:
  HoldDesk& Desk() {
    if (!desk_) {
      loop_ = event::EventLoop::Create(ops_).value();
      reaper_ = std::make_unique<Reaper>(ops_, *this, PlanLimits{});
      reaper_->EnableDiscovery();
      desk_ = std::make_unique<HoldDesk>(
          *loop_, *reaper_, spec_, *this,
          [this] {
            ++surroundings_read_;
            return surroundings_;
          },
          [this] { woken_ = true; });
    }
    return *desk_;
  }

  /// Others take over, as after an exec of ourselves.
  void ExecOurselves() {
    const HoldDesk::State holds = Desk().Save();
    const Reaper::State children = reaper_->Save();
    desk_.reset();
    Desk().Load(holds);
    reaper_->Load(children);
  }

  void Add(pid_t pid, const std::string& comm = "worker") {
    ops_.children.push_back({.pid = pid});
    comms_[pid] = comm;
  }

  void Die(pid_t pid) {
    Desk();
    ops_.Die(pid, model::ExitStatus::Exited(1));
    reaper_->OnSigchld(pid);
  }

  void AddDead(pid_t pid, const std::string& comm = "worker") {
    Add(pid, comm);
    Die(pid);
  }

  /// As the daemon does: the reaper and then the desk, until both rest. What was told.
  Words Settle() {
    Desk();
    for (int turn = 0; turn < 100; ++turn) {
      woken_ = false;
      event::Turn time(ops_);
      const bool more = reaper_->Run(time).more;
      const bool again = desk_->Apply();
      if (!more && !again && !woken_) return std::exchange(told_, {});
    }
    ADD_FAILURE() << "it does not come to rest";
    return {};
  }

  /// Time goes on, and the loop serves what is due.
  Words After(Micros time_us) {
    ops_.now_us += time_us;
    loop_->RunOnce();
    return Settle();
  }

  std::string Pids() const {
    std::string text;
    for (const test::FakeChild& child : ops_.children)
      text += (text.empty() ? "" : " ") + std::to_string(child.pid);
    return text;
  }

  // --- ReapObserver
  Decision OnDeath(const model::Death& death, const model::ProcessInfo*) override {
    auto record = std::make_shared<model::DeathRecord>(Record(death.pid, comms_[death.pid]));
    record->seq = ++last_seq_;
    record->died_us = death.seen_us;
    records_[death.pid] = record;
    const bool open = not_judged_.contains(death.pid);
    return desk_->OnDeath(record, open ? HoldDesk::Judged::kNotYet : HoldDesk::Judged::kYes);
  }
  void OnReaped(const model::Death& death, const model::ProcessInfo*) override {
    told_.push_back("reaped " + std::to_string(death.pid));
    desk_->OnReaped(death.pid);
  }

  // --- HoldObserver
  void OnHeld(const model::HoldInfo& hold) override {
    told_.push_back("held " + std::to_string(hold.record->pid) + " by " + hold.rule +
                    (hold.barrier.empty() ? "" : " for " + hold.barrier));
  }
  void OnReleased(const model::HoldInfo& hold, ReleaseReason reason) override {
    told_.push_back("released " + std::to_string(hold.record->pid) + ": " +
                    std::string(model::kReleaseReasons.Name(reason)));
    EXPECT_EQ(hold.record->hold->released_by, reason);
    EXPECT_FALSE(hold.rule.empty());
  }
  void OnBarrier(const model::BarrierResult& result) override {
    told_.push_back(result.barrier + (result.complete ? " complete: " : " incomplete: ") +
                    std::to_string(result.members.size()));
  }

  HoldSpec spec_;
  HoldSurroundings surroundings_;
  int surroundings_read_ = 0;
  test::FakeProcessOps ops_;
  std::unique_ptr<event::EventLoop> loop_;
  std::unique_ptr<Reaper> reaper_;
  std::unique_ptr<HoldDesk> desk_;
  std::map<pid_t, std::string> comms_;
  std::map<pid_t, HoldDesk::Record> records_;
  std::set<pid_t> not_judged_;
  bool woken_ = false;
  Words told_;
  std::uint64_t last_seq_ = 0;
};

TEST_F(HoldDeskTest, WithoutARuleNobodyIsLookedAt) {
  AddDead(5);
  EXPECT_EQ(Settle(), Words{"reaped 5"});
  EXPECT_FALSE(Desk().active());
  EXPECT_EQ(records_.size(), 0U);
  EXPECT_EQ(surroundings_read_, 0);
}

TEST_F(HoldDeskTest, HoldsWhatARuleMatchesAndLetsTheOthersGo) {
  spec_.rules = {TimedRule("crashes", "worker", 10 * kSecond)};
  AddDead(5);
  AddDead(6, "other");
  EXPECT_EQ(Settle(), (Words{"reaped 6", "held 5 by crashes"}));
  EXPECT_EQ(Pids(), "5");
  EXPECT_EQ(records_[5]->hold->rule, "crashes");
  EXPECT_EQ(records_[5]->hold->released_by, std::nullopt);
  EXPECT_EQ(records_[6]->hold, std::nullopt);
  EXPECT_EQ(Desk().queue().size(), 1U);
}

TEST_F(HoldDeskTest, ItsDeadlineReleasesWhoIsDue) {
  spec_.rules = {TimedRule("crashes", "worker", 10 * kSecond)};
  AddDead(5);
  Settle();
  EXPECT_EQ(After(10 * kSecond - 1), Words{});
  EXPECT_EQ(After(1), (Words{"released 5: timeout", "reaped 5"}));
  EXPECT_EQ(Pids(), "");
}

TEST_F(HoldDeskTest, OfThoseReleasedTogetherTheOldestIsReapedFirst) {
  spec_.rules = {RuleFor("crashes", "worker")};
  for (const pid_t pid : {7, 5, 6}) {
    AddDead(pid);
    Settle();
  }
  Desk().ReleaseAll(ReleaseReason::kRequest);
  EXPECT_EQ(Settle(), (Words{"released 7: request", "released 5: request", "released 6: request",
                             "reaped 7", "reaped 5", "reaped 6"}));
}

TEST_F(HoldDeskTest, WhoMakesRoomGoesInTheSameRun) {
  spec_.rules = {RuleFor("crashes", "worker")};
  spec_.rules[0].keep = 1;
  AddDead(5);
  Settle();
  AddDead(6);
  EXPECT_EQ(Settle(), (Words{"held 6 by crashes", "released 5: keep", "reaped 5"}));
}

TEST_F(HoldDeskTest, TheLastOfABarrierIsHeldAndReleasedWithTheOthers) {
  spec_.rules = {BarrierRule("batch", "worker", "jobs")};
  spec_.barriers = {{.name = "jobs", .count = 2}};
  AddDead(5);
  EXPECT_EQ(Settle(), Words{"held 5 by batch for jobs"});
  AddDead(6);
  EXPECT_EQ(Settle(), (Words{"held 6 by batch for jobs", "released 5: barrier",
                             "released 6: barrier", "jobs complete: 2", "reaped 5", "reaped 6"}));
}

TEST_F(HoldDeskTest, ABarrierThatWaitsForAllIsShownTheLiving) {
  spec_.rules = {BarrierRule("batch", "worker", "jobs")};
  spec_.barriers = {{.name = "jobs", .all = true}};
  Add(4);
  AddDead(5);
  EXPECT_EQ(Settle(), Words{"held 5 by batch for jobs"}) << "4 might match";
  EXPECT_FALSE(Desk().queue().WantsLiving());
  Die(4);
  EXPECT_EQ(Settle(), (Words{"held 4 by batch for jobs", "released 5: barrier",
                             "released 4: barrier", "jobs complete: 2", "reaped 5", "reaped 4"}));
}

TEST_F(HoldDeskTest, ABarrierLooksForChildrenThatNobodyHasSeenYet) {
  spec_.rules = {BarrierRule("batch", "worker", "jobs")};
  spec_.barriers = {{.name = "jobs", .all = true}};
  Settle();
  Add(9);  // adoption is silent
  AddDead(5);
  EXPECT_EQ(Settle(), Words{"held 5 by batch for jobs"});
  EXPECT_EQ(Pids(), "9 5");
}

// --- verdicts that are open

TEST_F(HoldDeskTest, AnOpenVerdictKeepsTheZombieUntilItIsJudged) {
  spec_.rules = {RuleFor("crashes", "worker")};
  not_judged_ = {5, 6};
  AddDead(5);
  AddDead(6, "other");
  EXPECT_EQ(Settle(), Words{}) << "that is no hold";
  EXPECT_EQ(Desk().queue().size(), 0U);
  Desk().OnAllJudged();
  EXPECT_EQ(Settle(), (Words{"held 5 by crashes", "reaped 6"}));
}

TEST_F(HoldDeskTest, TheEndLetsThoseGoWhoseVerdictIsOpen) {
  spec_.rules = {RuleFor("crashes", "worker")};
  not_judged_ = {5};
  AddDead(5);
  AddDead(6);
  Settle();
  Desk().Close(ReleaseReason::kShutdown);
  const Words told = Settle();
  EXPECT_EQ(std::count(told.begin(), told.end(), "released 6: shutdown"), 1);
  EXPECT_EQ(told.size(), 3U) << "and both are reaped";
  EXPECT_EQ(Pids(), "");
  Desk().OnAllJudged();
  EXPECT_EQ(Settle(), Words{});
}

TEST_F(HoldDeskTest, WhoWasReapedBeforeTheVerdictIsNotHeldAfterIt) {
  spec_.rules = {RuleFor("crashes", "worker")};
  not_judged_ = {5};
  AddDead(5);
  Settle();
  Desk().OnReaped(5);
  Desk().OnAllJudged();
  EXPECT_EQ(Desk().queue().size(), 0U);
}

// --- budget

TEST_F(HoldDeskTest, ReadsItsSurroundingsAtTheFirstDeathAndNowAndThen) {
  spec_.rules = {RuleFor("crashes", "worker")};
  AddDead(5);
  AddDead(6);
  Settle();
  EXPECT_EQ(surroundings_read_, 1);
  After(10 * kSecond);
  EXPECT_EQ(surroundings_read_, 1) << "nothing died";
  AddDead(7);
  Settle();
  EXPECT_EQ(surroundings_read_, 2);
}

TEST_F(HoldDeskTest, HoldsNoMoreThanTheShare) {
  spec_.rules = {RuleFor("crashes", "worker")};
  surroundings_ = {.process_limit = 16, .own_processes = 2};
  for (const pid_t pid : {5, 6, 7}) {
    AddDead(pid);
    Settle();
  }
  EXPECT_EQ(Pids(), "6 7");
  EXPECT_EQ(records_[5]->hold->released_by, ReleaseReason::kBudget);
}

TEST_F(HoldDeskTest, AProcessOfOurOwnTakesARoomAtOnce) {
  spec_.rules = {RuleFor("crashes", "worker")};
  surroundings_ = {.process_limit = 16, .own_processes = 2};
  for (const pid_t pid : {5, 6})
    AddDead(pid);
  Settle();
  surroundings_.own_processes = 3;
  Desk().OnSurroundingsChanged();
  EXPECT_TRUE(woken_);
  const Words told = Settle();
  ASSERT_EQ(told.size(), 2U);
  EXPECT_TRUE(told[0].ends_with(": budget"));
  EXPECT_EQ(Desk().queue().size(), 1U);
}

TEST_F(HoldDeskTest, UnderPressureHalfOfThemGo) {
  spec_.rules = {RuleFor("crashes", "worker")};
  for (const pid_t pid : {5, 6, 7}) {
    AddDead(pid);
    Settle();
  }
  Desk().OnPressure();
  EXPECT_TRUE(woken_);
  EXPECT_EQ(Settle(),
            (Words{"released 5: pressure", "released 6: pressure", "reaped 5", "reaped 6"}));
  AddDead(8);
  Settle();
  EXPECT_EQ(surroundings_read_, 2) << "the limits are looked at again";
}

TEST_F(HoldDeskTest, WhomThePlanHasToLetGoIsToldAsReleased) {
  spec_.rules = {RuleFor("crashes", "worker")};
  AddDead(5);
  Settle();
  ops_.can_list = false;
  AddDead(6);
  for (int tried = 1; tried < 3; ++tried) {
    Settle();
    ops_.now_us += 10 * kMillisecond;
  }
  const Words told = Settle();
  EXPECT_EQ(Pids(), "");
  EXPECT_EQ(std::count(told.begin(), told.end(), "released 5: budget"), 1);
  EXPECT_EQ(Desk().queue().size(), 0U);
}

TEST_F(HoldDeskTest, AHoldGoesOnAfterAnExecOfOurselves) {
  spec_.rules = {TimedRule("crashes", "worker", 10 * kSecond)};
  AddDead(5);
  EXPECT_EQ(Settle(), Words{"held 5 by crashes"});
  ExecOurselves();
  EXPECT_EQ(Settle(), Words{}) << "neither seen nor held a second time";
  EXPECT_EQ(After(10 * kSecond - 1), Words{});
  EXPECT_EQ(After(1), (Words{"released 5: timeout", "reaped 5"}));
  EXPECT_EQ(Pids(), "");
}

TEST_F(HoldDeskTest, AnOpenVerdictIsWaitedForAfterAnExecOfOurselves) {
  spec_.rules = {RuleFor("crashes", "worker")};
  not_judged_ = {5};
  AddDead(5, "other");
  EXPECT_EQ(Settle(), Words{});
  ExecOurselves();
  EXPECT_EQ(Settle(), Words{});
  EXPECT_EQ(Pids(), "5");
  Desk().OnAllJudged();
  EXPECT_EQ(Settle(), Words{"reaped 5"});
}

// --- the end, and what clients ask for

TEST_F(HoldDeskTest, ClosedItHoldsNobodyAndTheReaperIsFree) {
  spec_.rules = {RuleFor("crashes", "worker")};
  AddDead(5);
  Settle();
  Desk().Close(ReleaseReason::kShutdown);
  EXPECT_TRUE(woken_);
  EXPECT_FALSE(Desk().active());
  EXPECT_EQ(Settle(), (Words{"released 5: shutdown", "reaped 5"}));
  AddDead(6);
  EXPECT_EQ(Settle(), Words{"reaped 6"});
  EXPECT_FALSE(reaper_->plan().limits().may_hold);
  woken_ = false;
  Desk().Close(ReleaseReason::kShutdown);
  EXPECT_FALSE(woken_) << "twice is once";
}

TEST_F(HoldDeskTest, ARuleThatIsAddedMakesTheReaperLookFirst) {
  Settle();
  EXPECT_FALSE(reaper_->plan().limits().may_hold);
  ASSERT_TRUE(Desk().AddRule(RuleFor("late", "worker")).ok());
  EXPECT_TRUE(reaper_->plan().limits().may_hold);
  AddDead(5);
  EXPECT_EQ(Settle(), Words{"held 5 by late"});
  ASSERT_TRUE(Desk().RemoveRule("late").ok());
  EXPECT_EQ(Settle(), Words{}) << "whom it holds stays";
  AddDead(6);
  EXPECT_EQ(Settle(), Words{"reaped 6"});
  EXPECT_EQ(Pids(), "5");
}

TEST_F(HoldDeskTest, ALeaseHoldsALivingOneWhenItDies) {
  Add(5);
  Settle();
  ASSERT_TRUE(Desk().Hold({.pid = 5, .id = "i5", .client = 1, .for_us = kSecond}).ok());
  EXPECT_TRUE(Desk().active());
  Die(5);
  EXPECT_EQ(Settle(), Words{"held 5 by lease"});
  EXPECT_EQ(After(kSecond), (Words{"released 5: lease-end", "reaped 5"}));
  EXPECT_FALSE(Desk().active());
}

TEST_F(HoldDeskTest, ReleasesByPidByRuleAndByBarrier) {
  spec_.rules = {RuleFor("a", "a"), RuleFor("b", "b"), BarrierRule("c", "c", "jobs")};
  spec_.barriers = {{.name = "jobs", .count = 9}};
  AddDead(5, "a");
  AddDead(6, "b");
  AddDead(7, "c");
  Settle();
  ASSERT_TRUE(Desk().Release(5, "i5").ok());
  EXPECT_EQ(Settle(), (Words{"released 5: request", "reaped 5"}));
  ASSERT_TRUE(Desk().ReleaseRule("b").ok());
  EXPECT_EQ(Settle(), (Words{"released 6: request", "reaped 6"}));
  ASSERT_TRUE(Desk().ReleaseBarrier("jobs").ok());
  EXPECT_EQ(Settle(), (Words{"released 7: request", "jobs incomplete: 1", "reaped 7"}));
  EXPECT_FALSE(Desk().Release(5, "i5").ok());
  EXPECT_FALSE(Desk().ReleaseRule("no").ok());
  EXPECT_FALSE(Desk().ReleaseBarrier("no").ok());
}

TEST_F(HoldDeskTest, AClientThatGoesLetsItsOwnGo) {
  spec_.rules = {};
  Add(5);
  Settle();
  ASSERT_TRUE(Desk().Hold({.pid = 5, .client = 3, .until_disconnect = true}).ok());
  Die(5);
  Settle();
  Desk().OnDisconnect(4);
  EXPECT_EQ(Settle(), Words{});
  Desk().OnDisconnect(3);
  EXPECT_EQ(Settle(), (Words{"released 5: lease-end", "reaped 5"}));
}

TEST_F(HoldDeskTest, WhatIsLearnedWakesOnlyABarrierThatWaitsForIt) {
  spec_.rules = {RuleFor("crashes", "worker")};
  AddDead(5);
  Settle();
  woken_ = false;
  Desk().OnLearned();
  EXPECT_FALSE(woken_);
}

}  // namespace
}  // namespace reaperd::reap
