#include "sys/procfs.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>

#include "child_process.h"
#include "fake_proc.h"

namespace reaperd::sys {
namespace {

using test::FakeProc;
using test::StatText;

TEST(ParseStat, ReadsTheFieldsThatWeUse) {
  const auto stat = ParseStat(StatText({.pid = 4194304,
                                        .parent = 17,
                                        .comm = "nginx",
                                        .state = 'R',
                                        .threads = 3,
                                        .group = 20,
                                        .session = 21,
                                        .start_ticks = 18446744073709551615UL}));
  ASSERT_TRUE(stat.has_value());
  EXPECT_EQ(stat->pid, 4194304);
  EXPECT_EQ(stat->parent, 17);
  EXPECT_EQ(stat->comm, "nginx");
  EXPECT_EQ(stat->state, 'R');
  EXPECT_EQ(stat->threads, 3);
  EXPECT_EQ(stat->process_group, 20);
  EXPECT_EQ(stat->session, 21);
  EXPECT_EQ(stat->start_ticks, 18446744073709551615UL);
}

TEST(ParseStat, TakesAnyNameForWhatItIs) {
  for (const std::string& name :
       {std::string(""), std::string(")"), std::string("a) S 1 1 1"), std::string("(("),
        std::string(") ("), std::string("a\nb\n"), std::string(" "), std::string("x (y) z)"),
        std::string("\xff\xfe\x01"), std::string("nul\0in", 6)}) {
    const auto stat = ParseStat(StatText({.pid = 7, .parent = 3, .comm = name, .state = 'Z'}));
    ASSERT_TRUE(stat.has_value()) << name;
    EXPECT_EQ(stat->comm, name);
    EXPECT_EQ(stat->state, 'Z');
    EXPECT_EQ(stat->parent, 3);
  }
}

TEST(ParseStat, TakesNothingButANumberInFrontOfTheName) {
  const std::string whole = StatText({.pid = 12, .comm = "x"});
  ASSERT_TRUE(ParseStat(whole).has_value());
  for (const std::string before : {" ", "1 ", "1\n", "x", "-"}) {
    EXPECT_EQ(ParseStat(before + whole).has_value(), before == "-") << before;
  }
  EXPECT_FALSE(ParseStat("12 34" + whole.substr(2)).has_value());
}

TEST(ParseStat, ReadsNegativeNumbers) {
  // A process outside our namespace has parent 0, a kernel thread group 0; tpgid is -1 often.
  const auto stat = ParseStat(StatText({.pid = 7, .parent = -1, .group = -2}));
  ASSERT_TRUE(stat.has_value());
  EXPECT_EQ(stat->parent, -1);
  EXPECT_EQ(stat->process_group, -2);
}

TEST(ParseStat, RefusesEveryTruncationBeforeTheStartTime) {
  const std::string whole = StatText({.pid = 7, .comm = "a b", .start_ticks = 5});
  // The text ends with " 5" (the start time) and thirty zeros that nobody reads.
  const std::size_t end_of_start_time = whole.size() - 1 - 2 * std::size_t{30};
  for (std::size_t length = 0; length < end_of_start_time; ++length) {
    EXPECT_FALSE(ParseStat(whole.substr(0, length)).has_value()) << length;
  }
  EXPECT_TRUE(ParseStat(whole.substr(0, end_of_start_time)).has_value());
}

TEST(ParseStat, RefusesWhatIsNoStat) {
  const std::string rest = " 1 1 1 0 0 0 0 0 0 0 0 0 0 0 0 0 1 0 100";
  EXPECT_TRUE(ParseStat("7 (x) S" + rest).has_value());
  for (const std::string& text :
       {std::string("hello"), "x (x) S" + rest, "7(x) S" + rest, "7 )x( S" + rest,
        "7 (x) SS" + rest, "7 (x) " + rest, "99999999999 (x) S" + rest, "7 (x) S a" + rest,
        std::string("7 (x) S 1 1 1 0 0 0 0 0 0 0 0 0 0 0 0 0 1 0 -100")}) {
    EXPECT_FALSE(ParseStat(text).has_value()) << text;
  }
}

TEST(ProcStat, IsAZombieOnlyWithASingleThread) {
  EXPECT_TRUE((ProcStat{.state = 'Z', .threads = 1}).IsZombie());
  EXPECT_FALSE((ProcStat{.state = 'Z', .threads = 2}).IsZombie());
  EXPECT_FALSE((ProcStat{.state = 'S', .threads = 1}).IsZombie());
}

TEST(ReadStat, ReadsOurselves) {
  const auto stat = ReadStat("/proc", getpid());
  ASSERT_TRUE(stat.ok()) << stat.error().message();
  EXPECT_EQ(stat->pid, getpid());
  EXPECT_EQ(stat->parent, getppid());
  EXPECT_EQ(stat->process_group, getpgrp());
  EXPECT_EQ(stat->session, getsid(0));
  EXPECT_GT(stat->start_ticks, 0U);
}

TEST(ReadStat, SaysWhatIsMissingOrNotUnderstood) {
  const FakeProc proc;
  const auto missing = ReadStat(proc.root(), 99);
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code(), ENOENT);
  proc.dir().Write("99/stat", "nonsense");
  const auto bad = ReadStat(proc.root(), 99);
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.error().code(), EINVAL);
}

TEST(ReadSmallFile, ReadsAtMostFourKibibytes) {
  const test::TempDir dir;
  const auto read = [&](const std::string& text) { return ReadSmallFile(dir.Write("f", text)); };
  EXPECT_EQ(*read(""), "");
  EXPECT_EQ(*read("text\n"), "text\n");
  EXPECT_EQ(read(std::string(5000, 'x'))->size(), 4096U);
}

TEST(ReadSmallFile, NamesTheFileThatItCannotRead) {
  const test::TempDir dir;
  const auto missing = ReadSmallFile(dir.Path("no"));
  EXPECT_EQ(missing.error().code(), ENOENT);
  EXPECT_EQ(missing.error().message(),
            "cannot open " + dir.Path("no") + ": No such file or directory");
  EXPECT_EQ(ReadSmallFile(dir.path()).error().code(), EISDIR);
}

TEST(ReadWaitChannel, IsEmptyWhenItIsNotTold) {
  const test::TempDir dir;
  EXPECT_EQ(ReadWaitChannel(dir.path(), 5), "");
  dir.Write("5/wchan", "0");
  EXPECT_EQ(ReadWaitChannel(dir.path(), 5), "");
  dir.Write("5/wchan", "do_nanosleep");
  EXPECT_EQ(ReadWaitChannel(dir.path(), 5), "do_nanosleep");
}

TEST(IsNestedInit, GoesByTheLastOfSeveralNumbers) {
  const test::FakeProc proc;
  const std::pair<const char*, bool> cases[] = {
      {"50", false},   {"1", false},       {"50\t7", false},    {"50\t11", false},
      {"50\t1", true}, {"50\t7\t1", true}, {"50\t1\t7", false},
  };
  for (const auto& [numbers, nested] : cases) {
    proc.Namespaces(50, numbers);
    EXPECT_EQ(IsNestedInit(proc.root(), 50), nested) << numbers;
  }
}

TEST(IsNestedInit, SaysWhenItCannotTell) {
  const test::FakeProc proc;
  EXPECT_EQ(IsNestedInit(proc.root(), 50), std::nullopt) << "no such process";
  proc.dir().Write("50/status", "Name:\tx\nThreads:\t1\n");
  EXPECT_EQ(IsNestedInit(proc.root(), 50), false) << "a kernel without pid namespaces";
  proc.dir().Write("50/status",
                   "Name:\tx\nGroups:\t" + std::string(5000, '1') + "\nNSpid:\t50\t1\n");
  EXPECT_EQ(IsNestedInit(proc.root(), 50), std::nullopt) << "cut off before it";
  const std::string head = "Name:\tx\nGroups:\t";
  const std::string tail = "\nNSpid:\t50";
  proc.dir().Write("50/status",
                   head + std::string(4096 - head.size() - tail.size(), '1') + tail + "\t1\n");
  EXPECT_EQ(IsNestedInit(proc.root(), 50), std::nullopt) << "cut off within it";
}

TEST(ProcIsOurs, HoldsForTheMountedOne) {
  EXPECT_TRUE(ProcIsOurs("/proc"));
}

TEST(ProcIsOurs, GoesByTheLinkAndTheNamespaces) {
  const std::string pid = std::to_string(getpid());
  const FakeProc proc(false);
  EXPECT_FALSE(ProcIsOurs(proc.root())) << "no link";
  proc.Self(std::to_string(getpid() + 1), "NSpid:\t" + pid);
  EXPECT_FALSE(ProcIsOurs(proc.root())) << "somebody else's number";
  proc.Self(pid, "NSpid:\t" + pid);
  EXPECT_TRUE(ProcIsOurs(proc.root()));
  proc.Self(pid, "NSpid:\t4711\t" + pid);
  EXPECT_FALSE(ProcIsOurs(proc.root())) << "a namespace above ours, where the number is 4711";
  proc.Self(pid, "");
  EXPECT_TRUE(ProcIsOurs(proc.root())) << "a kernel that does not tell";
  std::filesystem::remove(proc.dir().Path(pid + "/status"));
  EXPECT_FALSE(ProcIsOurs(proc.root())) << "no status";
}

TEST(ProcIsOurs, DoesNotHoldInANewNamespaceUnderTheOldMount) {
  if (!test::CanBePid1()) GTEST_SKIP() << "needs the right to make a pid namespace";
  test::ExpectInChild([] {
    ASSERT_EQ(unshare(CLONE_NEWPID), 0);
    const pid_t pid = test::Fork([] { return ProcIsOurs("/proc") ? 1 : 0; });
    EXPECT_EQ(test::WaitStatus(pid), 0);
  });
}

}  // namespace
}  // namespace reaperd::sys
