// The daemon on kernels and in sandboxes that lack something: every fall-back is forced, and a run
// with orphans, a forwarded signal and a grace gives the same as with everything.
#include "daemon_bed.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/syscall.h>

#include "refuse_calls.h"

namespace reaperd::daemon {
namespace {

using test::ExpectInChild;
using test::RefusedCall;

struct Lack {
  const char* name;
  std::vector<RefusedCall> refused;
  bool children_file = true;
  bool proc = true;
};

std::vector<Lack> Lacks() {
  const RefusedCall no_waitid{.number = SYS_waitid, .code = ENOSYS};
  const RefusedCall no_pidfd_open{.number = SYS_pidfd_open, .code = ENOSYS};
  const RefusedCall no_pidfd_send{.number = SYS_pidfd_send_signal, .code = EPERM};
  const RefusedCall no_clone_pidfd{.number = SYS_clone, .code = EINVAL, .mask = CLONE_PIDFD};
  const RefusedCall no_sharing{.number = SYS_clone, .code = EPERM, .mask = CLONE_VFORK};
  return {
      {"Nothing", {}},
      {"Waitid", {no_waitid}},
      {"WaitidByFilter", {{.number = SYS_waitid, .code = EPERM}}},
      {"PidfdOpen", {no_pidfd_open}},
      {"PidfdOpenByFilter", {{.number = SYS_pidfd_open, .code = EPERM}}},
      {"PidfdSendSignal", {no_pidfd_send}},
      {"PidfdSendSignalAtAll", {{.number = SYS_pidfd_send_signal, .code = ENOSYS}}},
      {"ClonePidfd", {no_clone_pidfd}},
      {"PidfdsAltogether", {no_clone_pidfd, no_pidfd_open, no_pidfd_send}},
      {"SharingClone", {no_sharing}},
      {"SharingCloneAtAll", {{.number = SYS_clone, .code = ENOSYS, .mask = CLONE_VFORK}}},
      {"AllOfThem", {no_waitid, no_clone_pidfd, no_pidfd_open, no_pidfd_send, no_sharing}},
      {.name = "ChildrenFile", .refused = {}, .children_file = false},
      {.name = "Proc", .refused = {}, .proc = false},
      {.name = "ProcAndPidfdsAndWaitid",
       .refused = {no_waitid, no_clone_pidfd, no_pidfd_open, no_pidfd_send},
       .proc = false},
  };
}

class DaemonFallbackTest : public ::testing::TestWithParam<Lack> {
 protected:
  /// Runs `body` in a child that lacks what the parameter says.
  static void Run(const std::function<void(DaemonBed&)>& body) {
    if (!GetParam().proc && geteuid() != 0) GTEST_SKIP() << "needs root to hide /proc";
    ExpectInChild([&] {
      if (!GetParam().proc) {
        ASSERT_EQ(unshare(CLONE_NEWNS), 0);
        ASSERT_EQ(mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
        ASSERT_EQ(mount("none", "/proc", "tmpfs", 0, nullptr), 0);
      }
      if (!GetParam().refused.empty()) {
        ASSERT_TRUE(test::RefuseCalls(GetParam().refused));
      }
      DaemonBed bed;
      sys::ChildrenList walk("/proc");
      walk.ForbidChildrenFile();
      if (!GetParam().children_file) bed.ops.ListBy(walk);
      body(bed);
      EXPECT_TRUE(bed.observer.fatals.empty());
    });
  }
};

TEST_P(DaemonFallbackTest, ReapsAllOrphans) {
  Run([](DaemonBed& bed) {
    EXPECT_EQ(bed.Run({"--wait-for=all", "--", "sh", "-c", Storm(40)}), 7);
    bed.ExpectAllReaped(41);
    EXPECT_TRUE(bed.observer.warnings.empty());
  });
}

TEST_P(DaemonFallbackTest, ForwardsSignalsToMain) {
  Run([](DaemonBed& bed) {
    EXPECT_EQ(
        bed.Run({"sh", "-c", "trap 'exit 9' TERM; kill -TERM $PPID; while :; do sleep 0.02; done"}),
        9);
    EXPECT_EQ(bed.observer.signals.at(0).outcome, model::SignalOutcome::kForwarded);
  });
}

TEST_P(DaemonFallbackTest, TellsThatMainWasKilled) {
  Run([](DaemonBed& bed) {
    EXPECT_EQ(bed.Run({"sh", "-c", "kill -KILL $$"}), 137);
    bed.ExpectAllReaped(1);
  });
}

TEST_P(DaemonFallbackTest, TellsWhatCannotBeExecuted) {
  Run([](DaemonBed& bed) { EXPECT_EQ(bed.Run({"/no/such/program"}), 127); });
  Run([](DaemonBed& bed) { EXPECT_EQ(bed.Run({"/dev/null"}), 126); });
}

TEST_P(DaemonFallbackTest, KillsAMainThatDoesNotStop) {
  Run([](DaemonBed& bed) {
    EXPECT_EQ(bed.Run({"--stop-timeout=50ms", "--", "sh", "-c",
                       "trap '' TERM; kill -TERM $PPID; while :; do sleep 0.02; done"}),
              137);
  });
}

TEST_P(DaemonFallbackTest, RunsTheDrainCommand) {
  Run([](DaemonBed& bed) {
    EXPECT_EQ(bed.Run({"--drain=5s", "--drain-command=sh -c 'exit 3'", "--", "sh", "-c",
                       "trap 'exit 9' TERM; kill -TERM $PPID; while :; do sleep 0.02; done"}),
              9);
    EXPECT_EQ(bed.observer.signals.at(0).outcome, model::SignalOutcome::kDrainStarted);
    bed.ExpectAllReaped(2);
  });
}

INSTANTIATE_TEST_SUITE_P(Without, DaemonFallbackTest, ::testing::ValuesIn(Lacks()),
                         [](const auto& param) { return param.param.name; });

/// Where descendants can be found.
class DaemonGraceTest : public DaemonFallbackTest {};

TEST_P(DaemonGraceTest, ReachesWhatIsLeftInWhicheverSession) {
  Run([](DaemonBed& bed) {
    EXPECT_EQ(bed.Run({"--grace=5s", "--", "sh", "-c", "setsid sleep 1000 & sleep 1000 & exit 6"}),
              6);
    EXPECT_EQ(bed.observer.sweeps, std::vector<int>{SIGTERM});
    bed.ExpectAllReaped(3);
  });
}

std::vector<Lack> LacksButProc() {
  std::vector<Lack> lacks = Lacks();
  std::erase_if(lacks, [](const Lack& lack) { return !lack.proc; });
  return lacks;
}

INSTANTIATE_TEST_SUITE_P(Without, DaemonGraceTest, ::testing::ValuesIn(LacksButProc()),
                         [](const auto& param) { return param.param.name; });

TEST(DaemonFallbacks, WithoutProcWhatIsLeftIsToldAndNotWaitedForTooLong) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to hide /proc";
  ExpectInChild([] {
    ASSERT_EQ(unshare(CLONE_NEWNS), 0);
    ASSERT_EQ(mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    ASSERT_EQ(mount("none", "/proc", "tmpfs", 0, nullptr), 0);
    DaemonBed bed;
    EXPECT_EQ(bed.Run({"--grace=50ms", "--", "sh", "-c", "setsid sleep 3 & exit 6"}), 6);
    EXPECT_FALSE(bed.observer.warnings.empty());
  });
}

}  // namespace
}  // namespace reaperd::daemon
