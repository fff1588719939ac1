// EventLoop: who is served when, and what handlers may do.
#include "event/event_loop.h"

#include "child_process.h"
#include "event_loop_fixture.h"

#include <sys/resource.h>

#include <cerrno>

namespace reaperd::event {
namespace {

constexpr std::array<Priority, 5> kIoPriorities{
    Priority::kSignals, Priority::kNotify, Priority::kDeaths, Priority::kClients, Priority::kJobs};

TEST_F(EventLoopTest, ServesAllThatIsReadyByPriority) {
  const std::array<Flag, kIoPriorities.size()> flags;
  for (std::size_t i = flags.size(); i-- > 0;) {
    Watch(flags[i], kIoPriorities[i], std::to_string(i));
    flags[i].Raise();
  }
  loop_->RunOnce();
  EXPECT_EQ(Served(), (Words{"0", "1", "2", "3", "4"}));
  EXPECT_EQ(loop_->turns(), 1U);
}

TEST_F(EventLoopTest, ServesDeadlinesBetweenDeathsAndClients) {
  const DeadlineId deadline = Deadline("deadline");
  loop_->SetDeadline(deadline, 1);
  for (const auto& [priority, name] :
       {std::pair{Priority::kClients, "client"}, std::pair{Priority::kDeaths, "death"},
        std::pair{Priority::kDeadlines, "job among deadlines"}}) {
    loop_->Wake(Job(priority, name));
  }
  loop_->RunOnce();
  EXPECT_EQ(Served(), (Words{"death", "deadline", "job among deadlines", "client"}));
}

TEST_F(EventLoopTest, GivesTheHandlerItsEvents) {
  test::Pipe pipe = test::MakePipe();
  std::uint32_t seen = 0;
  ASSERT_TRUE(loop_
                  ->AddIo(pipe.read_end.get(), EPOLLIN | EPOLLET, Priority::kJobs,
                          [&](std::uint32_t events, Turn&) {
                            seen = events;
                            return After::kWait;
                          })
                  .ok());
  ASSERT_EQ(write(pipe.write_end.get(), "x", 1), 1);
  loop_->RunOnce();
  EXPECT_EQ(seen, std::uint32_t{EPOLLIN});
  pipe.write_end.reset();
  loop_->RunOnce();
  EXPECT_EQ(seen, std::uint32_t{EPOLLIN | EPOLLHUP});
}

TEST_F(EventLoopTest, LosesNoneOfManyReadySources) {
  constexpr std::size_t kCount = 100;  // more than a turn collects
  const std::array<Flag, kCount> flags;
  for (const Flag& flag : flags)
    Watch(flag, Priority::kJobs, "x");
  for (const Flag& flag : flags)
    flag.Raise();
  std::size_t served = 0;
  for (int turn = 0; turn < 10 && served < kCount; ++turn) {
    loop_->RunOnce();
    served += Served().size();
  }
  EXPECT_EQ(served, kCount);
}

TEST_F(EventLoopTest, AHandlerMayRemoveItself) {
  const Flag flag;
  SourceId id = 0;
  int calls = 0;
  const auto owned = std::make_shared<int>(7);
  const auto added = loop_->AddIo(flag.fd(), EPOLLIN, Priority::kSignals, [&, owned](auto, auto&) {
    ++calls;
    loop_->RemoveIo(id);
    loop_->RemoveIo(id);
    EXPECT_EQ(*owned, 7) << "the handler lives until it has returned";
    return After::kMore;
  });
  ASSERT_TRUE(added.ok());
  id = *added;
  flag.Raise();
  const SourceId job = Job(Priority::kJobs, "job");
  for (int turn = 0; turn < 3; ++turn) {
    loop_->Wake(job);
    loop_->RunOnce();
  }
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(owned.use_count(), 1) << "the handler is destroyed";
}

TEST_F(EventLoopTest, WhatIsRemovedInATurnIsNotServedInItAnyMore) {
  const Flag first;
  const Flag second;
  const SourceId victim = Watch(second, Priority::kDeaths, "victim");
  ASSERT_TRUE(loop_
                  ->AddIo(first.fd(), EPOLLIN, Priority::kSignals,
                          [&](auto, auto&) {
                            loop_->RemoveIo(victim);
                            first.Take();
                            return After::kWait;
                          })
                  .ok());
  first.Raise();
  second.Raise();
  loop_->RunOnce();
  EXPECT_EQ(Served(), Words{});
}

TEST_F(EventLoopTest, AnEventDoesNotReachTheNextOwnerOfAPlace) {
  const Flag old_flag;
  const SourceId old_id = Watch(old_flag, Priority::kSignals, "old");
  loop_->RemoveIo(old_id);
  loop_->Wake(Job(Priority::kJobs, "tick"));
  loop_->RunOnce();
  const Flag new_flag;
  EXPECT_EQ(Watch(new_flag, Priority::kSignals, "new"), old_id);
  old_flag.Raise();
  loop_->Wake(Job(Priority::kJobs, "tock"));
  loop_->RunOnce();
  EXPECT_EQ(Served(), (Words{"tick", "tock"}));
}

TEST_F(EventLoopTest, AHandlerMayAddAnythingAndManyOfThem) {
  constexpr std::size_t kCount = 200;  // the list of sources grows under the handler's feet
  const std::array<Flag, kCount> flags;
  const SourceId job = loop_->AddJob(Priority::kSignals, [&](Turn&) {
    for (const Flag& flag : flags) {
      flag.Raise();
      Watch(flag, Priority::kDeaths, "added");
    }
    loop_->Wake(Job(Priority::kJobs, "job"));
    loop_->SetDeadline(Deadline("deadline"), 1);
    return After::kWait;
  });
  loop_->Wake(job);
  loop_->RunOnce();
  EXPECT_EQ(Served(), (Words{"deadline", "job"}));
  std::size_t served = 0;
  for (int turn = 0; turn < 20 && served < kCount; ++turn) {
    loop_->RunOnce();
    served += Served().size();
  }
  EXPECT_EQ(served, kCount);
}

TEST_F(EventLoopTest, WorkThatIsLeftGoesOnInTheNextTurnWithoutWaiting) {
  int left = 3;
  const SourceId job = loop_->AddJob(Priority::kJobs, [&](Turn&) {
    served_.emplace_back("part");
    return --left > 0 ? After::kMore : After::kWait;
  });
  loop_->Wake(job);
  for (int turn = 0; turn < 3; ++turn) {
    loop_->RunOnce();
    EXPECT_EQ(Served(), Words{"part"});
  }
  // Nothing would wake it any more: only the deadline ends this turn.
  loop_->SetDeadline(Deadline("deadline"), loop_->Now() + kMillisecond);
  loop_->RunOnce();
  EXPECT_EQ(Served(), Words{"deadline"});
}

TEST_F(EventLoopTest, ADescriptorsWorkGoesOnWithoutNewEvents) {
  const Flag flag;
  std::vector<std::uint32_t> events;
  ASSERT_TRUE(loop_
                  ->AddIo(flag.fd(), EPOLLIN | EPOLLET, Priority::kClients,
                          [&](std::uint32_t ready, Turn&) {
                            events.push_back(ready);
                            return events.size() < 3 ? After::kMore : After::kWait;
                          })
                  .ok());
  flag.Raise();
  for (int turn = 0; turn < 3; ++turn)
    loop_->RunOnce();
  EXPECT_EQ(events, (std::vector<std::uint32_t>{EPOLLIN, 0, 0}));
}

TEST_F(EventLoopTest, OneThatAlwaysHasMoreDoesNotStarveTheOthers) {
  loop_->Wake(Job(Priority::kSignals, "greedy", After::kMore));
  const Flag flag;
  Watch(flag, Priority::kClients, "client");
  flag.Raise();
  loop_->RunOnce();
  EXPECT_EQ(Served(), (Words{"greedy", "client"}));
}

TEST_F(EventLoopTest, AWokenJobRunsInThisTurnIfItsPriorityIsStillToCome) {
  const SourceId early = Job(Priority::kNotify, "early");
  const SourceId late = Job(Priority::kJobs, "late");
  loop_->Wake(loop_->AddJob(Priority::kDeaths, [&](Turn&) {
    loop_->Wake(early);
    loop_->Wake(late);
    return After::kWait;
  }));
  loop_->RunOnce();
  EXPECT_EQ(Served(), Words{"late"});
  loop_->RunOnce();
  EXPECT_EQ(Served(), Words{"early"});
}

TEST_F(EventLoopTest, AJobThatWakesItselfRunsOnceATurn) {
  SourceId self = 0;
  self = loop_->AddJob(Priority::kJobs, [&](Turn&) {
    served_.emplace_back("again");
    loop_->Wake(self);
    return After::kWait;
  });
  loop_->Wake(self);
  for (int turn = 0; turn < 3; ++turn) {
    loop_->RunOnce();
    EXPECT_EQ(Served(), Words{"again"});
  }
}

TEST_F(EventLoopTest, WhoTakesThePlaceOfOneThatWasWokenIsServedOnceATurn) {
  const SourceId early = Job(Priority::kNotify, "early");
  loop_->Wake(loop_->AddJob(Priority::kJobs, [&](Turn&) {
    loop_->Wake(early);
    loop_->RemoveIo(early);
    return After::kWait;
  }));
  loop_->RunOnce();
  const SourceId successor = Job(Priority::kNotify, "greedy successor", After::kMore);
  EXPECT_EQ(successor, early);
  loop_->Wake(successor);
  for (int turn = 0; turn < 3; ++turn) {
    loop_->RunOnce();
    EXPECT_EQ(Served(), Words{"greedy successor"});
  }
}

TEST_F(EventLoopTest, ADeadlineWakesTheLoopAtItsTime) {
  const Micros at_us = loop_->Now() + 5 * kMillisecond;
  loop_->SetDeadline(Deadline("late"), at_us + kSecond);
  loop_->SetDeadline(Deadline("due"), at_us);
  loop_->RunOnce();
  EXPECT_GE(loop_->Now(), at_us);
  EXPECT_EQ(Served(), Words{"due"});
}

TEST_F(EventLoopTest, ADeadlineThatIsMovedOrClearedIsNotServedEarly) {
  const DeadlineId moved = Deadline("moved");
  const DeadlineId cleared = Deadline("cleared");
  const Micros now_us = loop_->Now();
  loop_->SetDeadline(moved, now_us + kMillisecond);
  loop_->SetDeadline(cleared, now_us + kMillisecond);
  loop_->Wake(Job(Priority::kJobs, "tick"));
  loop_->RunOnce();
  loop_->SetDeadline(moved, now_us + 8 * kMillisecond);
  loop_->ClearDeadline(cleared);
  Served();
  while (Served() != Words{"moved"}) {
    EXPECT_LT(loop_->Now(), now_us + 10 * kSecond);
    loop_->RunOnce();
  }
  EXPECT_GE(loop_->Now(), now_us + 8 * kMillisecond);
}

TEST_F(EventLoopTest, ADeadlineThatIsSetAnewToNowOrThePastWaitsForTheNextTurn) {
  DeadlineId id = 0;
  int calls = 0;
  id = loop_->AddDeadline([&] { loop_->SetDeadline(id, ++calls % 2 == 0 ? loop_->Now() : 1); });
  loop_->SetDeadline(id, loop_->Now());
  for (int turn = 1; turn < 6; ++turn) {
    loop_->RunOnce();
    EXPECT_EQ(calls, turn);
  }
}

TEST_F(EventLoopTest, ADeadlineMayAddDeadlines) {
  const std::string name = "added by the one that runs";
  const DeadlineId id = loop_->AddDeadline([this, name] {
    for (int i = 0; i < 100; ++i)
      loop_->SetDeadline(Deadline(name), 1);
    served_.push_back(name);  // what the handler holds is still there
  });
  loop_->SetDeadline(id, 1);
  loop_->RunOnce();
  EXPECT_EQ(Served(), Words{name});
  loop_->RunOnce();
  EXPECT_EQ(Served(), Words(100, name));
}

TEST_F(EventLoopTest, ADueDeadlineThatAnotherClearsIsNotServed) {
  const DeadlineId second = Deadline("second");
  loop_->SetDeadline(loop_->AddDeadline([&] { loop_->ClearDeadline(second); }), 1);
  loop_->SetDeadline(second, 2);
  loop_->RunOnce();
  EXPECT_EQ(Served(), Words{});
}

TEST_F(EventLoopTest, ATimerThatIsSetAlreadyIsNotSetAgain) {
  loop_->SetDeadline(Deadline("far"), loop_->Now() + 3600 * kSecond);
  const SourceId job = Job(Priority::kJobs, "tick");
  const Flag flag;
  Watch(flag, Priority::kJobs, "flag");
  for (int turn = 0; turn < 10; ++turn) {
    flag.Raise();
    loop_->RunOnce();
    loop_->Wake(job);
    loop_->RunOnce();
  }
  EXPECT_EQ(ops_.calls(test::Call::kSetTimer), 1U);
}

TEST_F(EventLoopTest, StopEndsTheRunAfterTheTurn) {
  const Flag flag;
  ASSERT_TRUE(loop_
                  ->AddIo(flag.fd(), EPOLLIN, Priority::kSignals,
                          [&](auto, auto&) {
                            flag.Take();
                            loop_->Stop();
                            loop_->Wake(Job(Priority::kJobs, "rest of the turn"));
                            return After::kWait;
                          })
                  .ok());
  flag.Raise();
  loop_->Run();
  EXPECT_EQ(Served(), Words{"rest of the turn"});
}

TEST_F(EventLoopTest, WhatCannotBeWatchedIsRefusedAndLeavesNothing) {
  const UniqueFd folder(open("/", O_RDONLY | O_CLOEXEC));
  for (const int fd : {folder.get(), -1}) {
    const auto id = loop_->AddIo(fd, EPOLLIN, Priority::kJobs, [](auto, auto&) {
      ADD_FAILURE() << "served";
      return After::kWait;
    });
    ASSERT_FALSE(id.ok());
    EXPECT_EQ(id.error().code(), fd < 0 ? EBADF : EPERM);
  }
  const Flag flag;
  Watch(flag, Priority::kJobs, "x");
  flag.Raise();
  loop_->RunOnce();
  EXPECT_EQ(Served(), Words{"x"});
}

TEST(EventLoop, CannotBeMadeWithoutADescriptor) {
  test::ExpectInChild([] {
    sys::LinuxProcessOps ops;
    const UniqueFd next(dup(0));
    const rlimit limit{static_cast<rlim_t>(next.get()) + 1, static_cast<rlim_t>(next.get()) + 10};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    const auto loop = EventLoop::Create(ops);
    ASSERT_FALSE(loop.ok());
    EXPECT_EQ(loop.error().code(), EMFILE);
  });
}

TEST(EventLoop, MeetsDeadlinesWithoutADescriptorForItsTimer) {
  test::ExpectInChild([] {
    sys::LinuxProcessOps ops;
    const UniqueFd next(dup(0));
    const rlimit limit{static_cast<rlim_t>(next.get()) + 2, static_cast<rlim_t>(next.get()) + 10};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    const auto loop = EventLoop::Create(ops);
    ASSERT_TRUE(loop.ok());
    int failure = 0;
    (*loop)->OnFailure([&](std::string_view, int code) { failure = code; });
    const DeadlineId id = (*loop)->AddDeadline([&] { (*loop)->Stop(); });
    (*loop)->SetDeadline(id, (*loop)->Now() + 2 * kMillisecond);
    (*loop)->Run();
    EXPECT_EQ(failure, EMFILE);
    EXPECT_LT((*loop)->turns(), 10U);
  });
}

}  // namespace
}  // namespace reaperd::event
