// reap::Reaper with real children: bursts, holds, scans, tracers, and calls that fail.
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include <cerrno>

#include "reap_bed.h"
#include "refuse_calls.h"

namespace reaperd::reap {
namespace {

using model::ExitStatus;
using test::Call;
using test::ExpectInChild;

/// Every death leads to a scan: for tests of that way.
PlanLimits AlwaysScan() {
  PlanLimits limits;
  limits.walk_limit_us = -1;
  limits.dear_walks_for_scan = 1;
  return limits;
}

struct Way {
  const char* name;
  PlanLimits limits;
  bool children_file = true;
};

class ReaperWayTest : public ::testing::TestWithParam<Way> {
 protected:
  static void Run(const std::function<void(ReapBed&)>& body) {
    ExpectInChild([&] {
      ReapBed bed(GetParam().limits);
      sys::ChildrenList walk("/proc");
      walk.ForbidChildrenFile();
      if (!GetParam().children_file) bed.ops.ListBy(walk);
      body(bed);
    });
  }
};

TEST_P(ReaperWayTest, ReapsABurstAmongTheLivingWithTheRightStatus) {
  Run([](ReapBed& bed) {
    constexpr int kLiving = 60;
    constexpr int kDying = 200;
    Gate never;
    Gate gate;
    never.Fork(kLiving, 0);
    const std::vector<pid_t> dying = gate.Fork(kDying, 42);
    bed.check_zombies = false;
    gate.Open();
    EXPECT_TRUE(bed.RunUntil([&] { return bed.reaped.size() == std::size_t{kDying}; }));
    for (const pid_t pid : dying)
      EXPECT_EQ(bed.reaped.at(pid), ExitStatus::Exited(42));
    EXPECT_EQ(bed.reaper.counters().deaths, std::uint64_t{kDying});
    EXPECT_EQ(bed.reaper.counters().reaped, std::uint64_t{kDying});
    EXPECT_EQ(bed.nobody_left, 0);
    never.Open();
    EXPECT_TRUE(bed.RunUntil([&] { return bed.nobody_left == 1; }));
    EXPECT_EQ(bed.reaped.size(), std::size_t{kLiving + kDying});
  });
}

TEST_P(ReaperWayTest, ReapsWhoDiedBeforeItWasMade) {
  Run([](ReapBed& bed) {
    const pid_t pid = test::Fork([] { return 5; });
    ASSERT_TRUE(test::Eventually([&] { return test::StateOf(pid) == 'Z'; }));
    EXPECT_TRUE(bed.RunUntil([&] { return bed.Reaped(pid) && bed.nobody_left == 1; }));
  });
}

TEST_P(ReaperWayTest, ReapsOrphansOfWhoeverDies) {
  Run([](ReapBed& bed) {
    for (int i = 0; i < 20; ++i) {
      test::Fork([] {
        for (int child = 0; child < 5; ++child)
          test::Fork([child] { return child; });
        return 9;  // its children, dead or alive, become ours
      });
    }
    EXPECT_TRUE(bed.RunUntil([&] { return bed.nobody_left == 1; }));
    EXPECT_EQ(bed.reaped.size(), 120U);
  });
}

TEST_P(ReaperWayTest, IsIdleWhenNothingHappens) {
  Run([](ReapBed& bed) {
    Gate never;
    never.Fork(20, 0);
    const pid_t pid = test::Fork([] { return 0; });
    EXPECT_TRUE(bed.RunUntil([&] { return bed.Reaped(pid); }));
    EXPECT_TRUE(bed.ComesToRest());
  });
}

TEST_P(ReaperWayTest, SurvivesEveryCallThatFailsNowAndThen) {
  Run([](ReapBed& bed) {
    bed.check_zombies = false;
    for (const Call call : {Call::kPeek, Call::kReap, Call::kWaitAny, Call::kRead, Call::kEpollWait,
                            Call::kSetTimer}) {
      bed.ops.Fail({.call = call, .code = ENOMEM, .first = 2, .every = 3});
    }
    for (int i = 0; i < 40; ++i)
      test::Fork([] { return 0; });
    EXPECT_TRUE(bed.RunUntil([&] { return bed.nobody_left == 1; }));
    EXPECT_EQ(bed.reaped.size(), 40U);
    EXPECT_FALSE(bed.failures.empty());
  });
}

INSTANTIATE_TEST_SUITE_P(Ways, ReaperWayTest,
                         ::testing::Values(Way{"Defaults", {}}, Way{"Scan", AlwaysScan()},
                                           Way{"ScanByWalk", AlwaysScan(), false},
                                           Way{"PeekFirst", {.peek_first = true}},
                                           Way{"MayHold", {.may_hold = true}},
                                           Way{"MayHoldByWalk", {.may_hold = true}, false},
                                           Way{"CannotList", {.can_list = false}}),
                         [](const auto& param) { return param.param.name; });

TEST(ReaperScan, IsUsedWhereWalkingIsDear) {
  ExpectInChild([] {
    ReapBed bed(AlwaysScan());
    Gate gate;
    gate.Fork(100, 0);
    gate.Open();
    EXPECT_TRUE(bed.RunUntil([&] { return bed.nobody_left == 1; }));
    EXPECT_GE(bed.reaper.counters().scans, 1U);
    EXPECT_EQ(bed.reaped.size(), 100U);
  });
}

class HeldTest : public ::testing::TestWithParam<bool> {
 protected:
  static void Run(const std::function<void(ReapBed&)>& body) {
    ExpectInChild([&] {
      ReapBed bed({.may_hold = true});
      sys::ChildrenList walk("/proc");
      walk.ForbidChildrenFile();
      if (GetParam()) bed.ops.ListBy(walk);
      body(bed);
    });
  }
};

INSTANTIATE_TEST_SUITE_P(Lists, HeldTest, ::testing::Bool(),
                         [](const auto& param) { return param.param ? "Walk" : "ChildrenFile"; });

TEST_P(HeldTest, StaysAZombieWhileOthersAreReapedAndGoesAtItsRelease) {
  Run([](ReapBed& bed) {
    Gate first_gate;
    Gate second_gate;
    const std::vector<pid_t> held = first_gate.Fork(5, 42);
    const std::vector<pid_t> others = second_gate.Fork(100, 1);
    bed.to_hold = {held.begin(), held.end()};
    first_gate.Open();
    ASSERT_TRUE(bed.RunUntil([&] { return bed.reaper.plan().held_count() == held.size(); }));
    second_gate.Open();
    ASSERT_TRUE(bed.RunUntil([&] { return bed.reaped.size() == others.size(); }));
    for (const pid_t pid : held) {
      EXPECT_EQ(test::StateOf(pid), 'Z');
      EXPECT_EQ(bed.seen[pid], 1) << "looked at once";
    }
    EXPECT_EQ(bed.nobody_left, 0);
    for (const pid_t pid : held)
      bed.Release(pid);
    ASSERT_TRUE(bed.RunUntil([&] { return bed.reaped.size() == others.size() + held.size(); }));
    for (const pid_t pid : held) {
      EXPECT_EQ(bed.reaped.at(pid), ExitStatus::Exited(42));
      EXPECT_EQ(test::StateOf(pid), '\0');
    }
    EXPECT_EQ(bed.reaper.counters().deaths, held.size() + others.size());
  });
}

TEST_P(HeldTest, ManyDoNotHideWhoDiesAfterThem) {
  Run([](ReapBed& bed) {
    Gate gate;
    const std::vector<pid_t> held = gate.Fork(200, 0);
    bed.to_hold = {held.begin(), held.end()};
    bed.check_zombies = false;
    gate.Open();
    ASSERT_TRUE(bed.RunUntil([&] { return bed.reaper.plan().held_count() == held.size(); }));
    for (int i = 0; i < 20; ++i) {
      const pid_t pid = test::Fork([] { return 3; });
      ASSERT_TRUE(bed.RunUntil([&] { return bed.Reaped(pid); })) << i;
    }
    EXPECT_EQ(bed.reaper.plan().held_count(), held.size());
  });
}

TEST_P(HeldTest, CostsNothingWhileNothingHappens) {
  Run([](ReapBed& bed) {
    Gate gate;
    const std::vector<pid_t> held = gate.Fork(20, 0);
    bed.to_hold = {held.begin(), held.end()};
    gate.Open();
    ASSERT_TRUE(bed.RunUntil([&] { return bed.reaper.plan().held_count() == held.size(); }));
    EXPECT_TRUE(bed.ComesToRest());
  });
}

TEST_P(HeldTest, IsReapedOnceAlthoughTheReapFailsAtFirst) {
  Run([](ReapBed& bed) {
    const pid_t pid = test::Fork([] { return 7; });
    bed.to_hold = {pid};
    ASSERT_TRUE(bed.RunUntil([&] { return bed.reaper.plan().IsHeld(pid); }));
    bed.ops.Fail({.call = Call::kReap, .code = ENOMEM, .count = 3});
    bed.Release(pid);
    ASSERT_TRUE(bed.RunUntil([&] { return bed.Reaped(pid); }));
    EXPECT_EQ(bed.reaped.at(pid), ExitStatus::Exited(7));
    EXPECT_EQ(bed.seen[pid], 1);
    EXPECT_GE(bed.failures.size(), 3U);
  });
}

TEST_P(HeldTest, IsReleasedWhenTheListCannotBeHadAnyMore) {
  Run([](ReapBed& bed) {
    const test::ScopedChild living(test::ForkSleeper());
    const pid_t held = test::Fork([] { return 7; });
    bed.to_hold = {held};
    ASSERT_TRUE(bed.RunUntil([&] { return bed.reaper.plan().IsHeld(held); }));
    bed.ops.Fail({.call = Call::kListChildren, .code = ENOENT});
    const pid_t other = test::Fork([] { return 8; });
    ASSERT_TRUE(bed.RunUntil([&] { return bed.Reaped(held) && bed.Reaped(other); }));
    EXPECT_FALSE(bed.reaper.plan().limits().can_list);
  });
}

TEST(Held, NobodyIsHeldWherePeeksAreRefused) {
  for (const int code : {ENOSYS, EPERM, EINVAL}) {
    ExpectInChild([code] {
      const test::RefusedCall whole{.number = SYS_waitid, .code = code};
      const test::RefusedCall only_peek{
          .number = SYS_waitid, .code = code, .argument = 3, .mask = WNOWAIT};
      ASSERT_TRUE(test::RefuseCalls({code == EINVAL ? only_peek : whole}));
      ReapBed bed({.may_hold = true});
      Gate gate;
      const std::vector<pid_t> pids = gate.Fork(50, 3);
      bed.to_hold = {pids.begin(), pids.end()};
      gate.Open();
      EXPECT_TRUE(bed.RunUntil([&] { return bed.nobody_left == 1; }));
      EXPECT_EQ(bed.reaped.size(), pids.size());
      EXPECT_TRUE(bed.seen.empty());
      EXPECT_FALSE(bed.reaper.plan().limits().can_peek);
    });
  }
}

TEST(Traced, ADeadChildOfATracerKeepsNobodyBusyAndComesInTheEnd) {
  ExpectInChild([] {
    ReapBed bed({});
    Gate gate;
    const pid_t traced = gate.Fork(1, 42).front();
    const test::Pipe ready = test::MakePipe();
    const pid_t tracer = test::Fork([&] {
      const char good = ptrace(PTRACE_SEIZE, traced, nullptr, nullptr) == 0 ? 'y' : 'n';
      if (write(ready.write_end.get(), &good, 1) != 1) return 1;
      for (;;)
        pause();  // never waits for it
      return 0;
    });
    char seized = 0;
    ASSERT_EQ(read(ready.read_end.get(), &seized, 1), 1);
    ASSERT_EQ(seized, 'y');
    gate.Open();
    ASSERT_TRUE(test::Eventually([&] { return test::StateOf(traced) == 'Z'; }));
    bed.reaper.OnSigchld(traced);
    EXPECT_TRUE(bed.ComesToRest()) << "it is dead, and not ours to reap";
    EXPECT_FALSE(bed.Reaped(traced));
    kill(tracer, SIGKILL);
    EXPECT_TRUE(bed.RunUntil([&] { return bed.Reaped(traced) && bed.Reaped(tracer); }));
    EXPECT_EQ(bed.reaped.at(traced), ExitStatus::Exited(42));
  });
}

TEST(Discovery, FindsOrphansThatWereGivenToUs) {
  ExpectInChild([] {
    ReapBed bed({});
    bed.reaper.EnableDiscovery();
    const test::Pipe pipe = test::MakePipe();
    const pid_t parent = test::Fork([&] {
      const pid_t orphan = test::ForkSleeper();
      return write(pipe.write_end.get(), &orphan, sizeof orphan) == sizeof orphan ? 0 : 1;
    });
    pid_t orphan = 0;
    ASSERT_EQ(read(pipe.read_end.get(), &orphan, sizeof orphan),
              static_cast<ssize_t>(sizeof orphan));
    bed.reaper.Know({.pid = parent});
    EXPECT_TRUE(bed.RunUntil([&] { return bed.adopted.count(orphan) > 0; }));
    EXPECT_EQ(bed.adopted.count(parent), 0U);
    ASSERT_NE(bed.reaper.table().Find(orphan), nullptr);
    kill(orphan, SIGKILL);
    EXPECT_TRUE(bed.RunUntil([&] { return bed.nobody_left == 1; }));
    EXPECT_EQ(bed.reaper.table().size(), 0U);
  });
}

}  // namespace
}  // namespace reaperd::reap
