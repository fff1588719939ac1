// service::SettleStop: what the options mean once it is known where we run.
#include <gtest/gtest.h>

#include "service/stop_sequence.h"

namespace reaperd::service {
namespace {

constexpr Micros kDefaultGrace = 5 * kSecond;

TEST(SettleStop, GraceIsFiveSecondsAsPid1AndOffElsewhere) {
  EXPECT_EQ(SettleStop({}, {}, true).grace_us, kDefaultGrace);
  EXPECT_EQ(SettleStop({}, {}, false).grace_us, std::nullopt);
}

TEST(SettleStop, WhatWasAskedForCountsEverywhere) {
  model::StopPolicy policy;
  policy.grace = {.mode = model::Grace::Mode::kTimed, .time_us = 7};
  EXPECT_EQ(SettleStop(policy, {}, true).grace_us, 7);
  EXPECT_EQ(SettleStop(policy, {}, false).grace_us, 7);
  policy.grace.mode = model::Grace::Mode::kOff;
  EXPECT_EQ(SettleStop(policy, {}, true).grace_us, std::nullopt);
}

TEST(SettleStop, TakesOverTheRest) {
  model::StopPolicy policy;
  policy.drain_us = 3;
  policy.timeout_us = 4;
  policy.force_on_second = true;
  policy.drain_command = {"drain"};
  model::ExitPolicy exit;
  exit.wait_for = model::WaitFor::kAll;
  const StopSettings settings = SettleStop(policy, exit, false);
  EXPECT_EQ(settings.drain_us, 3);
  EXPECT_EQ(settings.timeout_us, 4);
  EXPECT_TRUE(settings.force_on_second);
  EXPECT_TRUE(settings.drain_command);
  EXPECT_TRUE(settings.wait_for_all);

  const StopSettings defaults = SettleStop({}, {}, false);
  EXPECT_EQ(defaults.drain_us, 0);
  EXPECT_EQ(defaults.timeout_us, std::nullopt);
  EXPECT_FALSE(defaults.force_on_second);
  EXPECT_FALSE(defaults.drain_command);
  EXPECT_FALSE(defaults.wait_for_all);
}

}  // namespace
}  // namespace reaperd::service
