// The scribe whose worker dies, hangs, or cannot be had: the loop is not held up, and what is lost is
// counted and told.
#include <gtest/gtest.h>
#include <linux/sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>

#include "refuse_calls.h"
#include "scribe/scribe.h"
#include "scribe_bed.h"
#include "temp_dir.h"

namespace reaperd::scribe {
namespace {

using test::Call;
using test::ExpectInChild;
using test::ReadFile;
using test::TempDir;

/// How many lines the log's readers know of: those that are there, and those that these tell of.
std::uint64_t LinesKnown(const std::string& text) {
  constexpr std::string_view kDropped = "{\"dropped\":";
  std::uint64_t known = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = text.find('\n', at);
    const std::string line = text.substr(at, end - at);
    ++known;
    if (line.starts_with(kDropped)) {
      known += std::strtoull(line.c_str() + kDropped.size(), nullptr, 10);
    }
    at = end == std::string::npos ? text.size() : end + 1;
  }
  return known;
}

// --- what may happen to the worker

TEST(Scribe, AWorkerThatStandsStillIsReplacedAndTheLoopGoesOn) {
  ExpectInChild([] {
    const TempDir dir;
    ScribeBed bed(dir.Path("log"), ScribeBed::kShort_us);
    bed.WarmUp();
    const pid_t first = bed.scribe->pid();
    kill(first, SIGSTOP);
    const Micros start_us = bed.Now();
    bed.scribe->Append(NumberedLine(1));
    const std::uint64_t turns = bed.turns();
    EXPECT_EQ(bed.Ask(TextKind::kCmdline, getpid(), ScribeBed::OwnTicks()), std::nullopt);
    const Micros took_us = bed.Now() - start_us;
    EXPECT_GE(took_us, ScribeBed::kShort_us);
    EXPECT_LT(took_us, ScribeBed::kLong_us / 2);  // a busy machine
    EXPECT_LT(bed.turns() - turns, 10U) << "the loop slept";
    ASSERT_EQ(bed.losses.size(), 1U);
    EXPECT_EQ(bed.losses[0].pid, first);
    EXPECT_EQ(bed.losses[0].reason, LossReason::kSilent);
    EXPECT_EQ(bed.losses[0].lines, 1U);
    EXPECT_EQ(bed.losses[0].reads, 1U);
    EXPECT_TRUE(bed.RunUntil([&] { return bed.Reaped(first); }));

    bed.scribe->Append(NumberedLine(2));
    EXPECT_NE(bed.scribe->pid(), first);
    EXPECT_EQ(bed.scribe->counters().restarts, 1U);
    bed.scribe->Finish(5 * kSecond);
    EXPECT_EQ(ReadFile(dir.Path("log")), "{\"dropped\":1,\"n\":2}\n");
    EXPECT_EQ(bed.scribe->counters().dropped, 1U);
  });
}

TEST(Scribe, ManyReadsThatAreAnsweredOneByOneAreNoSilence) {
  ExpectInChild([] {
    // The last answer comes after the reply time of the first.
    ScribeBed bed(LogTarget{}, kSecond, [](int socket, const WorkerSetup&) {
      for (std::uint64_t id = 1;; ++id) {
        Packet request(kMaxRequestBytes);
        if (recv(socket, request.data(), request.size(), 0) <= 0) return 0;
        usleep(400'000);
        const Packet reply =
            Encode(Reply(ReadReply{.id = id, .outcome = ReadReply::Outcome::kWhole, .text = "x"}));
        send(socket, reply.data(), reply.size(), MSG_NOSIGNAL);
      }
    });
    int answers = 0;
    for (int i = 0; i < 3; ++i) {
      bed.scribe->ReadCmdline(getpid(), 1, [&](const std::optional<ProcessText>& text) {
        EXPECT_TRUE(text);
        ++answers;
      });
    }
    EXPECT_TRUE(bed.RunUntil([&] { return answers == 3; }));
    EXPECT_TRUE(bed.losses.empty());
  });
}

TEST(Scribe, ALateLoopDoesNotBlameTheWorker) {
  ExpectInChild([] {
    ScribeBed bed(LogTarget{}, kMillisecond, [](int socket, const WorkerSetup&) {
      Packet request(kMaxRequestBytes);
      if (recv(socket, request.data(), request.size(), 0) <= 0) return 1;
      const Packet reply =
          Encode(Reply(ReadReply{.id = 1, .outcome = ReadReply::Outcome::kWhole, .text = "x"}));
      return send(socket, reply.data(), reply.size(), MSG_NOSIGNAL) < 0 ? 1 : 0;
    });
    std::optional<bool> found;
    bed.scribe->ReadCmdline(
        getpid(), 1, [&](const std::optional<ProcessText>& text) { found = text.has_value(); });
    // Its answer lies in the socket, and the reply time is over.
    const Micros asked_us = bed.Now();
    ASSERT_TRUE(test::Eventually([&] {
      return test::StateOf(bed.started[0]) == 'Z' && bed.Now() > asked_us + 2 * kMillisecond;
    }));
    EXPECT_TRUE(bed.RunUntil([&] { return found.has_value(); }));
    EXPECT_EQ(found, true);
  });
}

TEST(Scribe, AfterAPauseOfBothTheWorkerGetsItsTimeAgain) {
  ExpectInChild([] {
    ScribeBed bed(LogTarget{}, kSecond);
    bed.WarmUp();
    kill(bed.scribe->pid(), SIGSTOP);
    std::optional<bool> found;
    bed.scribe->ReadCmdline(
        getpid(), ScribeBed::OwnTicks(),
        [&](const std::optional<ProcessText>& text) { found = text.has_value(); });
    usleep(2'100'000);  // more than twice its time
    bed.RunUntil([] { return false; }, kMillisecond);
    EXPECT_TRUE(bed.losses.empty());
    kill(bed.scribe->pid(), SIGCONT);
    EXPECT_TRUE(bed.RunUntil([&] { return found.has_value(); }));
    EXPECT_EQ(found, true);
  });
}

TEST(Scribe, AKilledWorkerIsReplacedAtTheNextNeed) {
  ExpectInChild([] {
    const TempDir dir;
    ScribeBed bed(dir.Path("log"));
    bed.WarmUp();
    const pid_t first = bed.scribe->pid();
    kill(first, SIGKILL);
    EXPECT_TRUE(bed.RunUntil([&] { return bed.Reaped(first); }));
    EXPECT_EQ(bed.scribe->pid(), 0);
    ASSERT_EQ(bed.losses.size(), 1U);
    EXPECT_EQ(bed.losses[0].reason, LossReason::kEnded);
    bed.scribe->Append("{}");
    bed.scribe->Finish(5 * kSecond);
    EXPECT_EQ(ReadFile(dir.Path("log")), "{}\n");
  });
}

TEST(Scribe, ALineForADeadWorkerGoesToItsSuccessor) {
  ExpectInChild([] {
    const TempDir dir;
    ScribeBed bed(dir.Path("log"));
    bed.WarmUp();
    const pid_t first = bed.scribe->pid();
    kill(first, SIGKILL);
    ASSERT_TRUE(test::Eventually([&] { return test::StateOf(first) == 'Z'; }));
    // The loop has not turned: nobody has told the scribe.
    bed.scribe->Append("{}");
    EXPECT_NE(bed.scribe->pid(), first);
    bed.scribe->Finish(5 * kSecond);
    EXPECT_EQ(ReadFile(dir.Path("log")), "{}\n");
    EXPECT_EQ(bed.reaped.size(), 2U);
  });
}

TEST(Scribe, AReapThatItDidNotAskForIsALoss) {
  ExpectInChild([] {
    ScribeBed bed;
    bed.WarmUp();
    const pid_t first = bed.scribe->pid();
    kill(first, SIGKILL);
    siginfo_t info{};
    ASSERT_TRUE(test::Eventually([&] {
      return waitid(P_PID, static_cast<id_t>(first), &info, WEXITED | WNOHANG | __WALL) == 0 &&
             info.si_pid == first;
    }));
    const std::uint64_t signals = bed.ops.calls(Call::kSignalChild);
    bed.scribe->OnReaped(first);
    EXPECT_EQ(bed.scribe->pid(), 0);
    EXPECT_FALSE(bed.scribe->IsWorker(first));
    EXPECT_EQ(bed.ops.calls(Call::kSignalChild), signals) << "its number may be another's by now";
    EXPECT_EQ(bed.losses.size(), 1U);
  });
}

TEST(Scribe, AWorkerThatTalksNonsenseIsKilled) {
  ExpectInChild([] {
    const Packet strange_id =
        Encode(Reply(ReadReply{.id = 99, .outcome = ReadReply::Outcome::kWhole, .text = "x"}));
    const Packet too_many = Encode(Reply(Acknowledgement{.handled = 7}));
    for (const Packet& nonsense : {Packet(3), Packet(kMaxReplyBytes + 100), strange_id, too_many}) {
      ScribeBed bed(LogTarget{}, ScribeBed::kLong_us, [&nonsense](int socket, const WorkerSetup&) {
        send(socket, nonsense.data(), nonsense.size(), MSG_NOSIGNAL);
        return pause();
      });
      EXPECT_EQ(bed.Ask(TextKind::kCmdline, getpid(), 1), std::nullopt);
      ASSERT_EQ(bed.losses.size(), 1U);
      EXPECT_EQ(bed.losses[0].reason, LossReason::kBroken);
      EXPECT_TRUE(bed.RunUntil([&] { return bed.Reaped(bed.started[0]); }));
    }
  });
}

TEST(Scribe, AWorkerThatAlwaysDiesIsNotStartedForEver) {
  ExpectInChild([] {
    const TempDir dir;
    ScribeBed bed({.kind = LogTarget::Kind::kOurs, .fd = 2}, ScribeBed::kLong_us,
                  [](int, const WorkerSetup&) { return 1; });
    for (int i = 0; i < 50; ++i) {
      bed.scribe->Append("{}");
      EXPECT_TRUE(bed.RunUntil([&] { return bed.reaped.size() == bed.started.size(); }));
    }
    EXPECT_EQ(bed.started.size(), static_cast<std::size_t>(Scribe::kStarts));
    EXPECT_EQ(bed.scribe->counters().dropped, 50U);
  });
}

TEST(Scribe, WorkersThatAreNotReapedAreNotPiledUp) {
  ExpectInChild([] {
    ScribeBed bed;
    bed.reap_at_once = false;
    for (std::size_t i = 0; i < Scribe::kMaxUnreaped; ++i) {
      bed.WarmUp();
      kill(bed.scribe->pid(), SIGKILL);
      ASSERT_TRUE(bed.RunUntil([&] { return bed.scribe->pid() == 0; }));
    }
    EXPECT_EQ(bed.Ask(TextKind::kCmdline, getpid(), ScribeBed::OwnTicks()), std::nullopt);
    // They are told of again and again, until somebody can reap them.
    bed.reap_at_once = true;
    EXPECT_TRUE(bed.RunUntil([&] { return bed.reaped.size() == Scribe::kMaxUnreaped; }));
    bed.WarmUp();
  });
}

// --- what the kernel may refuse

TEST(Scribe, GoesOnWithoutAWorkerWhenCloneIsRefused) {
  ExpectInChild([] {
    const TempDir dir;
    ScribeBed bed(dir.Path("log"));
    bed.ops.Fail({.call = Call::kSpawnHelper, .code = EAGAIN, .count = 2});
    bed.scribe->Append(NumberedLine(1));
    EXPECT_EQ(bed.Ask(TextKind::kCmdline, getpid(), ScribeBed::OwnTicks()), std::nullopt);
    EXPECT_EQ(bed.start_failures, (std::vector<int>{EAGAIN, EAGAIN}));
    bed.scribe->Append(NumberedLine(2));
    bed.scribe->Finish(5 * kSecond);
    EXPECT_EQ(ReadFile(dir.Path("log")), "{\"dropped\":1,\"n\":2}\n");
    EXPECT_EQ(bed.scribe->counters().restarts, 0U);
  });
}

TEST(Scribe, DropsWhatTheSocketDoesNotTake) {
  for (const int code : {EAGAIN, ENOBUFS, EMSGSIZE}) {
    ExpectInChild([code] {
      const TempDir dir;
      ScribeBed bed(dir.Path("log"));
      bed.ops.Fail({.call = Call::kSend, .code = code, .first = 2, .count = 3});
      for (int i = 1; i <= 5; ++i)
        bed.scribe->Append(NumberedLine(i));
      bed.scribe->Finish(5 * kSecond);
      // The second one waits for the first to be acknowledged, and is dropped when it is refused
      // again although nothing is on its way.
      EXPECT_EQ(ReadFile(dir.Path("log")), "{\"n\":1}\n{\"dropped\":2,\"n\":4}\n{\"n\":5}\n");
      EXPECT_EQ(bed.scribe->counters().dropped, 2U);
      EXPECT_TRUE(bed.losses.empty());
    });
  }
}

TEST(Scribe, ABurstThatTheSocketDoesNotHoldWaitsForRoom) {
  ExpectInChild([] {
    const TempDir dir;
    ScribeBed bed(dir.Path("log"));
    bed.WarmUp();
    ASSERT_TRUE(bed.StopWorker());
    std::string expected;
    for (int i = 0; i < 1000; ++i) {
      const std::string line =
          "{\"n\":" + std::to_string(i) + ",\"t\":\"" + std::string(900, 'x') + "\"}";
      bed.scribe->Append(line);
      expected += line + "\n";
    }
    EXPECT_EQ(bed.scribe->counters().dropped, 0U);
    EXPECT_FALSE(bed.scribe->quiet());
    kill(bed.scribe->pid(), SIGCONT);
    EXPECT_TRUE(bed.RunUntil([&] { return bed.scribe->quiet(); }));
    EXPECT_TRUE(ReadFile(dir.Path("log")) == expected);
    EXPECT_EQ(bed.scribe->counters().dropped, 0U);
  });
}

TEST(Scribe, WhatWaitsIsLostWithTheWorkerAndCounted) {
  ExpectInChild([] {
    const TempDir dir;
    ScribeBed bed(dir.Path("log"));
    bed.WarmUp();
    ASSERT_TRUE(bed.StopWorker());
    for (int i = 0; i < 800; ++i)
      bed.scribe->Append("{\"t\":\"" + std::string(1000, 'x') + "\"}");
    EXPECT_EQ(bed.scribe->counters().dropped, 0U);
    kill(bed.scribe->pid(), SIGKILL);
    ASSERT_TRUE(bed.RunUntil([&] { return bed.scribe->pid() == 0; }));
    EXPECT_EQ(bed.scribe->counters().dropped, 800U);
    bed.scribe->Append(NumberedLine(1));
    bed.scribe->Finish(5 * kSecond);
    EXPECT_TRUE(ReadFile(dir.Path("log")).ends_with("{\"dropped\":800,\"n\":1}\n"));
  });
}

/// The worker stands still until its socket, and what may wait here, are full.
void DropTenLines(ScribeBed& bed) {
  bed.WarmUp();
  ASSERT_TRUE(bed.StopWorker());
  const std::string line = "{\"t\":\"" + std::string(1000, 'x') + "\"}";
  while (bed.scribe->counters().dropped < 10 && bed.scribe->counters().lines < 100'000)
    bed.scribe->Append(line);
  ASSERT_EQ(bed.scribe->counters().dropped, 10U);
}

TEST(Scribe, DropsThatNoLineTellsOfAreToldAtTheEnd) {
  ExpectInChild([] {
    const TempDir dir;
    ScribeBed bed(dir.Path("log"));
    ASSERT_NO_FATAL_FAILURE(DropTenLines(bed));
    kill(bed.scribe->pid(), SIGCONT);
    bed.scribe->Finish(20 * kSecond);
    EXPECT_EQ(LinesKnown(ReadFile(dir.Path("log"))), bed.scribe->counters().lines - 10);
    EXPECT_EQ(bed.lacks, 10U);
    EXPECT_TRUE(bed.losses.empty());
  });
}

TEST(Scribe, AFullSocketNeverHoldsUpTheLoop) {
  ExpectInChild([] {
    const TempDir dir;
    ScribeBed bed(dir.Path("log"));
    ASSERT_NO_FATAL_FAILURE(DropTenLines(bed));
    kill(bed.scribe->pid(), SIGCONT);
    // Lines that are slow to be written are no reason to kill.
    const std::uint64_t sent = bed.scribe->counters().lines;
    bool done = false;
    for (int i = 0; i < 10'000 && !done; ++i) {
      bed.RunUntil([] { return false; }, kMillisecond);
      done = LinesKnown(ReadFile(dir.Path("log"))) == sent - 10;
    }
    bed.scribe->Append(NumberedLine(1));
    bed.scribe->Finish(5 * kSecond);
    EXPECT_EQ(LinesKnown(ReadFile(dir.Path("log"))), bed.scribe->counters().lines);
    EXPECT_TRUE(ReadFile(dir.Path("log")).ends_with("{\"dropped\":10,\"n\":1}\n"));
    EXPECT_TRUE(bed.losses.empty());
  });
}

TEST(Scribe, WorksWithoutPidfds) {
  ExpectInChild([] {
    const TempDir dir;
    ASSERT_TRUE(test::RefuseCalls(
        {{.number = SYS_clone, .code = EINVAL, .argument = 0, .mask = CLONE_PIDFD},
         {.number = SYS_pidfd_open, .code = ENOSYS}}));
    ScribeBed bed(dir.Path("log"), ScribeBed::kShort_us);
    bed.WarmUp();
    EXPECT_FALSE(bed.has_pidfd);
    const pid_t first = bed.scribe->pid();
    kill(first, SIGSTOP);
    EXPECT_EQ(bed.Ask(TextKind::kCmdline, getpid(), ScribeBed::OwnTicks()), std::nullopt);
    EXPECT_TRUE(bed.RunUntil([&] { return bed.Reaped(first); }));
    bed.scribe->Append("{}");
    bed.scribe->Finish(5 * kSecond);
    EXPECT_EQ(ReadFile(dir.Path("log")), "{}\n");
  });
}

}  // namespace
}  // namespace reaperd::scribe
