// The scribe with a real worker: what arrives where, and how it ends.
#include "scribe/scribe.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>

#include "scribe_bed.h"
#include "temp_dir.h"

namespace reaperd::scribe {
namespace {

using test::Call;
using test::ExpectInChild;
using test::ReadFile;
using test::TempDir;

/// What a plain wait says: 0, or its errno.
int PlainWait() {
  siginfo_t info{};
  return waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WNOHANG) < 0 ? errno : 0;
}

TEST(Scribe, WritesLinesInOrderAndExactly) {
  ExpectInChild([] {
    const TempDir dir;
    ScribeBed bed(dir.Path("log"));
    std::string expected;
    for (int i = 0; i < 300; ++i) {
      std::string line = NumberedLine(i);
      if (i % 3 == 0) line = std::string("{\"\xff\x1b\0", 5) + std::string(100, 'x') + line;
      bed.scribe->Append(line);
      expected += line + "\n";
      // Now and then the loop turns; what is written does not depend on it.
      if (i % 50 == 0) bed.RunUntil([] { return true; });
    }
    bed.scribe->Finish(5 * kSecond);
    EXPECT_EQ(ReadFile(dir.Path("log")), expected);
    EXPECT_EQ(bed.scribe->counters().lines, 300U);
    EXPECT_EQ(bed.scribe->counters().dropped, 0U);
    EXPECT_EQ(bed.reaped, bed.started);
  });
}

TEST(Scribe, StartsNothingBeforeTheFirstNeed) {
  ExpectInChild([] {
    ScribeBed bed;
    bed.scribe->Append("{}");  // there is no log
    EXPECT_EQ(bed.scribe->pid(), 0);
    EXPECT_EQ(bed.ops.calls(Call::kSpawnHelper), 0U);
    EXPECT_EQ(bed.scribe->counters().dropped, 1U);
    bed.scribe->Finish(kSecond);
    EXPECT_EQ(bed.ended, 0);
  });
}

TEST(Scribe, IsNoChildForPlainWaits) {
  ExpectInChild([] {
    const TempDir dir;
    ScribeBed bed(dir.Path("log"));
    bed.WarmUp();
    EXPECT_EQ(PlainWait(), ECHILD);
    EXPECT_TRUE(bed.scribe->IsWorker(bed.scribe->pid()));
    EXPECT_FALSE(bed.scribe->IsWorker(getpid()));
    kill(bed.scribe->pid(), SIGKILL);
    EXPECT_TRUE(bed.RunUntil([&] { return bed.reaped.size() == 1; }));
    EXPECT_EQ(PlainWait(), ECHILD);
  });
}

TEST(Scribe, ReadsWhatAProcessSays) {
  ExpectInChild([] {
    ScribeBed bed;
    const pid_t pid = test::Fork([] {
      const char* argv[] = {"sleep", "1000", nullptr};
      const char* environment[] = {"A=1", "B=\xff\n", nullptr};
      return execve("/bin/sleep", const_cast<char**>(argv), const_cast<char**>(environment));
    });
    const test::ScopedChild child(pid);
    ASSERT_TRUE(test::Eventually([&] {
      const auto stat = sys::ReadStat("/proc", pid);
      return stat.ok() && stat->comm == "sleep";
    }));
    const std::uint64_t ticks = sys::ReadStat("/proc", pid)->start_ticks;
    // In the middle of its exec it shows nothing.
    std::optional<ProcessText> cmdline;
    for (int i = 0; i < 100 && !cmdline; ++i)
      cmdline = bed.Ask(TextKind::kCmdline, pid, ticks);
    ASSERT_TRUE(cmdline);
    EXPECT_EQ(cmdline->parts, (std::vector<std::string>{"sleep", "1000"}));
    EXPECT_FALSE(cmdline->truncated);
    const auto environ = bed.Ask(TextKind::kEnviron, pid, ticks);
    ASSERT_TRUE(environ);
    EXPECT_EQ(environ->parts, (std::vector<std::string>{"A=1", "B=\xff\n"}));
    EXPECT_EQ(bed.Ask(TextKind::kCmdline, pid, ticks + 1), std::nullopt) << "the number was reused";
    EXPECT_EQ(bed.scribe->counters().reads_unanswered, 0U);
  });
}

TEST(Scribe, CutsTwoMegabytesOfArguments) {
  ExpectInChild([] {
    ScribeBed bed;
    const pid_t pid = test::Fork([] {
      std::string word(100'000, 'w');
      std::string shell = "sh";
      std::string flag = "-c";
      std::string script = "sleep 1000; :";
      std::array<char*, 24> argv{shell.data(), flag.data(), script.data()};
      std::fill(argv.begin() + 3, argv.end() - 1, word.data());
      return execv("/bin/sh", argv.data());
    });
    const test::ScopedChild child(pid);
    ASSERT_TRUE(test::Eventually([&] {
      const auto stat = sys::ReadStat("/proc", pid);
      return stat.ok() && stat->comm == "sh" && stat->state == 'S';
    }));
    const auto text = bed.Ask(TextKind::kCmdline, pid, sys::ReadStat("/proc", pid)->start_ticks);
    ASSERT_TRUE(text);
    EXPECT_TRUE(text->truncated);
    std::size_t bytes = 0;
    for (const std::string& part : text->parts)
      bytes += part.size() + 1;
    EXPECT_EQ(bytes, model::Shadow::kCmdlineBytes + 1);  // the last part has no NUL
    EXPECT_EQ(text->parts.at(1), "-c");
  });
}

TEST(Scribe, AnswersManyReadsAndRefusesTooMany) {
  ExpectInChild([] {
    ScribeBed bed;
    bed.WarmUp();
    kill(bed.scribe->pid(), SIGSTOP);
    std::size_t read = 0;
    std::size_t unread = 0;
    const std::uint64_t ticks = ScribeBed::OwnTicks();
    for (std::size_t i = 0; i < Scribe::kMaxReads + 10; ++i) {
      bed.scribe->ReadCmdline(getpid(), ticks, [&](const std::optional<ProcessText>& text) {
        text ? ++read : ++unread;
      });
    }
    kill(bed.scribe->pid(), SIGCONT);
    EXPECT_TRUE(bed.RunUntil([&] { return read + unread == Scribe::kMaxReads + 10; }));
    EXPECT_EQ(unread, 10U);
    EXPECT_EQ(bed.scribe->counters().reads_unanswered, 10U);
    // A process whose start time is not known is not asked about.
    EXPECT_EQ(bed.Ask(TextKind::kCmdline, getpid(), 0), std::nullopt);
  });
}

TEST(Scribe, TheWorkerHoldsNothingOfTheApplication) {
  ExpectInChild([] {
    const TempDir dir;
    const test::Pipe application = test::MakePipe();
    ScribeBed bed(dir.Path("log"));
    bed.WarmUp();
    std::set<std::string> targets;
    for (const auto& entry : std::filesystem::directory_iterator(
             "/proc/" + std::to_string(bed.scribe->pid()) + "/fd")) {
      targets.insert(std::filesystem::read_symlink(entry).string());
    }
    EXPECT_EQ(targets.size(), 2U);
    EXPECT_EQ(targets.count(dir.Path("log")), 1U);
    EXPECT_TRUE(targets.rbegin()->starts_with("socket:"));
  });
}

// --- where lines go

TEST(Scribe, AFullFileSystemIsToldByTheNextLineThatFits) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to mount";
  ExpectInChild([] {
    const TempDir dir;
    ASSERT_EQ(unshare(CLONE_NEWNS), 0);
    ASSERT_EQ(mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    ASSERT_EQ(mount("small", dir.path().c_str(), "tmpfs", 0, "size=64k"), 0);
    const std::string path = dir.Path("log");
    ScribeBed bed(path);
    const std::string line = "{\"t\":\"" + std::string(3000, 'x') + "\"}";
    for (int i = 0; i < 40; ++i)
      bed.scribe->Append(line);
    EXPECT_TRUE(bed.RunUntil([&] { return bed.scribe->counters().dropped > 15; }));
    EXPECT_TRUE(ReadFile(path).ends_with("x\"}\n")) << "no part of a line";
    ASSERT_EQ(truncate(path.c_str(), 0), 0);
    bed.scribe->Append("{}");
    bed.scribe->Finish(5 * kSecond);
    EXPECT_EQ(ReadFile(path),
              "{\"dropped\":" + std::to_string(bed.scribe->counters().dropped) + "}\n");
    bed.scribe.reset();
  });
}

TEST(Scribe, AFifoWhoseReaderStandsStillHoldsUpNobody) {
  ExpectInChild([] {
    const TempDir dir;
    const std::string path = dir.Path("fifo");
    ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
    const UniqueFd reader(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    ASSERT_EQ(fcntl(reader.get(), F_SETPIPE_SZ, 4096), 4096);
    ScribeBed bed(path);
    const std::string line = "{\"t\":\"" + std::string(1000, 'x') + "\"}";
    for (int i = 0; i < 20; ++i)
      bed.scribe->Append(line);
    ASSERT_TRUE(bed.RunUntil([&] { return bed.scribe->counters().dropped == 16; }));
    bed.WarmUp();  // reads are served meanwhile
    std::string text(1 << 16, '\0');
    const ssize_t got = read(reader.get(), text.data(), text.size());
    EXPECT_EQ(got, static_cast<ssize_t>(4 * (line.size() + 1)));
    bed.scribe->Append("{}");
    bed.scribe->Finish(5 * kSecond);
    EXPECT_EQ(read(reader.get(), text.data(), text.size()), 15);
    EXPECT_EQ(text.substr(0, 15), "{\"dropped\":16}\n");
  });
}

TEST(Scribe, WritesToStandardErrorWithoutChangingIt) {
  ExpectInChild([] {
    test::Pipe pipe = test::MakePipe();
    ASSERT_EQ(dup2(pipe.write_end.get(), STDERR_FILENO), STDERR_FILENO);
    ScribeBed bed({.kind = LogTarget::Kind::kShared, .fd = STDERR_FILENO});
    bed.scribe->Append("{}");
    bed.scribe->Finish(5 * kSecond);
    EXPECT_EQ(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK, 0);
    close(STDERR_FILENO);
    pipe.write_end.reset();
    EXPECT_EQ(test::ReadAll(pipe.read_end.get()), "{}\n");
  });
}

// --- the end

TEST(Scribe, FinishWaitsForItsTimeOnly) {
  ExpectInChild([] {
    const TempDir dir;
    ScribeBed bed(dir.Path("log"));
    bed.WarmUp();
    kill(bed.scribe->pid(), SIGSTOP);
    bed.scribe->Append("{}");
    bool asked = false;
    bed.scribe->ReadCmdline(getpid(), ScribeBed::OwnTicks(),
                            [&](const std::optional<ProcessText>& text) {
                              EXPECT_FALSE(text);
                              asked = true;
                            });
    const Micros start_us = bed.Now();
    bed.scribe->Finish(100 * kMillisecond);
    EXPECT_GE(bed.Now() - start_us, 100 * kMillisecond);
    EXPECT_LT(bed.Now() - start_us, ScribeBed::kLong_us / 2);  // a busy machine
    EXPECT_TRUE(asked);
    EXPECT_EQ(bed.scribe->counters().dropped, 1U);
    EXPECT_EQ(bed.reaped, bed.started);
    bed.scribe->Append("{}");  // too late
    EXPECT_EQ(bed.scribe->counters().dropped, 2U);
    EXPECT_EQ(bed.scribe->pid(), 0);
  });
}

TEST(Scribe, NoLineIsLostByAKillOfEverybodyThatItWasToldOf) {
  ExpectInChild([] {
    const TempDir dir;
    ScribeBed bed(dir.Path("log"));
    bed.scribe->Append(NumberedLine(1));
    EXPECT_FALSE(bed.scribe->quiet());
    EXPECT_TRUE(bed.RunUntil([&] { return bed.scribe->quiet(); }));
    const pid_t first = bed.scribe->pid();
    kill(first, SIGSTOP);  // as slow to die as a busy machine makes it
    bed.scribe->LetGo();
    bed.scribe->Append(NumberedLine(2));
    EXPECT_NE(bed.scribe->pid(), first);
    kill(first, SIGKILL);
    EXPECT_TRUE(bed.RunUntil([&] { return bed.scribe->quiet(); }));
    EXPECT_EQ(ReadFile(dir.Path("log")), NumberedLine(1) + "\n" + NumberedLine(2) + "\n");
    EXPECT_EQ(bed.scribe->counters().dropped, 0U);
    EXPECT_TRUE(bed.losses.empty());
    bed.scribe->Finish(kSecond);
    EXPECT_EQ(bed.reaped, bed.started);
  });
}

TEST(Scribe, TheWorkerEndsWithTheScribe) {
  ExpectInChild([] {
    const TempDir dir;
    ScribeBed bed(dir.Path("log"));
    bed.WarmUp();
    const pid_t pid = bed.scribe->pid();
    bed.scribe->Append("{}");
    bed.scribe.reset();
    siginfo_t info{};
    EXPECT_TRUE(test::Eventually([&] {
      return waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | __WALL) == 0 &&
             info.si_pid == pid;
    }));
    EXPECT_EQ(info.si_code, CLD_EXITED);
    EXPECT_EQ(ReadFile(dir.Path("log")), "{}\n");
  });
}

}  // namespace
}  // namespace reaperd::scribe
