#include "reap/foreign_zombies.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>

#include "child_process.h"
#include "fake_proc.h"
#include "fake_process_ops.h"

namespace reaperd::reap {
namespace {

using model::ForeignAction;
using Step = model::ForeignEvent::Step;
using Words = std::vector<std::string>;

constexpr Micros kMinAge = 10 * kSecond;
constexpr Micros kMinute = 60 * kSecond;

/// Also notes what the timer is set to; reading the clock may take time.
class TimedOps final : public test::FakeProcessOps {
 public:
  Micros timer_us = 0;  ///< 0: not set
  Micros clock_cost_us = 0;

  [[nodiscard]] Micros Now() const override {
    extra_us_ += clock_cost_us;
    return now_us + extra_us_;
  }
  int SetTimer(int /*timer_fd*/, Micros at_us) override {
    timer_us = at_us;
    return 0;
  }

 private:
  mutable Micros extra_us_ = 0;
};

class ForeignZombiesTest : public ::testing::Test, public ForeignObserver {
 protected:
  static constexpr pid_t kZombie = 5'000'000;  // above all pids that there are
  static constexpr pid_t kStranger = 5'000'001;

  ForeignZombiesTest() {
    loop_ = event::EventLoop::Create(ops_).value();
    AddParent({.pid = Parent(), .parent = getpid(), .comm = "negligent", .start_ticks = 5});
    AddZombie();
  }

  /// A real process, for a pidfd; what /proc tells of it is ours.
  [[nodiscard]] pid_t Parent() const { return parent_.pid(); }

  void AddParent(const test::FakeProcess& process) {
    proc_.Add(process);
    proc_.Namespaces(process.pid, std::to_string(process.pid));
  }
  void AddZombie() {
    proc_.Add({.pid = kZombie, .parent = Parent(), .comm = "dead", .state = 'Z', .start_ticks = 7});
  }

  void Make(const model::ForeignZombieSpec& spec, ForeignScope scope = ForeignScope::kDescendants,
            std::string root = "") {
    if (root.empty()) root = proc_.root();
    foreign_ = std::make_unique<ForeignZombies>(*loop_, ops_, *this, scope, std::move(root), spec);
  }
  void Make(ForeignAction action) { Make({.min_age_us = kMinAge, .action = action, .exempt = {}}); }

  void Settle() {
    do {
      loop_->RunOnce();
    } while (foreign_->busy() && loop_->turns() < 10'000);
    loop_->RunOnce();  // sets the timer
  }

  /// What a look of its own saw.
  std::vector<model::ForeignZombie> Look(LookKind kind = LookKind::kAct) {
    error_ = 0;
    std::vector<model::ForeignZombie> seen;
    foreign_->Look(kind, 0, [&](const auto& zombies) {
      if (zombies) {
        seen = **zombies;
      } else {
        error_ = zombies.error().code();
      }
    });
    Settle();
    std::sort(seen.begin(), seen.end(), [](const auto& a, const auto& b) { return a.pid < b.pid; });
    return seen;
  }

  Words LookAfter(Micros time_us, LookKind kind = LookKind::kAct) {
    ops_.now_us += time_us;
    Look(kind);
    return std::exchange(told_, {});
  }

  /// The signals since the last call: "pidfd 17".
  Words Signals() { return ops_.TakeCalls(); }

  // --- ForeignObserver
  void OnForeign(const model::ForeignEvent& event) override {
    static constexpr const char* kNames[] = {"found", "nudged", "terminated", "killed",
                                             "gone",  "exempt", "failed"};
    EXPECT_EQ(event.zombie.pid, kZombie);
    told_.emplace_back(kNames[static_cast<std::size_t>(event.step)]);
    error_ = event.error;
    if (on_event_) on_event_(event.step);
  }
  std::vector<pid_t> Spared() const override {
    if (on_spared_) on_spared_();
    return spared_;
  }

  TimedOps ops_;
  test::FakeProc proc_;
  test::ScopedChild parent_{test::ForkSleeper()};
  std::unique_ptr<event::EventLoop> loop_;
  std::unique_ptr<ForeignZombies> foreign_;
  std::vector<pid_t> spared_;
  std::function<void(Step)> on_event_;
  std::function<void()> on_spared_;
  Words told_;
  int error_ = 0;
};

TEST_F(ForeignZombiesTest, ASubreaperSeesThoseOfItsDescendants) {
  proc_.Add({.pid = kStranger, .parent = kStranger + 1, .state = 'Z'});
  proc_.Add({.pid = kStranger + 1, .parent = 1});
  Make(ForeignAction::kReport);
  const auto zombies = Look();
  ASSERT_EQ(zombies.size(), 1U);
  EXPECT_EQ(zombies[0].pid, kZombie);
  EXPECT_EQ(zombies[0].comm, "dead");
  EXPECT_EQ(zombies[0].parent, Parent());
  EXPECT_EQ(zombies[0].parent_comm, "negligent");
  EXPECT_EQ(zombies[0].held_by_parent, 1U);
  EXPECT_EQ(foreign_->counters().looks, 1U);
}

TEST_F(ForeignZombiesTest, Pid1SeesThoseOfItsNamespace) {
  proc_.Add({.pid = kStranger, .parent = kStranger + 1, .state = 'Z'});
  proc_.Add({.pid = kStranger + 1, .parent = 0});
  proc_.Add({.pid = kStranger + 2, .parent = 0, .state = 'Z'});
  proc_.Add({.pid = kStranger + 3, .parent = getpid(), .state = 'Z'});
  proc_.Add({.pid = kStranger + 4, .parent = getpid(), .state = 'Z', .threads = 2});
  Make({}, ForeignScope::kNamespace);
  const auto zombies = Look();
  ASSERT_EQ(zombies.size(), 3U);
  EXPECT_EQ(zombies[0].pid, kZombie);
  EXPECT_EQ(zombies[1].pid, kStranger);
  EXPECT_EQ(zombies[2].pid, kStranger + 2);
}

TEST_F(ForeignZombiesTest, TakesTheStepsOfATermination) {
  Make(ForeignAction::kTerminateParent);
  EXPECT_EQ(LookAfter(0), Words{});
  EXPECT_EQ(LookAfter(kMinAge), (Words{"found", "nudged"}));
  EXPECT_EQ(Signals(), Words{"pidfd 17"});
  EXPECT_EQ(LookAfter(kMinAge), Words{"terminated"});
  EXPECT_EQ(Signals(), Words{"pidfd 15"});
  EXPECT_EQ(LookAfter(kMinAge), Words{"killed"});
  EXPECT_EQ(Signals(), Words{"pidfd 9"});
  proc_.Remove(kZombie);
  EXPECT_EQ(LookAfter(0), Words{"gone"});
  const model::ForeignCounters& counters = foreign_->counters();
  EXPECT_EQ(counters.looks, 5U);
  EXPECT_EQ(counters.found, 1U);
  EXPECT_EQ(counters.nudged, 1U);
  EXPECT_EQ(counters.terminated, 1U);
  EXPECT_EQ(counters.killed, 1U);
  EXPECT_EQ(counters.gone, 1U);
  EXPECT_EQ(counters.exempt + counters.failed + counters.failed_looks, 0U);
}

TEST_F(ForeignZombiesTest, AListSignalsNobody) {
  Make(ForeignAction::kKillParent);
  LookAfter(0, LookKind::kList);
  EXPECT_EQ(LookAfter(kMinAge, LookKind::kList), Words{"found"});
  EXPECT_EQ(LookAfter(kMinAge, LookKind::kList), Words{});
  EXPECT_EQ(Signals(), Words{});
}

/// What changes between the look and the signal, and that nobody gets it.
struct Change {
  const char* name;
  std::function<void(const test::FakeProc& proc, pid_t parent, pid_t zombie)> make;
};

class ForeignZombiesChangeTest : public ForeignZombiesTest,
                                 public ::testing::WithParamInterface<Change> {};

TEST_P(ForeignZombiesChangeTest, ReadsBothAgainBeforeASignal) {
  Make(ForeignAction::kKillParent);
  LookAfter(0);
  on_event_ = [&](Step step) {
    if (step == Step::kFound) GetParam().make(proc_, Parent(), kZombie);
  };
  EXPECT_EQ(LookAfter(kMinAge), Words{"found"});
  EXPECT_EQ(Signals(), Words{});
  EXPECT_EQ(foreign_->counters().nudged, 0U);
}

INSTANTIATE_TEST_SUITE_P(
    Changes, ForeignZombiesChangeTest,
    ::testing::Values(
        Change{"ZombieGone", [](const auto& proc, pid_t, pid_t zombie) { proc.Remove(zombie); }},
        Change{"ZombieNumberReused",
               [](const auto& proc, pid_t parent, pid_t zombie) {
                 proc.Add({.pid = zombie, .parent = parent, .state = 'Z', .start_ticks = 8});
               }},
        Change{"ZombieNumberReusedByTheLiving",
               [](const auto& proc, pid_t parent, pid_t zombie) {
                 proc.Add({.pid = zombie, .parent = parent, .state = 'S', .start_ticks = 7});
               }},
        Change{"ZombieHasAnotherParent",
               [](const auto& proc, pid_t, pid_t zombie) {
                 proc.Add({.pid = zombie, .parent = 1, .state = 'Z', .start_ticks = 7});
               }},
        Change{"ParentGone", [](const auto& proc, pid_t parent, pid_t) { proc.Remove(parent); }},
        Change{"ParentNumberReused",
               [](const auto& proc, pid_t parent, pid_t) {
                 proc.Add({.pid = parent, .parent = getpid(), .start_ticks = 6});
               }},
        Change{"ParentTellsNothing",
               [](const auto& proc, pid_t parent, pid_t) {
                 std::filesystem::remove(proc.dir().Path(std::to_string(parent) + "/status"));
               }}),
    [](const auto& param) { return param.param.name; });

TEST_F(ForeignZombiesTest, LeavesAlonePid1OfANamespaceBelow) {
  proc_.Namespaces(Parent(), std::to_string(Parent()) + "\t1");
  Make(ForeignAction::kKillParent);
  LookAfter(0);
  EXPECT_EQ(LookAfter(kMinAge), (Words{"found", "exempt"}));
  EXPECT_EQ(LookAfter(kMinAge), Words{});
  EXPECT_EQ(Signals(), Words{});
  EXPECT_EQ(foreign_->counters().exempt, 1U);
}

TEST_F(ForeignZombiesTest, LeavesAloneWhoIsSpared) {
  Make(ForeignAction::kKillParent);
  spared_ = {Parent()};
  LookAfter(0);
  EXPECT_EQ(LookAfter(kMinAge), (Words{"found", "exempt"}));
  EXPECT_EQ(Signals(), Words{});
}

TEST_F(ForeignZombiesTest, AsksAgainWhoIsSparedBeforeASignal) {
  Make(ForeignAction::kKillParent);
  LookAfter(0);
  on_event_ = [this](Step) { spared_ = {Parent()}; };
  EXPECT_EQ(LookAfter(kMinAge), (Words{"found", "exempt"}));
  EXPECT_EQ(Signals(), Words{});
}

TEST_F(ForeignZombiesTest, TellsWhyAStepFailed) {
  Make(ForeignAction::kKillParent);
  ops_.pidfd_error = EPERM;
  ops_.signal_error = EPERM;
  LookAfter(0);
  ops_.now_us += kMinAge;
  Look();
  EXPECT_EQ(told_, (Words{"found", "failed"}));
  EXPECT_EQ(error_, EPERM);
  EXPECT_EQ(foreign_->counters().failed, 1U);
}

TEST_F(ForeignZombiesTest, SaysWhenItCannotLook) {
  Make({.interval_us = kMinute}, ForeignScope::kDescendants, "/no/such/proc");
  EXPECT_TRUE(Look().empty());
  EXPECT_EQ(error_, ENOENT);
  const test::FakeProc other(false);
  other.Self("1", "NSpid:\t1");
  Make({}, ForeignScope::kDescendants, other.root());
  Look();
  EXPECT_EQ(error_, ENOENT) << "the processes of somebody else's namespace";
  EXPECT_EQ(foreign_->counters().failed_looks, 1U);
  EXPECT_EQ(foreign_->counters().looks, 0U);
}

TEST_F(ForeignZombiesTest, WithoutAnIntervalNothingIsLeftToWakeUsUp) {
  Make(ForeignAction::kTerminateParent);
  LookAfter(0);
  LookAfter(kMinAge);
  EXPECT_EQ(ops_.timer_us, 0);
  const std::uint64_t looks = foreign_->counters().looks;
  ops_.now_us += 100 * kMinute;
  Settle();
  EXPECT_EQ(foreign_->counters().looks, looks);
}

TEST_F(ForeignZombiesTest, LooksAndActsByTheInterval) {
  Make({.interval_us = kMinute, .action = ForeignAction::kNudge});
  Settle();
  EXPECT_EQ(ops_.timer_us, ops_.now_us + kMinute);
  EXPECT_EQ(foreign_->counters().looks, 0U);
  ops_.now_us += kMinute;
  Settle();
  EXPECT_EQ(foreign_->counters().looks, 1U);
  EXPECT_EQ(ops_.timer_us, ops_.now_us + kMinute);
  ops_.now_us += kMinute;
  Settle();
  EXPECT_EQ(told_, (Words{"found", "nudged"}));
  EXPECT_EQ(Signals(), Words{"pidfd 17"});
}

TEST_F(ForeignZombiesTest, WhatCameOfAStepDoesNotWaitForALongInterval) {
  Make({.interval_us = 60 * kMinute, .min_age_us = kMinAge, .action = ForeignAction::kNudge});
  LookAfter(0);
  EXPECT_EQ(LookAfter(kMinAge), (Words{"found", "nudged"}));
  EXPECT_EQ(ops_.timer_us, ops_.now_us + kMinAge);
  proc_.Remove(kZombie);
  ops_.now_us += kMinAge;
  Settle();
  EXPECT_EQ(told_, Words{"gone"});
  EXPECT_EQ(ops_.timer_us, ops_.now_us + 60 * kMinute);
}

TEST_F(ForeignZombiesTest, AListDoesNotPutOffTheInterval) {
  Make({.interval_us = kMinute});
  Settle();
  const Micros due_us = ops_.timer_us;
  LookAfter(kMinute / 2, LookKind::kList);
  EXPECT_EQ(ops_.timer_us, due_us);
}

TEST_F(ForeignZombiesTest, TheIntervalFollowsTheSpec) {
  Make(model::ForeignZombieSpec{});
  Settle();
  EXPECT_EQ(ops_.timer_us, 0);
  foreign_->SetSpec({.interval_us = kMinute});
  Settle();
  EXPECT_EQ(ops_.timer_us, ops_.now_us + kMinute);
  foreign_->SetSpec({});
  Settle();
  EXPECT_EQ(ops_.timer_us, 0);
}

TEST_F(ForeignZombiesTest, LooksByIntervalTakeOneHundredthOfTheTime) {
  constexpr Micros kCost = 50 * kMillisecond;
  on_spared_ = [this] { ops_.now_us += kCost; };
  Make({.interval_us = kSecond});
  ops_.now_us += kSecond;
  Settle();
  EXPECT_EQ(foreign_->counters().looks, 1U);
  EXPECT_EQ(ops_.timer_us, ops_.now_us + 100 * kCost);
}

TEST_F(ForeignZombiesTest, AFailedLookIsTriedAgainAfterTheInterval) {
  Make({.interval_us = kMinute}, ForeignScope::kDescendants, "/no/such/proc");
  ops_.now_us += kMinute;
  Settle();
  EXPECT_EQ(foreign_->counters().failed_looks, 1U);
  EXPECT_EQ(ops_.timer_us, ops_.now_us + kMinute);
}

TEST_F(ForeignZombiesTest, ManyWhoAskShareOneLookAndEachHasOnePlace) {
  Make(ForeignAction::kReport);
  std::size_t answered = 0;
  std::size_t refused = 0;
  for (std::uint64_t asker = 1; asker <= 100; ++asker) {
    for (int times = 0; times < 2; ++times) {
      foreign_->Look(LookKind::kList, asker, [&](const auto& zombies) {
        ++(zombies ? answered : refused);
        EXPECT_TRUE(zombies.ok() || zombies.error().code() == EAGAIN);
      });
    }
  }
  EXPECT_EQ(refused, 100U);
  foreign_->Forget(100);
  Settle();
  EXPECT_EQ(answered, 99U);
  EXPECT_EQ(foreign_->counters().looks, 1U);
}

TEST_F(ForeignZombiesTest, WhoAsksDuringAnAnswerGetsALookOfItsOwn) {
  Make(ForeignAction::kReport);
  std::size_t second = 99;
  foreign_->Look(LookKind::kList, 0, [&](const auto& zombies) {
    EXPECT_EQ((*zombies)->size(), 1U);
    proc_.Remove(kZombie);
    foreign_->Look(LookKind::kList, 0, [&](const auto& then) { second = (*then)->size(); });
  });
  Settle();
  EXPECT_EQ(second, 0U);
}

TEST_F(ForeignZombiesTest, ALongWalkLeavesTimeForOthers) {
  for (int i = 0; i < 100; ++i)
    proc_.Add({.pid = kStranger + i, .parent = Parent(), .state = 'Z'});
  Make(ForeignAction::kReport);
  ops_.clock_cost_us = 3 * kMillisecond;
  const std::uint64_t before = loop_->turns();
  EXPECT_EQ(Look().size(), 101U);
  EXPECT_GE(loop_->turns() - before, 100U / 16U) << "every part takes a turn";
}

TEST_F(ForeignZombiesTest, GoesOnWhereItWasSaved) {
  Make(ForeignAction::kNudge);
  LookAfter(0);
  const model::ForeignMemory memory = foreign_->Save();
  Make(ForeignAction::kNudge);
  foreign_->Load(memory);
  EXPECT_EQ(LookAfter(kMinAge), (Words{"found", "nudged"}));
}

}  // namespace
}  // namespace reaperd::reap
