// EventLoop when its own calls fail: it goes on, late rather than never.
#include <cerrno>

#include "event_loop_fixture.h"

namespace reaperd::event {
namespace {

using test::Call;

TEST_F(EventLoopTest, WithoutATimerDeadlinesAreMetByTimeOuts) {
  ops_.Fail({.call = Call::kSetTimer, .code = ENOMEM});
  const Micros at_us = loop_->Now() + 5 * kMillisecond;
  loop_->SetDeadline(Deadline("due"), at_us);
  while (Served().empty()) {
    ASSERT_LT(loop_->Now(), at_us + 10 * kSecond);
    loop_->RunOnce();
  }
  EXPECT_GE(loop_->Now(), at_us);
  EXPECT_LT(loop_->turns(), 20U) << "no busy loop";
  ASSERT_FALSE(failures_.empty());
  EXPECT_EQ(failures_.front(), (Failures::value_type{"timerfd_settime", ENOMEM}));
}

TEST_F(EventLoopTest, ATimerThatWorksAgainIsUsedAgain) {
  ops_.Fail({.call = Call::kSetTimer, .code = ENOMEM, .count = 1});
  const SourceId job = Job(Priority::kJobs, "tick");
  loop_->SetDeadline(Deadline("due"), loop_->Now() + 3 * kMillisecond);
  loop_->Wake(job);
  loop_->RunOnce();
  EXPECT_EQ(Served(), Words{"tick"});
  while (Served().empty())
    loop_->RunOnce();
  EXPECT_EQ(failures_.size(), 1U);
}

TEST_F(EventLoopTest, ATimerThatCannotBeTurnedOffDoesNoHarm) {
  const DeadlineId id = Deadline("cleared");
  loop_->SetDeadline(id, loop_->Now() + kMillisecond);
  const Flag flag;
  Watch(flag, Priority::kJobs, "flag");
  flag.Raise();
  loop_->RunOnce();
  loop_->ClearDeadline(id);
  ops_.Fail({.call = Call::kSetTimer, .code = EINVAL, .count = 2});
  loop_->RunOnce();  // the old timer ends this turn: nobody is due
  loop_->SetDeadline(Deadline("end"), loop_->Now() + kMillisecond);
  loop_->RunOnce();
  EXPECT_EQ(Served(), (Words{"flag", "end"}));
}

class EpollFailureTest : public EventLoopTest, public ::testing::WithParamInterface<int> {};

TEST_P(EpollFailureTest, EverythingIsPolledAtAPaceUntilItWorksAgain) {
  ops_.Fail({.call = Call::kEpollWait, .code = GetParam(), .count = 3});
  const Flag flag;
  Watch(flag, Priority::kClients, "client");
  loop_->SetDeadline(Deadline("deadline"), 1);
  loop_->RunOnce();
  EXPECT_EQ(Served(), (Words{"deadline", "client"})) << "perhaps it is readable";
  loop_->RunOnce();
  loop_->RunOnce();
  EXPECT_EQ(ops_.naps(), 3U);
  EXPECT_EQ(failures_, (Failures{{"epoll_wait", GetParam()},
                                 {"epoll_wait", GetParam()},
                                 {"epoll_wait", GetParam()}}));
  Served();
  flag.Raise();
  loop_->RunOnce();
  EXPECT_EQ(Served(), Words{"client"});
  EXPECT_EQ(ops_.naps(), 3U);
}

TEST_P(EpollFailureTest, NothingThatHappensMeanwhileIsLost) {
  ops_.Fail({.call = Call::kEpollWait, .code = GetParam(), .count = 5});
  const Flag flag;
  int raised = 0;
  int seen = 0;
  ASSERT_TRUE(loop_
                  ->AddIo(flag.fd(), EPOLLIN | EPOLLET, Priority::kClients,
                          [&](auto, auto&) {
                            eventfd_t value = 0;
                            if (eventfd_read(flag.fd(), &value) == 0)
                              seen += static_cast<int>(value);
                            return After::kWait;
                          })
                  .ok());
  for (; raised < 8; ++raised) {
    flag.Raise();
    loop_->RunOnce();
  }
  EXPECT_EQ(seen, raised);
}

INSTANTIATE_TEST_SUITE_P(Errors, EpollFailureTest,
                         ::testing::Values(ENOMEM, EBADF, EINVAL, ENOSYS));

TEST_F(EventLoopTest, AnInterruptedWaitIsNoFailure) {
  ops_.Fail({.call = Call::kEpollWait, .code = EINTR, .count = 3});
  const Flag flag;
  Watch(flag, Priority::kClients, "client");
  flag.Raise();
  for (int turn = 0; turn < 3; ++turn)
    loop_->RunOnce();
  EXPECT_EQ(Served(), Words{});
  loop_->RunOnce();
  EXPECT_EQ(Served(), Words{"client"});
  EXPECT_EQ(failures_, Failures{});
  EXPECT_EQ(ops_.naps(), 0U);
}

TEST_F(EventLoopTest, AnInterruptedWaitDoesNotPutOffDeadlines) {
  ops_.Fail({.call = Call::kEpollWait, .code = EINTR, .count = 1});
  loop_->SetDeadline(Deadline("due"), 1);
  loop_->RunOnce();
  EXPECT_EQ(Served(), Words{"due"});
}

TEST_F(EventLoopTest, FailuresWithoutAListenerAreSurvived) {
  loop_->OnFailure(nullptr);
  ops_.Fail({.call = Call::kEpollWait, .code = ENOMEM, .count = 1});
  ops_.Fail({.call = Call::kSetTimer, .code = ENOMEM, .count = 1});
  loop_->SetDeadline(Deadline("due"), 1);
  loop_->RunOnce();
  EXPECT_EQ(Served(), Words{"due"});
}

}  // namespace
}  // namespace reaperd::event
