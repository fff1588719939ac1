// The model kernel itself: each fact that the properties lean on (docs/kernel-facts.md).
#include "model_kernel/model_kernel.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <vector>

namespace reaperd::test {
namespace {

using model::ExitStatus;
using Kind = model::WaitOutcome::Kind;
using Call = ModelKernel::Call;

constexpr pid_t kSelf = ModelKernel::kSelf;

std::vector<pid_t> WholeList(ModelKernel kernel) {
  std::vector<pid_t> pids;
  EXPECT_EQ(kernel.List(true, 1000, pids), false);
  return pids;
}

class ModelKernelTest : public ::testing::Test {
 protected:
  pid_t SignalPid() {
    const auto signal = kernel_.TakeSigchld();
    return signal ? signal->pid : 0;
  }

  ModelKernel kernel_{50};
};

TEST_F(ModelKernelTest, ForkedAndAdoptedChildrenAreAppendedAtTheTail) {
  const pid_t first = kernel_.Fork(kSelf);
  const pid_t grandchild = kernel_.Fork(first);
  const pid_t second = kernel_.Fork(kSelf);
  EXPECT_EQ(WholeList(kernel_), (std::vector<pid_t>{first, second}));
  kernel_.Exit(first, ExitStatus::Exited(0));
  EXPECT_EQ(kernel_.ParentOf(grandchild), kSelf);
  EXPECT_EQ(WholeList(kernel_), (std::vector<pid_t>{first, second, grandchild}));
}

TEST_F(ModelKernelTest, AdoptionIsSilentAndTheDeathAfterItIsNot) {
  const pid_t parent = kernel_.Fork(kSelf);
  const pid_t orphan = kernel_.Fork(parent);
  kernel_.Exit(parent, ExitStatus::Exited(0));
  EXPECT_EQ(SignalPid(), parent);
  EXPECT_FALSE(kernel_.sigchld_pending());
  kernel_.Exit(orphan, ExitStatus::Exited(0));
  EXPECT_EQ(SignalPid(), orphan);
}

TEST_F(ModelKernelTest, OneSignalIsPendingAndNamesTheFirst) {
  const pid_t first = kernel_.Fork(kSelf);
  const pid_t second = kernel_.Fork(kSelf);
  kernel_.Exit(second, ExitStatus::Exited(0));
  kernel_.Exit(first, ExitStatus::Exited(0));
  EXPECT_EQ(SignalPid(), second);
  EXPECT_EQ(SignalPid(), 0);
  EXPECT_EQ(kernel_.signals_lost(), 1U);
}

TEST_F(ModelKernelTest, ZombiesOfADyingParentAreAnnouncedBeforeIt) {
  const pid_t parent = kernel_.Fork(kSelf);
  const pid_t zombie = kernel_.Fork(parent);
  kernel_.Exit(zombie, ExitStatus::Exited(3));
  EXPECT_FALSE(kernel_.sigchld_pending()) << "it is its parent's";
  EXPECT_EQ(kernel_.WaitPid(zombie, true).kind, Kind::kNoChild);
  kernel_.Exit(parent, ExitStatus::Exited(0));
  EXPECT_EQ(SignalPid(), zombie);
  EXPECT_EQ(kernel_.WaitPid(zombie, true).status, ExitStatus::Exited(3));
}

TEST_F(ModelKernelTest, WaitForAnyTakesTheFirstOfTheListAndCostsPerChildInFront) {
  for (int i = 0; i < 10; ++i)
    kernel_.Fork(kSelf);
  const pid_t late = kernel_.Fork(kSelf);
  const pid_t later = kernel_.Fork(kSelf);
  kernel_.Exit(later, ExitStatus::Exited(0));
  kernel_.Exit(late, ExitStatus::Exited(0));
  EXPECT_EQ(kernel_.WaitAny().pid, late);
  EXPECT_EQ(kernel_.walked(), 10U);
  EXPECT_EQ(kernel_.WaitAny().pid, later);
  EXPECT_EQ(kernel_.WaitAny().kind, Kind::kNothing);
  EXPECT_EQ(kernel_.walked(), 30U);
}

TEST_F(ModelKernelTest, WaitForOneCostsTheSameForAnyList) {
  ModelKernel crowded{30'000};
  for (int i = 0; i < 20'000; ++i)
    crowded.Fork(kSelf);
  kernel_.Fork(kSelf);
  const auto cost = [](ModelKernel& kernel) {
    const Nanos begin = kernel.now_ns();
    EXPECT_EQ(kernel.WaitPid(2, true).kind, Kind::kNothing);
    return kernel.now_ns() - begin;
  };
  EXPECT_EQ(cost(kernel_), cost(crowded));
}

TEST_F(ModelKernelTest, AProcessWhoseLeaderEndedIsNoZombieBeforeTheLastThread) {
  const pid_t pid = kernel_.Fork(kSelf);
  kernel_.ExitLeader(pid);
  EXPECT_FALSE(kernel_.sigchld_pending());
  EXPECT_EQ(kernel_.WaitPid(pid, true).kind, Kind::kNothing);
  kernel_.Exit(pid, ExitStatus::Exited(0));
  EXPECT_EQ(SignalPid(), pid);
}

TEST_F(ModelKernelTest, ATracedZombieIsSeenWhenTheTracerLetsGo) {
  const pid_t pid = kernel_.Fork(kSelf);
  kernel_.Trace(pid);
  kernel_.Exit(pid, ExitStatus::Killed(SIGKILL));
  EXPECT_FALSE(kernel_.sigchld_pending());
  EXPECT_EQ(kernel_.WaitPid(pid, true).kind, Kind::kNothing);
  EXPECT_EQ(kernel_.WaitAny().kind, Kind::kNothing);
  EXPECT_EQ(WholeList(kernel_), (std::vector<pid_t>{pid}));
  kernel_.Untrace(pid);
  EXPECT_EQ(SignalPid(), pid);
  EXPECT_EQ(kernel_.WaitPid(pid, true).kind, Kind::kDead);
}

TEST_F(ModelKernelTest, ATracedZombieOfADyingParentIsNotAnnouncedYet) {
  const pid_t parent = kernel_.Fork(kSelf);
  const pid_t zombie = kernel_.Fork(parent);
  kernel_.Trace(zombie);
  kernel_.Exit(zombie, ExitStatus::Exited(0));
  kernel_.Exit(parent, ExitStatus::Exited(0));
  EXPECT_EQ(SignalPid(), parent);
  kernel_.Untrace(zombie);
  EXPECT_EQ(SignalPid(), zombie);
}

TEST_F(ModelKernelTest, APeekLeavesTheZombie) {
  const pid_t pid = kernel_.Fork(kSelf);
  kernel_.Exit(pid, ExitStatus::Exited(4));
  EXPECT_EQ(kernel_.WaitPid(pid, false).status, ExitStatus::Exited(4));
  EXPECT_EQ(kernel_.WaitPid(pid, true).status, ExitStatus::Exited(4));
  EXPECT_EQ(kernel_.WaitPid(pid, true).kind, Kind::kNoChild);
  EXPECT_EQ(kernel_.WaitAny().kind, Kind::kNoChild);
}

TEST_F(ModelKernelTest, AStopIsToldOnceAndNotAfterContinue) {
  const pid_t pid = kernel_.Fork(kSelf);
  kernel_.Stop(pid, SIGTSTP);
  EXPECT_EQ(SignalPid(), pid);
  EXPECT_EQ(kernel_.WaitPid(pid, false).stop_signal, SIGTSTP) << "a peek takes it, too";
  EXPECT_EQ(kernel_.WaitAny().kind, Kind::kNothing);
  kernel_.Continue(pid);
  EXPECT_EQ(SignalPid(), pid);
  kernel_.Stop(pid, SIGSTOP);
  kernel_.Continue(pid);
  EXPECT_EQ(kernel_.WaitAny().kind, Kind::kNothing);
}

TEST_F(ModelKernelTest, AReapBetweenTwoPartsOfTheListMakesItSkipOne) {
  std::vector<pid_t> children;
  for (int i = 0; i < 6; ++i)
    children.push_back(kernel_.Fork(kSelf));
  kernel_.Exit(children[0], ExitStatus::Exited(0));
  std::vector<pid_t> seen;
  EXPECT_EQ(kernel_.List(true, 3, seen), true);
  kernel_.WaitPid(children[0], true);
  EXPECT_EQ(kernel_.List(false, 10, seen), false);
  EXPECT_EQ(seen,
            (std::vector<pid_t>{children[0], children[1], children[2], children[4], children[5]}));
}

TEST_F(ModelKernelTest, NumbersAreUsedAgainInACircleAfterTheReap) {
  ModelKernel small{5};  // 2, 3, 4
  for (const pid_t pid : {2, 3, 4})
    EXPECT_EQ(small.Fork(kSelf), pid);
  EXPECT_EQ(small.Fork(kSelf), 0);
  small.Exit(3, ExitStatus::Exited(0));
  EXPECT_EQ(small.Fork(kSelf), 0) << "a zombie keeps its number";
  const auto serial = small.Serial(3);
  small.WaitPid(3, true);
  EXPECT_EQ(small.Fork(kSelf), 3);
  EXPECT_NE(small.Serial(3), serial);
}

TEST_F(ModelKernelTest, FaultsHappenAsOftenAsAskedAndChangeNothing) {
  const pid_t pid = kernel_.Fork(kSelf);
  kernel_.Exit(pid, ExitStatus::Exited(0));
  kernel_.Fail(Call::kWaitAny, EAGAIN, 2);
  kernel_.Fail(Call::kList, ENOMEM, 1);
  EXPECT_EQ(kernel_.WaitAny().error, EAGAIN);
  EXPECT_EQ(kernel_.WaitAny().kind, Kind::kError);
  std::vector<pid_t> pids;
  EXPECT_EQ(kernel_.List(true, 10, pids), std::nullopt);
  EXPECT_EQ(kernel_.WaitAny().pid, pid);
}

TEST_F(ModelKernelTest, ACopyGoesItsOwnWay) {
  const pid_t pid = kernel_.Fork(kSelf);
  ModelKernel copy = kernel_;
  copy.Exit(pid, ExitStatus::Exited(0));
  EXPECT_TRUE(kernel_.Alive(pid));
  EXPECT_FALSE(copy.Alive(pid));
  EXPECT_FALSE(kernel_.sigchld_pending());
}

}  // namespace
}  // namespace reaperd::test
