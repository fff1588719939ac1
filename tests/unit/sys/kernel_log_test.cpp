#include "sys/kernel_log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "child_process.h"
#include "manual_clock.h"
#include "temp_dir.h"

namespace reaperd::sys {
namespace {

const std::string kOomKill =
    "6,375,3673176,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,"
    "oom_memcg=/t,task_memcg=/t,task=probe,pid=115,uid=0\n";
const std::string kKilled =
    "3,376,3674161,-;Memory cgroup out of memory: Killed process 115 (probe) total-vm:17380kB, "
    "anon-rss:16400kB, file-rss:0kB, shmem-rss:264kB, UID:0 pgtables:72kB oom_score_adj:0\n";

std::string OomKill(const std::string& comm, int pid) {
  return "6,1,2000000,-;oom-kill:constraint=CONSTRAINT_NONE,task_memcg=/,task=" + comm +
         ",pid=" + std::to_string(pid) + ",uid=0\n";
}

TEST(ParseOomRecord, ReadsBothLinesOfAKill) {
  EXPECT_EQ(ParseOomRecord(kOomKill), (OomVictim{115, "probe", 3673176, 375}));
  EXPECT_EQ(ParseOomRecord(kKilled), (OomVictim{115, "probe", 3674161, 376}));
}

TEST(ParseOomRecord, ReadsTheWordsOfOtherKernels) {
  for (const char* text :
       {"Out of memory: Killed process 7 (a b) total-vm:1kB",
        "Out of memory (oom_kill_allocating_task): Killed process 7 (a b) "
        "total-vm:1kB, anon-rss:0kB",
        "Killed process 7 (a b) total-vm:1kB", "Killed process 7 (a b), UID 0, total-vm:1kB"}) {
    EXPECT_EQ(ParseOomRecord("3,9,10,c;" + std::string(text) + "\n SUBSYSTEM=x\n"),
              (OomVictim{7, "a b", 10, 9}))
        << text;
  }
}

TEST(ParseOomRecord, HostileNamesDoNotBecomeNumbers) {
  struct Row {
    std::string comm;
    std::string read;
  };
  for (const Row& row :
       {Row{"a,pid=7,uid=0", "a,pid=7,uid=0"}, Row{") total-vm:", ") total-vm:"},
        Row{"x,task=y", "y"}, Row{"\\x0a\\x5c", "\n\\"}, Row{"\\x4", "\\x4"}, Row{"", ""}}) {
    const auto victim = ParseOomRecord(OomKill(row.comm, 115));
    ASSERT_TRUE(victim.has_value()) << row.comm;
    EXPECT_EQ(victim->pid, 115) << row.comm;
    EXPECT_EQ(victim->comm, row.read);
  }
  const auto killed =
      ParseOomRecord("3,1,1,-;Killed process 5 () total-vm:1) total-vm:2kB, anon-rss:0kB\n");
  EXPECT_EQ(killed->pid, 5);
  EXPECT_EQ(killed->comm, ") total-vm:1");
}

TEST(ParseOomRecord, LinesThatOthersWroteDoNotCount) {
  EXPECT_EQ(ParseOomRecord("14," + kOomKill.substr(2)), std::nullopt) << "facility user";
  EXPECT_EQ(ParseOomRecord("8," + kOomKill.substr(2)), std::nullopt);
}

TEST(ParseOomRecord, OtherTextIsNoVictim) {
  for (const char* record :
       {"", ";", "6,1,2,-", "6,1,2,-;", "6,1,2,-;cgroup: fork rejected by pids controller in /t\n",
        "6,1,2,-;x oom-kill:constraint=a,task=b,pid=3,uid=0\n",
        "6,1,2,-;oom-kill:constraint=a,task=b,pid=0,uid=0\n",
        "6,1,2,-;oom-kill:constraint=a,task=b,pid=3x,uid=0\n",
        "6,1,2,-;oom-kill:constraint=a,task=b,pid=99999999999,uid=0\n",
        "6,1,2,-;oom-kill:constraint=a,task=b,pid=3\n",
        "6,1,2,-;app says Killed process 3 (x) total-vm:1kB\n", "6,1,2,-;Killed process 3\n",
        "6,1,2,-;Killed process  (x) total-vm:1kB\n", "6,1,2,-;Killed process 3 x) total-vm:1\n",
        "a,1,2,-;Killed process 3 (x) total-vm:1kB\n",
        "6,1,2,-;oom_reaper: reaped process 115 (probe), now anon-rss:0kB\n"}) {
    EXPECT_EQ(ParseOomRecord(record), std::nullopt) << record;
  }
}

/// A log that gives one record for each read, as the kernel's does: a pipe that keeps packets.
class FakeLog {
 public:
  FakeLog() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_DIRECT | O_NONBLOCK) != 0) std::abort();
    read_ = UniqueFd(ends[0]);
    write_ = UniqueFd(ends[1]);
    fcntl(write_.get(), F_SETPIPE_SZ, 1 << 20);  // a packet takes a page
  }
  [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(read_.get()); }
  void Write(const std::string& record) const {
    ASSERT_EQ(write(write_.get(), record.data(), record.size()),
              static_cast<ssize_t>(record.size()));
  }

 private:
  UniqueFd read_;
  UniqueFd write_;
};

TEST(KernelLog, NamesAVictimByPidNameAndTime) {
  const FakeLog fake;
  fake.Write("6,374,1,-;probe invoked oom-killer: gfp_mask=0xcc0\n");
  fake.Write(kOomKill);
  fake.Write(kKilled);
  KernelLog log(PidNamespace::kFirst, fake.path());
  const test::ManualClock clock;
  EXPECT_EQ(log.Names(115, "probe", 0), std::nullopt) << "nothing read yet";
  EXPECT_EQ(log.ReadNew(clock), KernelLog::Read::kAll);
  ASSERT_TRUE(log.Names(115, "probe", 3 * kSecond).has_value());
  EXPECT_EQ(log.Names(115, "probe", 3 * kSecond)->sequence, 376U);
  EXPECT_EQ(log.Names(116, "probe", 0), std::nullopt);
  EXPECT_EQ(log.Names(115, "other", 0), std::nullopt);
  // The number's earlier owner: this machine has been up, and awake or not, for less than a year.
  EXPECT_EQ(log.Names(115, "probe", 365LL * 24 * 3600 * kSecond), std::nullopt);
}

TEST(KernelLog, ReadsOnWhereItStopped) {
  const FakeLog fake;
  KernelLog log(PidNamespace::kFirst, fake.path());
  const test::ManualClock clock;
  EXPECT_EQ(log.ReadNew(clock), KernelLog::Read::kAll);
  fake.Write(OomKill("late", 9));
  EXPECT_EQ(log.ReadNew(clock), KernelLog::Read::kAll);
  EXPECT_TRUE(log.Names(9, "late", 0).has_value());
}

TEST(KernelLog, ForgetsTheOldest) {
  const FakeLog fake;
  KernelLog log(PidNamespace::kFirst, fake.path());
  const int victims = static_cast<int>(KernelLog::kVictimsKept) + 1;
  for (int pid = 1; pid <= victims; ++pid)
    fake.Write(OomKill("x", pid));
  EXPECT_EQ(log.ReadNew(test::ManualClock()), KernelLog::Read::kAll);
  EXPECT_EQ(log.Names(1, "x", 0), std::nullopt);
  EXPECT_TRUE(log.Names(2, "x", 0).has_value());
  EXPECT_TRUE(log.Names(victims, "x", 0).has_value());
}

/// Two seconds pass between any two looks at it.
class SlowClock final : public Clock {
 public:
  [[nodiscard]] Micros Now() const override { return now_us_ += 2 * kSecond; }

 private:
  mutable Micros now_us_ = 0;
};

TEST(KernelLog, ACallIsBoundedInTime) {
  const FakeLog fake;
  for (int i = 0; i < 40; ++i)
    fake.Write("6,1,2,-;chatter\n");
  fake.Write(OomKill("last", 8));
  KernelLog log(PidNamespace::kFirst, fake.path());
  const SlowClock clock;
  int calls = 1;
  while (log.ReadNew(clock) == KernelLog::Read::kMore && calls < 10)
    ++calls;
  EXPECT_EQ(calls, 3) << "41 records and the end, 15 a call";
  EXPECT_TRUE(log.Names(8, "last", 0).has_value());
}

TEST(KernelLog, SaysNothingOutsideOfTheFirstPidNamespace) {
  const FakeLog fake;
  fake.Write(kOomKill);
  KernelLog log(PidNamespace::kOther, fake.path());
  log.SkipToEnd();
  EXPECT_EQ(log.ReadNew(test::ManualClock()), KernelLog::Read::kUnreadable);
  EXPECT_EQ(log.Names(115, "probe", 0), std::nullopt);
}

TEST(KernelLog, IsUnreadableWithoutTheFile) {
  const test::TempDir dir;
  KernelLog log(PidNamespace::kFirst, dir.Path("kmsg"));
  EXPECT_EQ(log.ReadNew(test::ManualClock()), KernelLog::Read::kUnreadable);
}

TEST(KernelLog, IsTriedAgainWhenDescriptorsWereExhausted) {
  test::ExpectInChild([] {
    const FakeLog fake;
    fake.Write(OomKill("x", 3));
    KernelLog log(PidNamespace::kFirst, fake.path());
    rlimit limit{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    const rlimit none{0, limit.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    EXPECT_EQ(log.ReadNew(test::ManualClock()), KernelLog::Read::kUnreadable);
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    EXPECT_EQ(log.ReadNew(test::ManualClock()), KernelLog::Read::kAll);
    EXPECT_TRUE(log.Names(3, "x", 0).has_value());
  });
}

TEST(KernelLog, ReadsTheRealOne) {
  if (OurPidNamespace("/proc") != PidNamespace::kFirst) GTEST_SKIP() << "in a container";
  if (const UniqueFd fd(open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC)); !fd) {
    GTEST_SKIP() << "not readable for us";
  }
  KernelLog log(PidNamespace::kFirst);
  log.SkipToEnd();
  const BootClock clock;
  EXPECT_NE(log.ReadNew(clock), KernelLog::Read::kUnreadable);
}

TEST(OurPidNamespace, IsOtherWhenProcDoesNotTell) {
  const test::TempDir empty;
  EXPECT_EQ(OurPidNamespace(empty.path()), PidNamespace::kOther);
}

TEST(OurPidNamespace, AChildNamespaceIsNotTheFirst) {
  test::ExpectInChild([] {
    if (unshare(CLONE_NEWPID) != 0) return;
    const pid_t pid = test::Fork([] {
      // /proc/self of the old mount still names us, and so our namespace.
      return OurPidNamespace("/proc") == PidNamespace::kOther ? 0 : 1;
    });
    EXPECT_EQ(test::WaitStatus(pid), 0);
  });
}

}  // namespace
}  // namespace reaperd::sys
