#include "ctl/process_files.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/clock.h"
#include "samples.h"
#include "sys/procfs.h"
#include "temp_dir.h"

namespace reaperd::ctl {
namespace {

using namespace std::string_literals;  // NOLINT(google-build-using-namespace): texts with NUL

class Files : public testing::Test {
 protected:
  /// A process that began 100 s after boot.
  Files() {
    dir.Write("214/stat", "214 (worker) S 1 214 214 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 10000 0 0\n");
    dir.Write("214/statm", "1000 300 200 10 0 50 0\n");
    dir.Write("214/cmdline", "worker\0--queue\0\0"s);
    process = samples::Process(214, 1, "worker");
    process.started_at =
        WallNow() - BootClock().Now() + Micros{10000} * kSecond / sysconf(_SC_CLK_TCK);
  }

  test::TempDir dir;
  client::Process process;
};

TEST_F(Files, AddsMemoryAndACommandLineThatWasNotTold) {
  const ProcessRow row = ProcessFiles(dir.path()).Complete(process);
  EXPECT_EQ(row.rss_bytes, 300 * sysconf(_SC_PAGESIZE));
  EXPECT_EQ(row.process.cmdline, (std::vector<std::string>{"worker", "--queue", ""}));
}

TEST_F(Files, LeavesACommandLineThatWasTold) {
  process.cmdline = {"told"};
  const ProcessRow row = ProcessFiles(dir.path()).Complete(process);
  EXPECT_EQ(row.process.cmdline, std::vector<std::string>{"told"});
}

TEST_F(Files, ReadsNothingOfAnotherBearerOfTheNumber) {
  process.started_at = *process.started_at - kSecond;
  const ProcessRow row = ProcessFiles(dir.path()).Complete(process);
  EXPECT_EQ(row.rss_bytes, std::nullopt);
  EXPECT_EQ(row.process.cmdline, std::nullopt);
  process.id = "s214:10000";
  EXPECT_TRUE(ProcessFiles(dir.path()).Complete(process).rss_bytes);
  process.id = "s214:10001";
  EXPECT_FALSE(ProcessFiles(dir.path()).Complete(process).rss_bytes);
}

TEST_F(Files, ReadsNothingOfTheDeadAndTheGone) {
  process.state = "held";
  EXPECT_FALSE(ProcessFiles(dir.path()).Complete(process).rss_bytes);
  process.state = "alive";
  process.pid = 215;
  EXPECT_FALSE(ProcessFiles(dir.path()).Complete(process).rss_bytes);
}

TEST(SeesSameProcesses, OnlyInReaperdsOwnPidNamespace) {
  EXPECT_TRUE(SeesSameProcesses("/proc", 7, 7));
  EXPECT_FALSE(SeesSameProcesses("/proc", 31000, 1));
  EXPECT_FALSE(SeesSameProcesses("/nowhere", 7, 7));
}

}  // namespace
}  // namespace reaperd::ctl
