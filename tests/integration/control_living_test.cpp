// The control plane and children that exec after they were first seen: what new rules ask of the
// living, and what is told of them.
#include "control_bed.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>

#include "scribe/scribe.h"
#include "sys/procfs.h"

namespace reaperd::daemon {
namespace {

/// A child that execs sleep with this word when the test says so.
class LateSleeper {
 public:
  explicit LateSleeper(const char* word) {
    pid_ = test::Fork([&] {
      gate_.write_end.reset();
      char byte = 0;
      if (read(gate_.read_end.get(), &byte, 1) != 0) return 2;
      execlp("sleep", "sleep", word, nullptr);
      return 1;
    });
  }
  [[nodiscard]] pid_t pid() const { return pid_; }
  /// Returns when its exec is through: its comm is earlier than its arguments.
  void Exec() {
    gate_.write_end.reset();
    const std::string path = "/proc/" + std::to_string(pid_) + "/cmdline";
    EXPECT_TRUE(test::Eventually([&] {
      const auto cmdline = sys::ReadSmallFile(path);
      return cmdline && cmdline->starts_with("sleep");
    }));
  }

 private:
  test::Pipe gate_ = test::MakePipe();
  pid_t pid_ = 0;
};

TEST(ControlPlane, ARuleForCommandLinesReadsThoseOfTheLiving) {
  WithControl({}, [](ControlBed& bed) {
    LateSleeper child("1001");
    child.Exec();
    ASSERT_FALSE(bed.FindProcess(child.pid())->child->shadow->cmdline.has_value());
    ASSERT_EQ(CodeOf(bed.control().AddHoldRule("cmdline=sleep 1001,until=released,name=sleepers")),
              0);
    ASSERT_TRUE(bed.RunUntil(
        [&] { return bed.FindProcess(child.pid())->child->shadow->cmdline.has_value(); }));
    kill(child.pid(), SIGKILL);
    ASSERT_TRUE(bed.RunUntilHeld(child.pid()));
    EXPECT_EQ(bed.FindHeld(child.pid())->rule, "sleepers");
  });
}

TEST(ControlPlane, ARuleForWhatOnlyTheLivingShowLooksAtThemAgain) {
  for (const std::string rule : {"cmdline=sleep 1002", "exe=*/sleep"}) {
    WithControl({}, [&](ControlBed& bed) {
      LateSleeper child("1002");
      ASSERT_NE(bed.FindProcess(child.pid())->comm, "sleep") << "seen before its exec";
      child.Exec();
      ASSERT_EQ(CodeOf(bed.control().AddHoldRule(rule + ",until=released,name=sleepers")), 0);
      const bool words = rule.starts_with("cmdline");
      ASSERT_TRUE(bed.RunUntil([&] {
        const auto view = bed.FindProcess(child.pid());
        const model::Shadow& shadow = *view->child->shadow;
        return words ? shadow.cmdline.has_value() : shadow.exe.has_value();
      }));
      kill(child.pid(), SIGKILL);
      ASSERT_TRUE(bed.RunUntilHeld(child.pid())) << rule;
      EXPECT_EQ(bed.FindHeld(child.pid())->rule, "sleepers");
    });
  }
}

TEST(ControlPlane, ARuleForCommandLinesReadsMoreThanTheScribeTakesAtATime) {
  WithControl({}, [](ControlBed& bed) {
    reap::Gate gate;
    const std::vector<pid_t> pids = gate.Fork(2 * static_cast<int>(scribe::Scribe::kMaxReads), 0);
    bed.Discover();
    ASSERT_EQ(CodeOf(bed.control().AddHoldRule("cmdline=nobody,until=released")), 0);
    EXPECT_TRUE(bed.RunUntil([&] {
      const model::ProcessList list = bed.Discover();
      return std::all_of(pids.begin(), pids.end(), [&](pid_t pid) {
        const auto at = std::find_if(list->begin(), list->end(),
                                     [pid](const auto& view) { return view.pid == pid; });
        return at != list->end() && at->child->shadow->cmdline;
      });
    }));
    gate.Open();
  });
}

TEST(ControlPlane, WhoAsksTwiceIsToldWhatAChildRunsSinceItsExec) {
  WithControl({}, [](ControlBed& bed) {
    LateSleeper child("1003");
    ASSERT_TRUE(bed.FindProcess(child.pid())->child->shadow->exe);
    child.Exec();
    EXPECT_FALSE(bed.FindProcess(child.pid())->child->shadow->exe) << "what it was is past";
    const auto again = bed.FindProcess(child.pid());
    ASSERT_TRUE(again->child->shadow->exe);
    EXPECT_TRUE(again->child->shadow->exe->ends_with("/sleep")) << *again->child->shadow->exe;
    kill(child.pid(), SIGKILL);
    ASSERT_TRUE(bed.RunUntilReaped(child.pid()));
  });
}

}  // namespace
}  // namespace reaperd::daemon
