// reap::Plan among thousands: that all are found, and what it costs, on the model kernel with the
// measured costs of calls (KernelCosts). Figures are of the model's time, not of this machine's.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "model_kernel/plan_harness.h"
#include "model_kernel/print_action.h"
#include "model_kernel/random.h"

namespace reaperd::test {
namespace {

using model::ExitStatus;
using model::WaitOutcome;
using reap::Action;
using reap::Decision;
using reap::PlanLimits;

constexpr pid_t kSelf = ModelKernel::kSelf;
constexpr int kHoldMe = 1;
constexpr int kMaxWakeUps = 4;

/// A crowd of children: those that live for ever stand in front, as services and daemons do.
class Crowd {
 public:
  Crowd(int live, int mortal, const PlanLimits& limits)
      : harness_(ModelKernel(live + mortal + 6000), limits) {
    harness_.set_decide([](pid_t, const WaitOutcome& outcome) {
      return outcome.status.value == kHoldMe ? Decision::kHold : Decision::kReap;
    });
    for (int i = 0; i < live; ++i)
      kernel().Fork(kSelf);
    for (int i = 0; i < mortal; ++i)
      mortal_.push_back(kernel().Fork(kSelf));
    Settle();
  }

  PlanHarness& harness() { return harness_; }
  ModelKernel& kernel() { return harness_.kernel(); }

  void Die(int count, int code) {
    for (int i = 0; i < count; ++i)
      DieOne(code);
    harness_.NoteEvent();
  }

  void DieOne(int code) {
    kernel().Exit(mortal_.back(), ExitStatus::Exited(code));
    mortal_.pop_back();
  }

  void Settle() {
    ASSERT_TRUE(harness_.Settle(kMaxWakeUps)) << harness_.violation();
    // What the next measurement shall not pay for.
    kernel().Advance(Nanos{2'000'000'000});
  }

  /// Microseconds of calls for each of `count` that die at once.
  double CostOfBurst(int count) {
    const Nanos before = harness_.call_time_ns();
    const auto reaped = harness_.reaped();
    Die(count, 0);
    Settle();
    EXPECT_EQ(harness_.reaped() - reaped, static_cast<std::uint64_t>(count));
    return static_cast<double>(harness_.call_time_ns() - before) / 1000.0 / count;
  }

 private:
  PlanHarness harness_;
  std::vector<pid_t> mortal_;
};

TEST(PlanCrowd, FindsAllOfABurstBeside1000HeldAnd10000Live) {
  Crowd crowd(10'000, 6000, {.may_hold = true});
  crowd.Die(1000, kHoldMe);
  crowd.Settle();
  ASSERT_EQ(crowd.harness().held().size(), 1000U);
  const double cost = crowd.CostOfBurst(5000);
  EXPECT_LE(cost, 20.0);
  EXPECT_EQ(crowd.kernel().waitable_count(), 1000U) << "only the held are left";
  EXPECT_EQ(crowd.kernel().walked(), 0U) << "P_ALL was used beside held zombies";

  while (!crowd.harness().held().empty())
    crowd.harness().Release(crowd.harness().held().back());
  crowd.Settle();
  EXPECT_EQ(crowd.kernel().waitable_count(), 0U);
  EXPECT_EQ(crowd.harness().violation(), "");
}

TEST(PlanCrowd, HoldingAThousandCostsABurstLittle) {
  Crowd without(100, 6000, {.may_hold = true});
  Crowd with(100, 6000, {.may_hold = true});
  with.Die(1000, kHoldMe);
  with.Settle();
  EXPECT_LE(with.CostOfBurst(5000), 1.5 * without.CostOfBurst(5000));
}

TEST(PlanCrowd, ABurstBehindManyLiveCostsLittleMoreThanAlone) {
  const double alone = Crowd(0, 5000, {}).CostOfBurst(5000);
  EXPECT_LE(alone, 4.0);
  for (const int live : {100, 1000, 5000, 20'000}) {
    const double cost = Crowd(live, 5000, {}).CostOfBurst(5000);
    EXPECT_LE(cost, 4 * alone) << live << " live";
    EXPECT_LE(cost, 20.0) << live << " live";
  }
}

struct Trickle {
  const char* name;
  int live;
  bool holding;
  int deaths;
  Nanos gap_ns;
  double us_per_reap;  ///< at most, all calls counted; half above what it is
};

class PlanTrickleTest : public ::testing::TestWithParam<Trickle> {
 protected:
  /// Children are born and die at once, sometimes two of them with one signal.
  static void Live(Crowd& crowd, const Trickle& row) {
    PlanHarness& harness = crowd.harness();
    ModelKernel& kernel = crowd.kernel();
    Random random(1);
    Nanos next_ns = kernel.now_ns();
    for (int died = 0; died < row.deaths;) {
      if (kernel.now_ns() >= next_ns) {
        for (int twins = random.Chance(20) ? 2 : 1; twins > 0; --twins, ++died) {
          kernel.Exit(kernel.Fork(kSelf), ExitStatus::Exited(0));
        }
        harness.NoteEvent();
        next_ns += random.Between(0, 2 * row.gap_ns);
        continue;
      }
      const Action action = harness.Act();
      ASSERT_EQ(harness.violation(), "");
      if (action.kind != Action::Kind::kRest) continue;
      if (kernel.sigchld_pending()) {
        harness.TakeSignal();
      } else {
        const Micros death_us = next_ns / 1000 + 1;
        harness.Sleep(std::min(action.until_us.value_or(death_us), death_us));
      }
    }
  }
};

TEST_P(PlanTrickleTest, ReapsInTimeAndWithinItsShareOfTheTime) {
  const Trickle& row = GetParam();
  Crowd crowd(row.live, 0, {.may_hold = row.holding});
  const PlanHarness& harness = crowd.harness();
  const Micros begin_us = crowd.kernel().Now();
  const Nanos spent_before = harness.call_time_ns();
  const Micros walking_before = harness.pace().wasted_walking_us();
  const Micros scanning_before = harness.pace().wasted_scanning_us();
  Live(crowd, row);
  const Micros elapsed_us = crowd.kernel().Now() - begin_us;
  crowd.Settle();

  EXPECT_GE(harness.reaped(), static_cast<std::uint64_t>(row.deaths));
  EXPECT_EQ(crowd.kernel().waitable_count(), 0U);
  EXPECT_LE(harness.longest_slept_over_us(), 500 * kMillisecond);
  // The last two sweeps need not be paid yet.
  const Micros last_us = 4 * row.live;
  EXPECT_LE(harness.pace().wasted_walking_us() - walking_before, elapsed_us / 100 + last_us);
  EXPECT_LE(harness.pace().wasted_scanning_us() - scanning_before,
            elapsed_us / (row.holding ? 20 : 4) + last_us);
  const auto spent_us = static_cast<double>(harness.call_time_ns() - spent_before) / 1000;
  EXPECT_LE(spent_us / static_cast<double>(harness.reaped()), row.us_per_reap);
}

INSTANTIATE_TEST_SUITE_P(
    Rates, PlanTrickleTest,
    ::testing::Values(Trickle{"few", 10, false, 3000, 1'000'000, 6},
                      Trickle{"many", 5000, false, 3000, 1'000'000, 270},
                      Trickle{"very_many_slow", 20'000, false, 1000, 20'000'000, 740},
                      Trickle{"very_many_fast", 20'000, false, 5000, 300'000, 140},
                      Trickle{"few_holding", 10, true, 3000, 1'000'000, 23},
                      Trickle{"many_holding", 5000, true, 3000, 1'000'000, 70},
                      Trickle{"very_many_holding_slow", 20'000, true, 1000, 20'000'000, 1250},
                      Trickle{"very_many_holding_fast", 20'000, true, 5000, 300'000, 36}),
    [](const auto& row) { return row.param.name; });

TEST(PlanCrowd, TenThousandStoppedAtOnceAreToldInOneScan) {
  Crowd crowd(0, 10'000, {});
  for (pid_t pid = 2; pid < 10'002; ++pid)
    crowd.kernel().Stop(pid, 19);
  crowd.harness().NoteEvent();
  const Nanos before = crowd.harness().call_time_ns();
  crowd.Settle();
  EXPECT_LE(static_cast<double>(crowd.harness().call_time_ns() - before) / 10'000, 4000.0);
}

TEST(PlanCrowd, ADeadChildUnderATracerThatNeverWaitsCostsOneLook) {
  Crowd crowd(10, 1, {});
  const pid_t pid = 12;
  crowd.kernel().Trace(pid);
  crowd.Die(1, 0);
  crowd.harness().Hint(pid);  // its pidfd became readable
  const auto calls = crowd.harness().calls();
  crowd.Settle();
  EXPECT_LE(crowd.harness().calls() - calls, 2U);
  EXPECT_EQ(crowd.harness().Act(), Action{}) << "a deadline is left";
  crowd.kernel().Untrace(pid);
  crowd.Settle();
  EXPECT_EQ(crowd.harness().reaped(), 1U);
}

}  // namespace
}  // namespace reaperd::test
