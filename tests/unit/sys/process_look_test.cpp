// sys::ProcessLook on real children, and the parsers of what it reads.
#include "sys/process_look.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child_process.h"
#include "fake_proc.h"
#include "sys/pidfd.h"

namespace reaperd::sys {
namespace {

TEST(ProcessLook, ALivingChildShowsWhoItIs) {
  const test::ScopedChild child(test::Fork([] {
    prctl(PR_SET_NAME, "look) at me");
    if (chdir("/usr") != 0) return 1;
    pause();
    return 0;
  }));
  ASSERT_TRUE(test::Eventually([&] {
    const auto seen = ProcessLook("/proc").Living(child.pid());
    return seen && seen->shadow->cwd == "/usr";
  }));
  const auto seen = ProcessLook("/proc").Living(child.pid());
  EXPECT_EQ(seen->pid, child.pid());
  EXPECT_GT(seen->start_ticks, 0U);
  EXPECT_EQ(seen->session, getsid(0));
  EXPECT_EQ(seen->shadow->comm, "look) at me");
  ASSERT_TRUE(seen->shadow->exe.has_value());
  EXPECT_NE(seen->shadow->exe->find("unit_sys"), std::string::npos);
  EXPECT_TRUE(seen->shadow->cgroup.has_value());
  EXPECT_EQ(seen->shadow->cmdline, std::nullopt) << "that could wait";
}

TEST(ProcessLook, PidfsNumbersNameAProcess) {
  const test::ScopedChild one(test::ForkSleeper());
  const test::ScopedChild two(test::ForkSleeper());
  ProcessLook look("/proc");
  const std::uint64_t first = look.Living(one.pid())->pidfs_inode;
  if (first == 0) GTEST_SKIP() << "no pidfs: before Linux 6.9";
  EXPECT_EQ(look.Living(one.pid())->pidfs_inode, first);
  EXPECT_NE(look.Living(two.pid())->pidfs_inode, first);
}

TEST(ProcessLook, AZombieIsNotAlive) {
  const pid_t pid = test::Fork([] { return 3; });
  ASSERT_TRUE(test::Eventually([&] { return test::StateOf(pid) == 'Z'; }));
  EXPECT_FALSE(ProcessLook("/proc").Living(pid).has_value());
  waitpid(pid, nullptr, 0);
  EXPECT_FALSE(ProcessLook("/proc").Living(pid).has_value());
}

TEST(ProcessLook, AZombieShowsWhatTheDetailAsksFor) {
  const pid_t pid = test::Fork([] {
    prctl(PR_SET_NAME, "corpse");
    setsid();
    return 3;
  });
  ASSERT_TRUE(test::Eventually([&] { return test::StateOf(pid) == 'Z'; }));
  ProcessLook look("/proc");
  EXPECT_FALSE(look.Zombie(pid, model::Detail::kMinimal).stat.has_value());
  const ZombieFacts standard = look.Zombie(pid, model::Detail::kStandard);
  ASSERT_TRUE(standard.stat.has_value());
  EXPECT_EQ(standard.detail, model::Detail::kStandard);
  EXPECT_EQ(standard.stat->comm, "corpse");
  EXPECT_EQ(standard.stat->session, pid);
  EXPECT_EQ(standard.gid, std::nullopt);
  const ZombieFacts full = look.Zombie(pid, model::Detail::kFull);
  EXPECT_EQ(full.detail, model::Detail::kFull);
  EXPECT_EQ(full.stat->start_ticks, standard.stat->start_ticks);
  EXPECT_EQ(full.gid, getegid());
  if (geteuid() == 0) {
    EXPECT_TRUE(full.io.has_value());
  }
  waitpid(pid, nullptr, 0);
  EXPECT_EQ(look.Zombie(pid, model::Detail::kFull).detail, model::Detail::kMinimal);
}

TEST(ProcessLook, OfOneThatIsEndingVersion1ShowsNoGroup) {
  const test::FakeProc proc;
  const auto cgroup_of = [&](unsigned flags, const std::string& cgroup) {
    proc.Add({.pid = 7, .flags = flags});
    proc.dir().Write("7/cgroup", cgroup);
    return ProcessLook(proc.root()).Living(7)->shadow->cgroup;
  };
  constexpr unsigned kLiving = 0x400000;
  constexpr unsigned kEnding = kLiving | ProcStat::kExiting;
  EXPECT_EQ(cgroup_of(kLiving, "5:memory:/web\n0::/\n"), "/web");
  EXPECT_EQ(cgroup_of(kEnding, "5:memory:/web\n0::/\n"), "/web") << "read before its end";
  EXPECT_EQ(cgroup_of(kLiving, "5:memory:/\n0::/\n"), "/") << "it lives there";
  EXPECT_EQ(cgroup_of(kEnding, "5:memory:/\n0::/\n"), std::nullopt) << "it may have lived anywhere";
  EXPECT_EQ(cgroup_of(kEnding, "0::/\n"), "/") << "version 2 tells the truth";
}

TEST(ProcessLook, AProcOfAnotherNamespaceTellsNothing) {
  const test::FakeProc proc(false);
  ProcessLook look(proc.root());
  EXPECT_FALSE(look.Living(getpid()).has_value());
  EXPECT_EQ(look.Zombie(getpid(), model::Detail::kFull).detail, model::Detail::kMinimal);
}

TEST(ProcessLook, UnderstandsStatusAndIo) {
  EXPECT_EQ(ParseGid("Name:\tGid:\t7\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\n"), 6U);
  EXPECT_EQ(ParseGid("Gid:\tx\ty\n"), std::nullopt);
  EXPECT_EQ(ParseGid(""), std::nullopt);
  EXPECT_EQ(ParseIo("rchar: 1\nread_bytes: 22\nwrite_bytes: 33\ncancelled_write_bytes: 4\n"),
            (model::IoUse{.read_bytes = 22, .write_bytes = 33}));
  EXPECT_EQ(ParseIo("read_bytes: 22\n"), std::nullopt);
}

}  // namespace
}  // namespace reaperd::sys
