// Properties of reap::Plan over random lives of a model kernel (support/model_kernel), a few
// million calls and events in all. How long and from which seed:
// support/model_kernel/property_run.h.
#include <gtest/gtest.h>

#include <iostream>
#include <string>
#include <vector>

#include "model_kernel/property_run.h"
#include "model_kernel/random_world.h"

namespace reaperd::test {
namespace {

constexpr std::uint64_t kSteps = 10'000'000;
constexpr std::uint64_t kStepsOfALife = 1500;

/// The last calls of the life of that seed, for people.
std::string LastCalls(std::uint64_t seed) {
  constexpr std::size_t kLines = 40;
  std::vector<std::string> trace;
  RandomWorld world(seed);
  world.set_trace(&trace);
  static_cast<void>(world.Live(kStepsOfALife));
  std::string text;
  for (std::size_t i = trace.size() > kLines ? trace.size() - kLines : 0; i < trace.size(); ++i) {
    text += "  " + trace[i] + "\n";
  }
  return text;
}

/// What the lives have seen: a property over what never happens would prove nothing.
struct Seen {
  std::uint64_t lives = 0;
  std::uint64_t steps = 0;
  std::uint64_t reaped = 0;
  std::uint64_t holds = 0;
  std::uint64_t scans = 0;
  std::uint64_t list_failures = 0;
  std::uint64_t lists_tried_again = 0;
  std::uint64_t signals_lost = 0;
  std::uint64_t traced_deaths = 0;

  void Add(const RandomWorld& world) {
    ++lives;
    steps += world.steps();
    reaped += world.harness().reaped();
    holds += world.harness().holds();
    scans += world.harness().scans();
    list_failures += world.harness().list_failures();
    lists_tried_again += world.harness().lists_tried_again();
    signals_lost += world.kernel().signals_lost();
    traced_deaths += world.traced_deaths();
  }
};

TEST(PlanProperty, KeepsItsPromisesThroughRandomLives) {
  const PropertyRun run = PropertyRun::FromEnvironment(kSteps);
  Seen seen;
  for (std::uint64_t seed = run.first_seed; seen.steps < run.steps; ++seed) {
    RandomWorld world(seed);
    const std::string violation = world.Live(kStepsOfALife);
    ASSERT_EQ(violation, "") << PropertyRun::Again(seed) << LastCalls(seed);
    seen.Add(world);
  }
  std::cout << seen.lives << " lives, " << seen.steps << " steps, " << seen.reaped << " reaped, "
            << seen.holds << " held, " << seen.scans << " scans, " << seen.signals_lost
            << " signals lost, " << seen.traced_deaths << " deaths under a tracer, "
            << seen.list_failures << " lists failed, " << seen.lists_tried_again
            << " times tried again\n";
  if (!run.whole) return;
  EXPECT_GT(seen.reaped, run.steps / 50);
  EXPECT_GT(seen.holds, run.steps / 500);
  EXPECT_GT(seen.scans, run.steps / 500);
  EXPECT_GT(seen.signals_lost, run.steps / 500);
  EXPECT_GT(seen.traced_deaths, run.steps / 5000);
  EXPECT_GT(seen.list_failures, run.steps / 50'000);
  EXPECT_GT(seen.lists_tried_again, run.steps / 500'000);
}

}  // namespace
}  // namespace reaperd::test
