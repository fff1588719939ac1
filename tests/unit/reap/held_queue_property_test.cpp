// Properties of reap::HeldQueue over random lives (support/model_kernel/held_world.h): never above
// the cap nor longer than the limits, each released once and for a reason that fits, the oldest
// first, barriers in one batch, nobody after the end, no deadline in the past, and an exec in the
// middle changes nothing. How long and from which seed: support/model_kernel/property_run.h.
#include <gtest/gtest.h>

#include <iostream>

#include "model_kernel/held_world.h"
#include "model_kernel/property_run.h"

namespace reaperd::test {
namespace {

constexpr std::uint64_t kSteps = 1'500'000;
constexpr int kStepsOfALife = 300;

TEST(HeldQueueProperty, KeepsItsPromisesThroughRandomLives) {
  const PropertyRun run = PropertyRun::FromEnvironment(kSteps);
  HeldSeen seen;
  for (std::uint64_t seed = run.first_seed; seen.steps < run.steps; ++seed) {
    HeldWorld world(seed, seen);
    ASSERT_EQ(world.Live(kStepsOfALife), "") << PropertyRun::Again(seed);
  }
  std::cout << seen.lives << " lives, " << seen.steps << " steps, " << seen.reloads << " reloads, "
            << seen.handed_on << " taken over by leases, " << seen.complete
            << " barriers complete, " << seen.early << " early";
  for (const auto& row : model::kReleaseReasons.rows) {
    const std::uint64_t count = seen.counters.released[static_cast<std::size_t>(row.value)];
    std::cout << ", " << count << ' ' << row.name;
    if (run.whole) {
      EXPECT_GT(count, run.steps / 3000) << row.name;
    }
  }
  std::cout << '\n';
  if (!run.whole) return;
  EXPECT_GT(seen.reloads, run.steps / 50);
  EXPECT_GT(seen.handed_on, run.steps / 1000);
  EXPECT_GT(seen.complete, run.steps / 500);
  EXPECT_GT(seen.early, run.steps / 500);
}

}  // namespace
}  // namespace reaperd::test
