// reap::ForeignZombies with real parents that do not reap, beside the reaper that gets what they
// leave.
#include "reap/foreign_zombies.h"

#include <sched.h>
#include <sys/wait.h>

#include <algorithm>
#include <optional>

#include "reap_bed.h"

namespace reaperd::reap {
namespace {

using model::ExitStatus;
using model::ForeignAction;
using model::ForeignEvent;
using test::ExpectInChild;
using Step = ForeignEvent::Step;

constexpr Micros kMinAge = 50 * kMillisecond;

class ForeignBed final : public ForeignObserver {
 public:
  explicit ForeignBed(const model::ForeignZombieSpec& spec,
                      ForeignScope scope = ForeignScope::kDescendants)
      : foreign(bed.loop(), bed.ops, *this, scope, "/proc", spec) {}
  explicit ForeignBed(ForeignAction action)
      : ForeignBed({.min_age_us = kMinAge, .action = action, .exempt = {}}) {}

  /// The zombies of those parents that we made.
  std::vector<model::ForeignZombie> Look(LookKind kind) {
    model::ForeignList seen;
    foreign.Look(kind, 0, [&](const auto& zombies) {
      EXPECT_TRUE(zombies.ok());
      seen = zombies ? *zombies : std::make_shared<const std::vector<model::ForeignZombie>>();
    });
    EXPECT_TRUE(bed.RunUntil([&] { return seen && !foreign.busy(); }));
    return seen ? *seen : std::vector<model::ForeignZombie>();
  }

  /// Looks again and again until `condition` holds.
  bool ActUntil(const std::function<bool()>& condition, Micros timeout_us = 10 * kSecond) {
    const Micros end_us = bed.loop().Now() + timeout_us;
    for (;;) {
      Look(LookKind::kAct);
      if (condition()) return true;
      if (bed.loop().Now() >= end_us) return false;
      bed.RunUntil(condition, 5 * kMillisecond);
    }
  }

  [[nodiscard]] std::size_t Count(Step step) const {
    return static_cast<std::size_t>(
        std::count_if(events.begin(), events.end(),
                      [step](const ForeignEvent& event) { return event.step == step; }));
  }
  [[nodiscard]] std::size_t Signals() const {
    return bed.ops.calls(test::Call::kSignalPidfd) + bed.ops.calls(test::Call::kSignalChild);
  }

  // --- ForeignObserver
  void OnForeign(const ForeignEvent& event) override { events.push_back(event); }
  std::vector<pid_t> Spared() const override { return spared; }

  ReapBed bed{{}};
  std::vector<ForeignEvent> events;
  std::vector<pid_t> spared;
  ForeignZombies foreign;
};

void ReapAll(int /*signal*/) {
  while (waitpid(-1, nullptr, WNOHANG) > 0) {
  }
}

enum class OnSigchld { kNothing, kReap };

/// Makes `zombies`, says so, and waits for a signal. Does not return.
int BeNegligent(int zombies, OnSigchld on_sigchld, int ready_fd) {
  for (int i = 0; i < zombies; ++i) {
    const pid_t child = test::Fork([] { return 7; });
    siginfo_t info{};
    if (waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT) != 0) return 1;
  }
  // The signals of their deaths wait, blocked by the bed: not one of them is to reap anybody.
  sigset_t all;
  sigfillset(&all);
  const timespec now{};
  while (sigtimedwait(&all, nullptr, &now) > 0) {
  }
  if (on_sigchld == OnSigchld::kReap) signal(SIGCHLD, ReapAll);
  const pid_t self = getpid();
  if (write(ready_fd, &self, sizeof self) != sizeof self) return 1;
  sigprocmask(SIG_UNBLOCK, &all, nullptr);
  for (;;)
    pause();
}

/// A child of ours with `zombies` of its own.
pid_t ForkNegligent(int zombies, OnSigchld on_sigchld) {
  const test::Pipe ready = test::MakePipe();
  const pid_t pid =
      test::Fork([&] { return BeNegligent(zombies, on_sigchld, ready.write_end.get()); });
  pid_t said = 0;
  EXPECT_EQ(read(ready.read_end.get(), &said, sizeof said), static_cast<ssize_t>(sizeof said));
  EXPECT_EQ(said, pid);
  return pid;
}

TEST(ForeignZombies, ANegligentParentIsFound) {
  ExpectInChild([] {
    ForeignBed bed(ForeignAction::kReport);
    const pid_t parent = ForkNegligent(3, OnSigchld::kNothing);
    for (const std::optional<bool> growing : {std::optional<bool>(), std::optional(false)}) {
      const auto zombies = bed.Look(LookKind::kList);
      ASSERT_EQ(zombies.size(), 3U);
      for (const model::ForeignZombie& zombie : zombies) {
        EXPECT_EQ(zombie.parent, parent);
        EXPECT_EQ(zombie.held_by_parent, 3U);
        EXPECT_EQ(zombie.growing, growing);
        EXPECT_EQ(test::StateOf(zombie.pid), 'Z');
      }
    }
    EXPECT_TRUE(bed.ActUntil([&] { return bed.Count(Step::kFound) == 3; }));
    EXPECT_EQ(bed.events.size(), 3U);
    EXPECT_EQ(bed.Signals(), 0U);
    EXPECT_NE(test::StateOf(parent), 'Z');
  });
}

TEST(ForeignZombies, ANudgedParentThatCanReapBecomesClean) {
  ExpectInChild([] {
    ForeignBed bed(ForeignAction::kTerminateParent);
    const pid_t parent = ForkNegligent(5, OnSigchld::kReap);
    EXPECT_TRUE(bed.ActUntil([&] { return bed.Count(Step::kGone) == 5; }));
    EXPECT_EQ(bed.Count(Step::kNudged), 1U);
    EXPECT_EQ(bed.Signals(), 1U);
    for (const ForeignEvent& event : bed.events) {
      if (event.step == Step::kGone) {
        EXPECT_EQ(event.after, Step::kNudged);
      }
    }
    EXPECT_TRUE(bed.Look(LookKind::kList).empty());
    EXPECT_NE(test::StateOf(parent), 'Z');
    EXPECT_TRUE(bed.bed.reaped.empty()) << "it reaped them itself";
  });
}

struct Ending {
  ForeignAction action;
  Step step;
  int signal;
};

class ForeignZombiesEndingTest : public ::testing::TestWithParam<Ending> {};

TEST_P(ForeignZombiesEndingTest, WhatTheParentLeavesComesToUsAndIsReaped) {
  ExpectInChild([] {
    ForeignBed bed(GetParam().action);
    const pid_t parent = ForkNegligent(4, OnSigchld::kNothing);
    const auto zombies = bed.Look(LookKind::kAct);
    ASSERT_EQ(zombies.size(), 4U);
    EXPECT_TRUE(bed.ActUntil([&] { return bed.Count(Step::kGone) == 4; }));
    EXPECT_TRUE(bed.bed.RunUntil([&] { return bed.bed.nobody_left > 0; }));
    EXPECT_EQ(bed.Count(Step::kNudged), 1U);
    EXPECT_EQ(bed.Count(GetParam().step), 1U);
    EXPECT_EQ(bed.bed.reaped.at(parent), ExitStatus::Killed(GetParam().signal));
    for (const model::ForeignZombie& zombie : zombies)
      EXPECT_EQ(bed.bed.reaped.at(zombie.pid), ExitStatus::Exited(7));
  });
}

INSTANTIATE_TEST_SUITE_P(
    Actions, ForeignZombiesEndingTest,
    ::testing::Values(Ending{ForeignAction::kTerminateParent, Step::kTerminated, SIGTERM},
                      Ending{ForeignAction::kKillParent, Step::kKilled, SIGKILL}),
    [](const auto& param) { return param.param.signal == SIGTERM ? "Terminate" : "Kill"; });

TEST(ForeignZombies, OneThatIgnoresTermIsKilledAfterItsTime) {
  ExpectInChild([] {
    ForeignBed bed(ForeignAction::kTerminateParent);
    signal(SIGTERM, SIG_IGN);
    const pid_t parent = ForkNegligent(1, OnSigchld::kNothing);
    EXPECT_TRUE(bed.ActUntil([&] { return bed.Count(Step::kTerminated) == 1; }));
    const Micros terminated_us = bed.bed.loop().Now();
    EXPECT_TRUE(bed.ActUntil([&] { return bed.bed.Reaped(parent); }));
    EXPECT_EQ(bed.Count(Step::kKilled), 1U);
    EXPECT_EQ(bed.bed.reaped.at(parent), ExitStatus::Killed(SIGKILL));
    EXPECT_GE(bed.bed.loop().Now() - terminated_us, ForeignPlan::kKillAfter_us - kMinAge);
  });
}

TEST(ForeignZombies, ByTheIntervalTheyAreFoundUnasked) {
  ExpectInChild([] {
    ForeignBed bed({.interval_us = kMinAge,
                    .min_age_us = kMinAge,
                    .action = ForeignAction::kReport,
                    .exempt = {}});
    ForkNegligent(2, OnSigchld::kNothing);
    EXPECT_TRUE(bed.bed.RunUntil([&] { return bed.Count(Step::kFound) == 2; }));
    EXPECT_GE(bed.foreign.counters().looks, 2U);
  });
}

TEST(ForeignZombies, AnExemptParentIsLeftAlone) {
  ExpectInChild([] {
    ForeignBed bed({.min_age_us = kMinAge, .action = ForeignAction::kKillParent, .exempt = {"*"}});
    const pid_t parent = ForkNegligent(2, OnSigchld::kNothing);
    EXPECT_TRUE(bed.ActUntil([&] { return bed.Count(Step::kExempt) == 1; }));
    const Micros end_us = bed.bed.loop().Now() + 3 * kMinAge;
    EXPECT_TRUE(bed.ActUntil([&] { return bed.bed.loop().Now() >= end_us; }));
    EXPECT_EQ(bed.Signals(), 0U);
    EXPECT_NE(test::StateOf(parent), 'Z');
    EXPECT_EQ(bed.Look(LookKind::kList).size(), 2U);
  });
}

TEST(ForeignZombies, Pid1OfANamespaceBelowIsLeftAlone) {
  if (!test::CanBePid1()) GTEST_SKIP() << "no pid namespace can be made here";
  ExpectInChild([] {
    ForeignBed bed(ForeignAction::kKillParent);
    const test::Pipe ready = test::MakePipe();
    test::Fork([&] {
      if (unshare(CLONE_NEWPID) != 0) return 1;
      test::Fork([&] { return BeNegligent(2, OnSigchld::kNothing, ready.write_end.get()); });
      for (;;)
        pause();
      return 0;
    });
    pid_t said = 0;
    ASSERT_EQ(read(ready.read_end.get(), &said, sizeof said), static_cast<ssize_t>(sizeof said));
    ASSERT_EQ(said, 1);
    const auto zombies = bed.Look(LookKind::kAct);
    ASSERT_EQ(zombies.size(), 2U);
    EXPECT_TRUE(bed.ActUntil([&] { return bed.Count(Step::kExempt) == 1; }));
    const Micros end_us = bed.bed.loop().Now() + 3 * kMinAge;
    EXPECT_TRUE(bed.ActUntil([&] { return bed.bed.loop().Now() >= end_us; }));
    EXPECT_EQ(bed.Signals(), 0U);
    EXPECT_NE(test::StateOf(zombies[0].parent), 'Z');
  });
}

TEST(ForeignZombies, Pid1FindsAndEndsThemInItsNamespace) {
  if (!test::CanBePid1()) GTEST_SKIP() << "no pid namespace can be made here";
  ExpectInChild(
      [] {
        ForeignBed bed({.min_age_us = kMinAge, .action = ForeignAction::kKillParent, .exempt = {}},
                       ForeignScope::kNamespace);
        ForkNegligent(3, OnSigchld::kNothing);
        EXPECT_TRUE(bed.ActUntil([&] { return bed.bed.nobody_left > 0; }));
        EXPECT_EQ(bed.bed.reaped.size(), 4U);
        EXPECT_EQ(bed.Count(Step::kKilled), 1U);
      },
      {.pid1 = true});
}

TEST(ForeignZombies, WithoutAnIntervalNothingWakesUsUp) {
  ExpectInChild([] {
    ForeignBed bed(ForeignAction::kNudge);
    ForkNegligent(2, OnSigchld::kNothing);
    EXPECT_TRUE(bed.ActUntil([&] { return bed.Count(Step::kNudged) == 1; }));
    EXPECT_TRUE(bed.bed.ComesToRest());
  });
}

TEST(ForeignZombies, WithoutPidfdsStepsAreTakenAllTheSame) {
  ExpectInChild([] {
    ForeignBed bed(ForeignAction::kKillParent);
    bed.bed.ops.Fail({.call = test::Call::kSignalPidfd, .code = ENOSYS});
    const pid_t parent = ForkNegligent(1, OnSigchld::kNothing);
    EXPECT_TRUE(bed.ActUntil([&] { return bed.bed.Reaped(parent); }));
    EXPECT_EQ(bed.bed.reaped.at(parent), ExitStatus::Killed(SIGKILL));
  });
}

}  // namespace
}  // namespace reaperd::reap
