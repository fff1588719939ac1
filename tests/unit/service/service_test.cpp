#include "service/service.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>

#include "fake_process_ops.h"

namespace reaperd::service {
namespace {

using model::ExitStatus;
using Calls = std::vector<std::string>;

class ServiceTest : public ::testing::Test {
 protected:
  ServiceTest() { Make(model::ProcessGroup::kOwn); }

  void Make(model::ProcessGroup group) {
    model::ServiceSpec spec;
    spec.command = {"prog"};
    spec.process_group = group;
    service_.emplace(ops_, spec);
  }

  /// Started, with a pidfd.
  void Start() {
    ops_.spawned_pidfd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    EXPECT_EQ(service_->Start({}).step, sys::SpawnStep::kNone);
    ops_.calls.clear();
  }

  static model::Death Death(pid_t pid) {
    return {.pid = pid, .status = ExitStatus::Exited(3), .uid = 0, .seen_us = 1'500'000};
  }

  test::FakeProcessOps ops_;
  std::optional<Service> service_;
};

TEST_F(ServiceTest, IsInactiveAtFirst) {
  EXPECT_EQ(service_->state(), ServiceState::kInactive);
  EXPECT_EQ(service_->pid(), 0);
  EXPECT_EQ(service_->pidfd(), -1);
  EXPECT_EQ(service_->Signal(SIGTERM), ESRCH);
  EXPECT_EQ(service_->SignalGroup(SIGTERM), ESRCH);
  EXPECT_FALSE(service_->OnReaped(Death(0)));
  EXPECT_TRUE(ops_.calls.empty());
}

TEST_F(ServiceTest, StartsWithItsSpecAndSurroundings) {
  StartContext context{.mode = sys::SpawnMode::kInBackground, .signal_mask = {}, .terminal_fd = 5};
  sigaddset(&context.signal_mask, SIGUSR1);
  EXPECT_EQ(service_->Start(context).step, sys::SpawnStep::kNone);
  ASSERT_EQ(ops_.spawns.size(), 1U);
  EXPECT_EQ(ops_.spawns[0].spec, &service_->spec());
  EXPECT_EQ(ops_.spawns[0].mode, sys::SpawnMode::kInBackground);
  EXPECT_EQ(ops_.spawns[0].terminal_fd, 5);
  EXPECT_EQ(sigismember(&ops_.spawns[0].signal_mask, SIGUSR1), 1);
  EXPECT_EQ(service_->state(), ServiceState::kRunning);
  EXPECT_EQ(service_->pid(), 42);
  EXPECT_EQ(service_->started_us(), 1'000'000);
}

TEST_F(ServiceTest, AFailedStartIsToldAndFinal) {
  ops_.spawn_failure = {sys::SpawnStep::kExec, ENOENT};
  const sys::ChildReport report = service_->Start({});
  EXPECT_EQ(report.step, sys::SpawnStep::kExec);
  EXPECT_EQ(report.code, ENOENT);
  EXPECT_EQ(service_->state(), ServiceState::kFailed);
  EXPECT_EQ(service_->pid(), 0);
  EXPECT_EQ(service_->Signal(SIGTERM), ESRCH);
}

TEST_F(ServiceTest, KnowsItsOwnDeathAndNoOther) {
  Start();
  EXPECT_FALSE(service_->OnReaped(Death(43)));
  EXPECT_TRUE(service_->running());
  EXPECT_TRUE(service_->OnReaped(Death(42)));
  EXPECT_EQ(service_->state(), ServiceState::kExited);
  EXPECT_EQ(service_->exit_status(), ExitStatus::Exited(3));
  EXPECT_EQ(service_->run_time_us(), 500'000);
  EXPECT_EQ(service_->pid(), 42) << "the last one";
  EXPECT_FALSE(service_->OnReaped(Death(42))) << "the number is somebody else's now";
}

TEST_F(ServiceTest, IsSignalledByItsPidfd) {
  Start();
  EXPECT_EQ(service_->Signal(SIGTERM), 0);
  EXPECT_EQ(ops_.TakeCalls(), Calls{"pidfd 15"});
  ops_.pidfd_error = ESRCH;
  EXPECT_EQ(service_->Signal(SIGTERM), ESRCH) << "no second try: the answer is final";
  EXPECT_EQ(ops_.TakeCalls(), Calls{"pidfd 15"});
}

TEST_F(ServiceTest, IsSignalledByNumberWherePidfdsAreRefused) {
  Start();
  for (const int code : {ENOSYS, EPERM}) {
    ops_.pidfd_error = code;
    EXPECT_EQ(service_->Signal(SIGHUP), 0);
    EXPECT_EQ(ops_.TakeCalls(), (Calls{"pidfd 1", "child 42 1"}));
  }
  ops_.signal_error = EPERM;
  EXPECT_EQ(service_->Signal(SIGHUP), EPERM);
}

TEST_F(ServiceTest, IsSignalledByNumberWithoutAPidfd) {
  service_->Start({});
  ops_.calls.clear();
  EXPECT_EQ(service_->Signal(SIGTERM), 0);
  EXPECT_EQ(ops_.TakeCalls(), Calls{"child 42 15"});
}

TEST_F(ServiceTest, TheDeadAreNotSignalled) {
  Start();
  service_->OnReaped(Death(42));
  EXPECT_EQ(service_->Signal(SIGTERM), ESRCH);
  EXPECT_EQ(service_->SignalGroup(SIGTERM), ESRCH);
  EXPECT_TRUE(ops_.calls.empty());
}

TEST_F(ServiceTest, ItsGroupIsItsOwnOrOurs) {
  for (const auto group : {model::ProcessGroup::kOwn, model::ProcessGroup::kNewSession}) {
    Make(group);
    Start();
    EXPECT_EQ(service_->group(), 42);
    EXPECT_EQ(service_->SignalGroup(SIGTERM), 0);
    EXPECT_EQ(ops_.TakeCalls(), Calls{"group 42 15"});
  }
  Make(model::ProcessGroup::kInherit);
  Start();
  EXPECT_EQ(service_->group(), getpgrp());
}

TEST_F(ServiceTest, ClosesWhatItIsToldToClose) {
  Start();
  const int fd = service_->pidfd();
  ASSERT_GE(fd, 0);
  service_->ClosePidfd();
  EXPECT_EQ(service_->pidfd(), -1);
  EXPECT_EQ(fcntl(fd, F_GETFD), -1);
}

TEST_F(ServiceTest, WhereTheKernelReapsSignalsGoByPidfdOrNotAtAll) {
  service_->SignalByPidfdOnly();
  Start();
  EXPECT_EQ(service_->Signal(SIGTERM), 0);
  EXPECT_EQ(service_->SignalGroup(SIGTERM), 0);
  EXPECT_EQ(ops_.TakeCalls(), (Calls{"pidfd 15", "pidfd group 15"}));
  ops_.pidfd_error = EPERM;
  EXPECT_EQ(service_->Signal(SIGTERM), EPERM);
  EXPECT_EQ(ops_.TakeCalls(), Calls{"pidfd 15"});
  service_->ClosePidfd();
  EXPECT_EQ(service_->Signal(SIGTERM), ESRCH);
  EXPECT_EQ(service_->SignalGroup(SIGTERM), ESRCH);
  EXPECT_TRUE(ops_.calls.empty()) << "its number may be another's";
}

TEST_F(ServiceTest, OurOwnGroupIsSafeToSignalByNumber) {
  Make(model::ProcessGroup::kInherit);
  service_->SignalByPidfdOnly();
  Start();
  EXPECT_EQ(service_->SignalGroup(SIGWINCH), 0);
  EXPECT_EQ(ops_.TakeCalls(), Calls{"group " + std::to_string(getpgrp()) + " 28"});
}

}  // namespace
}  // namespace reaperd::service
