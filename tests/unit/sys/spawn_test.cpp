// What a child is given between clone and exec, and what is told when a step fails.
#include "sys/spawn.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pty.h"
#include "spawn_fixture.h"
#include "sys/descriptors.h"
#include "sys/procfs.h"

namespace reaperd::sys {
namespace {

using test::ReadFile;

INSTANTIATE_TEST_SUITE_P(Ways, SpawnTest, ::testing::ValuesIn(AllWays()), NameOfWay);

/// The line "Name:\tvalue" of a status file.
std::string StatusLine(const std::string& status, const std::string& name) {
  const std::size_t at = status.find("\n" + name + ":\t");
  if (at == std::string::npos) return "?";
  const std::size_t begin = at + name.size() + 3;
  return status.substr(begin, status.find('\n', begin) - begin);
}

TEST_P(SpawnTest, StartsACommandWithItsArguments) {
  Run([&] {
    ExpectExit(Spec({"sh", "-c", "printf '%s|' \"$0\" \"$@\" > '" + dir_.Path("out") + "'; exit 7",
                     "zero", "", "a b", "ü\n"}),
               7);
    EXPECT_EQ(ReadFile(dir_.Path("out")), "zero||a b|ü\n|");
  });
}

TEST_P(SpawnTest, HasAPidfdWhereTheKernelHas) {
  Run([&] {
    const Started started = Start(Spec({"sleep", "1000"}));
    const test::ScopedChild child(started.pid);
    EXPECT_TRUE(started.has_pidfd) << "pidfd_open does what the clone did not";
  });
}

TEST_P(SpawnTest, DoesWithoutPidfds) {
  Run([&] {
    ASSERT_TRUE(test::RefuseCalls({{.number = SYS_pidfd_open, .code = ENOSYS},
                                   {.number = SYS_clone, .code = EINVAL, .mask = CLONE_PIDFD}}));
    const Started started = Start(Spec({"sleep", "1000"}));
    const test::ScopedChild child(started.pid);
    EXPECT_GT(started.pid, 0);
    EXPECT_FALSE(started.has_pidfd);
  });
}

TEST_P(SpawnTest, GivesExactlyTheEnvironmentOfTheSpec) {
  Run([&] {
    setenv("OF_THE_PARENT", "1", 1);
    model::ServiceSpec spec = Spec({"sh", "-c", "exec env > '" + dir_.Path("out") + "'"});
    spec.environment = {"PATH=/usr/bin:/bin", "A=1", "B=", "LISTEN_FDS=2"};
    ExpectExit(spec, 0);
    const std::string out = ReadFile(dir_.Path("out"));
    EXPECT_NE(out.find("A=1\n"), std::string::npos) << out;
    EXPECT_NE(out.find("B=\n"), std::string::npos);
    EXPECT_NE(out.find("LISTEN_FDS=2\n"), std::string::npos);
    EXPECT_EQ(out.find("OF_THE_PARENT"), std::string::npos);
  });
}

TEST_P(SpawnTest, WritesTheChildsPidWhereOursStood) {
  Run([&] {
    const std::string self = std::to_string(getpid());
    model::ServiceSpec spec = Spec(
        {"sh", "-c", "echo $$ $LISTEN_PID $WATCHDOG_PID $MAINPID > '" + dir_.Path("out") + "'"});
    spec.environment = {"LISTEN_PID=" + self, "PATH=/bin", "WATCHDOG_PID=" + self,
                        "MAINPID=" + self};
    const Started started = Start(spec);
    test::WaitStatus(started.pid);
    const std::string pid = std::to_string(started.pid);
    EXPECT_EQ(ReadFile(dir_.Path("out")), pid + " " + pid + " " + pid + " " + self + "\n");
  });
}

TEST_P(SpawnTest, LeavesThePidsOfOthers) {
  Run([&] {
    const std::string self = std::to_string(getpid());
    for (const std::string& other : {std::string("1"), self + "0", std::string(""),
                                     std::string("x"), std::string("99999999999999999999")}) {
      model::ServiceSpec spec =
          Spec({"sh", "-c", "echo \"$LISTEN_PID\" > '" + dir_.Path("out") + "'"});
      spec.environment = {"LISTEN_PID=" + other, "PATH=/bin"};
      ExpectExit(spec, 0);
      EXPECT_EQ(ReadFile(dir_.Path("out")), other + "\n");
    }
  });
}

TEST_P(SpawnTest, SetsHomeOnlyWhenAUserIsGiven) {
  Run([&] {
    model::ServiceSpec spec = Spec({"sh", "-c", "echo \"$HOME\" > '" + dir_.Path("out") + "'"});
    spec.environment = {"HOME=/before", "PATH=/bin"};
    ExpectExit(spec, 0);
    EXPECT_EQ(ReadFile(dir_.Path("out")), "/before\n");
    if (geteuid() != 0) return;
    spec.user = model::Credentials{.uid = 0, .gid = 0, .groups = {}, .home = "/the/users"};
    ExpectExit(spec, 0);
    EXPECT_EQ(ReadFile(dir_.Path("out")), "/the/users\n");
    spec.user->home = "";
    ExpectExit(spec, 0);
    EXPECT_EQ(ReadFile(dir_.Path("out")), "/before\n");
  });
}

TEST_P(SpawnTest, BecomesTheUserWithItsGroupsOnly) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  Run([&] {
    ASSERT_EQ(chmod(dir_.path().c_str(), 0777), 0);
    model::ServiceSpec spec =
        Spec({"sh", "-c", "exec cat /proc/self/status > '" + dir_.Path("out") + "'"});
    spec.user = model::Credentials{.uid = 12345, .gid = 23456, .groups = {7, 8}, .home = ""};
    spec.no_new_privileges = true;
    ExpectExit(spec, 0);
    const std::string status = ReadFile(dir_.Path("out"));
    EXPECT_EQ(StatusLine(status, "Uid"), "12345\t12345\t12345\t12345");
    EXPECT_EQ(StatusLine(status, "Gid"), "23456\t23456\t23456\t23456");
    EXPECT_EQ(StatusLine(status, "Groups"), "7 8 ");
    EXPECT_EQ(StatusLine(status, "NoNewPrivs"), "1");
    EXPECT_EQ(geteuid(), 0U) << "we stay who we are";
  });
}

TEST_P(SpawnTest, GoesToItsWorkingDirectory) {
  Run([&] {
    model::ServiceSpec spec = Spec({"sh", "-c", "pwd > '" + dir_.Path("out") + "'"});
    spec.working_directory = dir_.path();
    ExpectExit(spec, 0);
    EXPECT_EQ(ReadFile(dir_.Path("out")), dir_.path() + "\n");
  });
}

TEST_P(SpawnTest, StandsAmongGroupsAndSessionsAsAsked) {
  Run([&] {
    const auto placed = [&](model::ProcessGroup group) {
      model::ServiceSpec spec =
          Spec({"sh", "-c", "exec cat /proc/self/stat > '" + dir_.Path("out") + "'"});
      spec.process_group = group;
      ExpectExit(spec, 0);
      return ParseStat(ReadFile(dir_.Path("out"))).value_or(ProcStat{});
    };
    const ProcStat own = placed(model::ProcessGroup::kOwn);
    EXPECT_EQ(own.process_group, own.pid);
    EXPECT_EQ(own.session, getsid(0));
    const ProcStat inherit = placed(model::ProcessGroup::kInherit);
    EXPECT_EQ(inherit.process_group, getpgrp());
    const ProcStat session = placed(model::ProcessGroup::kNewSession);
    EXPECT_EQ(session.process_group, session.pid);
    EXPECT_EQ(session.session, session.pid);
  });
}

TEST_P(SpawnTest, GetsTheMaskThatItIsToHave) {
  Run([&] {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, nullptr);
    const auto mask = [&](bool unblock) {
      model::ServiceSpec spec =
          Spec({"sh", "-c", "exec cat /proc/self/status > '" + dir_.Path("out") + "'"});
      spec.unblock_all_signals = unblock;
      SpawnRequest request;
      sigaddset(&request.signal_mask, SIGUSR1);
      sigaddset(&request.signal_mask, SIGRTMIN);
      ExpectExit(spec, 0, request);
      return StatusLine(ReadFile(dir_.Path("out")), "SigBlk");
    };
    EXPECT_EQ(mask(false), "0000000200000200");
    EXPECT_EQ(mask(true), "0000000000000000");
    sigset_t now;
    sigprocmask(SIG_SETMASK, nullptr, &now);
    EXPECT_EQ(sigismember(&now, SIGTERM), 1) << "our own mask is left";
  });
}

TEST_P(SpawnTest, KeepsIgnoredSignalsAndDescriptorsThatWereGiven) {
  Run([&] {
    signal(SIGUSR1, SIG_IGN);
    const int given = open("/dev/null", O_RDONLY);  // not close-on-exec: a listening socket, say
    ExpectExit(Spec({"sh", "-c", "test -e /proc/self/fd/" + std::to_string(given)}), 0);
    ExpectExit(Spec({"sh", "-c", "exec cat /proc/self/status > '" + dir_.Path("out") + "'"}), 0);
    EXPECT_EQ(StatusLine(ReadFile(dir_.Path("out")), "SigIgn"), "0000000000000200");
  });
}

TEST_P(SpawnTest, LeavesNoDescriptorOfOursInTheChild) {
  Run([&] {
    CloseInheritedDescriptors();  // those of whoever runs the tests
    ExpectExit(Spec({"sh", "-c", "ls /proc/self/fd > '" + dir_.Path("out") + "'"}), 0);
    // ls itself has one more for the directory.
    EXPECT_EQ(ReadFile(dir_.Path("out")), "0\n1\n2\n3\n");
  });
}

TEST_P(SpawnTest, ATerminalBecomesTheSessions) {
  Run([&] {
    const test::Pty pty = test::MakePty();
    ASSERT_TRUE(pty.slave.valid());
    model::ServiceSpec spec = Spec({"sh", "-c", "exec 2> /dev/null; : > /dev/tty"});
    spec.process_group = model::ProcessGroup::kNewSession;
    ExpectExit(spec, 0, {.terminal_fd = pty.slave.get()});
    const Started without = Start(spec);
    EXPECT_NE(WEXITSTATUS(test::WaitStatus(without.pid)), 0);
  });
}

TEST_P(SpawnTest, ATerminalIsHandedToTheNewGroup) {
  Run([&] {
    const test::Pty pty = test::TakeTerminal();
    ASSERT_EQ(tcgetpgrp(pty.slave.get()), getpgrp());
    const Started started = Start(Spec({"sleep", "1000"}), {.terminal_fd = pty.slave.get()});
    const test::ScopedChild child(started.pid);
    EXPECT_EQ(tcgetpgrp(pty.slave.get()), started.pid);
  });
}

TEST_P(SpawnTest, ATerminalThatCannotBeHadIsNoFailure) {
  Run([&] {
    const UniqueFd no_terminal(open("/dev/null", O_RDONLY | O_CLOEXEC));
    for (const auto group : {model::ProcessGroup::kOwn, model::ProcessGroup::kNewSession}) {
      model::ServiceSpec spec = Spec({"true"});
      spec.process_group = group;
      ExpectExit(spec, 0, {.terminal_fd = no_terminal.get()});
    }
  });
}

struct Refusal {
  SpawnStep step;
  test::RefusedCall call;
};

TEST_P(SpawnTest, TellsEveryStepThatFails) {
  const std::vector<Refusal> refusals{
      {SpawnStep::kClone, {.number = SYS_clone, .code = EAGAIN}},
      {SpawnStep::kProcessGroup, {.number = SYS_setpgid, .code = EPERM}},
      {SpawnStep::kSession, {.number = SYS_setsid, .code = EPERM}},
      {SpawnStep::kGroups, {.number = SYS_setgroups, .code = EPERM}},
      {SpawnStep::kGroupId, {.number = SYS_setresgid, .code = EINVAL}},
      {SpawnStep::kUserId, {.number = SYS_setresuid, .code = EAGAIN}},
      {SpawnStep::kWorkingDirectory, {.number = SYS_chdir, .code = EACCES}},
      {SpawnStep::kNoNewPrivileges,
       {.number = SYS_prctl, .code = EINVAL, .argument = 0, .mask = PR_SET_NO_NEW_PRIVS}},
      {SpawnStep::kExec, {.number = SYS_execve, .code = ENOMEM}},
  };
  for (const Refusal& refusal : refusals) {
    if (refusal.step == SpawnStep::kGroupId && geteuid() != 0) continue;
    Run([&] {
      model::ServiceSpec spec = Spec({"true"});
      spec.user = model::Credentials{.uid = getuid(), .gid = getgid(), .groups = {}, .home = ""};
      if (geteuid() != 0 && refusal.step != SpawnStep::kGroups) spec.user.reset();
      spec.working_directory = "/";
      spec.no_new_privileges = true;
      if (refusal.step == SpawnStep::kSession) {
        spec.process_group = model::ProcessGroup::kNewSession;
      }
      ASSERT_TRUE(test::RefuseCalls({refusal.call}));
      ExpectFailure(spec, refusal.step, refusal.call.code);
    });
  }
}

TEST_P(SpawnTest, TellsOfADirectoryThatIsMissing) {
  Run([&] {
    model::ServiceSpec spec = Spec({"true"});
    spec.working_directory = dir_.Path("no");
    ExpectFailure(spec, SpawnStep::kWorkingDirectory, ENOENT);
  });
}

TEST_P(SpawnTest, CanBeStartedAgainAfterAFailure) {
  Run([&] {
    for (int i = 0; i < 3; ++i) {
      ExpectFailure(Spec({dir_.Path("no")}), SpawnStep::kExec, ENOENT);
      ExpectExit(Spec({"true"}), 0);
    }
  });
}

TEST(StepName, IsAWordForEveryStep) {
  for (int step = 0; step <= static_cast<int>(SpawnStep::kInterpreter); ++step) {
    const std::string name = StepName(static_cast<SpawnStep>(step));
    EXPECT_FALSE(name.empty());
    EXPECT_NE(name, "start") << step << " has no name";
  }
  EXPECT_STREQ(StepName(SpawnStep::kExec), "exec");
  EXPECT_STREQ(StepName(static_cast<SpawnStep>(99)), "start");
}

}  // namespace
}  // namespace reaperd::sys
