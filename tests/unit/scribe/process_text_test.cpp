#include "scribe/process_text.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <string>

#include "child_process.h"
#include "fake_proc.h"
#include "sys/procfs.h"

namespace reaperd::scribe {
namespace {

using namespace std::string_literals;
using Parts = std::vector<std::string>;

TEST(SplitParts, CutsAtEachNul) {
  EXPECT_EQ(SplitParts(""), Parts{});
  EXPECT_EQ(SplitParts("sh\0-c\0true\0"s), (Parts{"sh", "-c", "true"}));
  EXPECT_EQ(SplitParts("cut\0off"s), (Parts{"cut", "off"}));
  EXPECT_EQ(SplitParts("a\0\0b\0"s), (Parts{"a", "", "b"}));
  EXPECT_EQ(SplitParts("\xff\n\x1b\0{\"\0"s), (Parts{"\xff\n\x1b", "{\""}));
}

TEST(SplitParts, KeepsOneEmptyPartAtTheEndButNotThePaddingOfATitle) {
  EXPECT_EQ(SplitParts("grep\0\0"s), (Parts{"grep", ""}));
  EXPECT_EQ(SplitParts("nginx: worker process\0\0\0\0\0"s), (Parts{"nginx: worker process"}));
  EXPECT_EQ(SplitParts("\0\0\0"s), Parts{});
}

/// A process of the fake tree, with a text.
class ProcessTextTest : public ::testing::Test {
 protected:
  static constexpr pid_t kPid = 77;
  static constexpr unsigned long kTicks = 500;

  void Show(const std::string& file, const std::string& text, char state = 'S') {
    proc_.Add({.pid = kPid, .state = state, .start_ticks = kTicks});
    proc_.dir().Write(std::to_string(kPid) + "/" + file, text);
  }

  std::optional<RawText> Read(TextKind kind, std::uint64_t ticks = kTicks) {
    return ReadProcessText(proc_.root(),
                           {.id = 1, .kind = kind, .pid = kPid, .start_ticks = ticks});
  }

  test::FakeProc proc_;
};

TEST_F(ProcessTextTest, IsReadWhole) {
  Show("cmdline", "sh\0-c\0"s);
  const auto text = Read(TextKind::kCmdline);
  ASSERT_TRUE(text);
  EXPECT_EQ(text->bytes, "sh\0-c\0"s);
  EXPECT_FALSE(text->truncated);
}

TEST_F(ProcessTextTest, IsCutAtItsCap) {
  for (const TextKind kind : {TextKind::kCmdline, TextKind::kEnviron}) {
    const std::string file = kind == TextKind::kCmdline ? "cmdline" : "environ";
    Show(file, std::string(CapBytes(kind), 'x'));
    auto text = Read(kind);
    ASSERT_TRUE(text);
    EXPECT_EQ(text->bytes.size(), CapBytes(kind));
    EXPECT_FALSE(text->truncated);
    Show(file, std::string(CapBytes(kind) + 1, 'x'));
    text = Read(kind);
    ASSERT_TRUE(text);
    EXPECT_EQ(text->bytes.size(), CapBytes(kind));
    EXPECT_TRUE(text->truncated);
  }
}

TEST_F(ProcessTextTest, OfAnotherProcessWithThatNumberIsNotTold) {
  Show("cmdline", "stranger");
  EXPECT_FALSE(Read(TextKind::kCmdline, kTicks - 1));
  EXPECT_FALSE(Read(TextKind::kCmdline, 0));
}

TEST_F(ProcessTextTest, IsNotTakenForEmptyWhenNobodyKnows) {
  Show("cmdline", "");
  EXPECT_FALSE(Read(TextKind::kCmdline));
  Show("environ", "");
  EXPECT_TRUE(Read(TextKind::kEnviron)) << "env -i";
  Show("environ", "", 'Z');
  EXPECT_FALSE(Read(TextKind::kEnviron));
}

TEST_F(ProcessTextTest, OfOneInTheMiddleOfItsExecIsLookedAtAgain) {
  const ReadRequest request{
      .id = 1, .kind = TextKind::kCmdline, .pid = kPid, .start_ticks = kTicks};
  Show("cmdline", "");
  int pauses = 0;
  const auto text = ReadProcessText(proc_.root(), request, [&] {
    if (++pauses == 2) Show("cmdline", "sleep\0005\0"s);
  });
  ASSERT_TRUE(text);
  EXPECT_EQ(text->bytes, "sleep\0005\0"s);
  EXPECT_EQ(pauses, 2);

  const auto pauses_of = [&](const std::string& file, char state) {
    int count = 0;
    Show(file, "", state);
    ReadRequest other = request;
    if (file == "environ") other.kind = TextKind::kEnviron;
    ReadProcessText(proc_.root(), other, [&] { ++count; });
    return count;
  };
  EXPECT_EQ(pauses_of("cmdline", 'S'), 3) << "not for ever";
  EXPECT_EQ(pauses_of("cmdline", 'Z'), 0);
  EXPECT_EQ(pauses_of("environ", 'S'), 0) << "it may be empty";
}

TEST_F(ProcessTextTest, IsNotReadWithoutItsFiles) {
  EXPECT_FALSE(Read(TextKind::kCmdline));
  proc_.dir().Write(std::to_string(kPid) + "/cmdline", "sh");  // and no stat
  EXPECT_FALSE(Read(TextKind::kCmdline));
}

TEST(ProcessText, OfARealProcessAndItsZombie) {
  test::ExpectInChild([] {
    const pid_t pid = test::ForkSleeper();
    const auto stat = sys::ReadStat("/proc", pid);
    ASSERT_TRUE(stat.ok());
    const ReadRequest request{
        .id = 1, .kind = TextKind::kCmdline, .pid = pid, .start_ticks = stat->start_ticks};
    EXPECT_TRUE(ReadProcessText("/proc", request));
    kill(pid, SIGKILL);
    ASSERT_TRUE(test::Eventually([&] { return test::StateOf(pid) == 'Z'; }));
    EXPECT_FALSE(ReadProcessText("/proc", request));
    test::WaitStatus(pid);
    EXPECT_FALSE(ReadProcessText("/proc", request));
  });
}

}  // namespace
}  // namespace reaperd::scribe
