// A whole run with --reap auto, and what it makes of a kernel that does not tell.
#include "daemon_bed.h"

namespace reaperd::daemon {
namespace {

using test::Call;
using test::ExpectInChild;

/// The words of a run that waits for all.
std::vector<std::string> Auto(std::string script) {
  std::vector<std::string> words{"--reap", "auto", "--wait-for", "all", "--", "sh", "-c"};
  words.push_back(std::move(script));
  return words;
}

/// Where this kernel cannot do it, that is what the run says.
bool CanReapAuto() {
  static const bool kCan = test::RunInChild([] {
                             DaemonBed bed;
                             EXPECT_EQ(bed.Run({"--reap", "auto", "--", "true"}), 0);
                           }).empty();
  return kCan;
}

TEST(DaemonAuto, AStormLeavesNothingAndMainsStatusIsTold) {
  if (!CanReapAuto()) GTEST_SKIP() << "before Linux 6.15";
  ExpectInChild([] {
    DaemonBed bed;
    EXPECT_EQ(bed.Run(Auto(Storm(60))), 7);
    bed.ExpectAllReaped(1);
  });
}

TEST(DaemonAuto, AKernelThatDoesNotTellIsRefusedBeforeAnythingIsStarted) {
  if (!CanReapAuto()) GTEST_SKIP() << "before Linux 6.15";
  for (const Call call : {Call::kExitByPidfd, Call::kSignalPidfd}) {
    ExpectInChild([call] {
      DaemonBed bed;
      bed.ops.Fail({.call = call, .code = EPERM});
      EXPECT_EQ(bed.Run({"--reap", "auto", "--", "true"}), 125);
      ASSERT_EQ(bed.observer.fatals.size(), 1U);
      EXPECT_TRUE(bed.observer.started.empty());
    });
  }
}

TEST(DaemonAuto, LooksThatFailLoseNothing) {
  if (!CanReapAuto()) GTEST_SKIP() << "before Linux 6.15";
  ExpectInChild([] {
    DaemonBed bed;
    bed.ops.Fail({.call = Call::kWaitAny, .code = ENOMEM, .count = 5, .every = 2});
    bed.ops.Fail({.call = Call::kPeek, .code = ENOMEM, .count = 5, .every = 2});
    bed.ops.Fail({.call = Call::kReap, .code = ENOMEM, .count = 5, .every = 2});
    EXPECT_EQ(bed.Run(Auto(Storm(20))), 7);
    bed.ExpectAllReaped(1);
  });
}

}  // namespace
}  // namespace reaperd::daemon
