#include "base/rate_limit.h"

#include <gtest/gtest.h>

#include "base/clock.h"

namespace reaperd {
namespace {

TEST(RateLimit, LetsABurstThroughAndCountsTheRest) {
  RateLimit limit(2, kSecond);
  EXPECT_EQ(limit.Allow(1), 0U);
  EXPECT_EQ(limit.Allow(2), 0U);
  EXPECT_EQ(limit.Allow(3), std::nullopt);
  EXPECT_EQ(limit.Allow(kSecond), std::nullopt);
  EXPECT_EQ(limit.Allow(kSecond + 1), 2U) << "says how many were held back";
  EXPECT_EQ(limit.Allow(kSecond + 2), 0U);
  EXPECT_EQ(limit.Allow(kSecond + 3), std::nullopt);
}

TEST(RateLimit, StartsAnewAfterALongSilence) {
  RateLimit limit(1, kSecond);
  EXPECT_EQ(limit.Allow(10 * kSecond), 0U);
  EXPECT_EQ(limit.Allow(100 * kSecond), 0U);
  EXPECT_EQ(limit.Allow(100 * kSecond + kSecond - 1), std::nullopt);
  EXPECT_EQ(limit.Allow(101 * kSecond), 1U);
}

TEST(BootClock, NeverGoesBack) {
  const BootClock clock;
  const Micros before = clock.Now();
  EXPECT_GT(before, 0);
  EXPECT_GE(clock.Now(), before);
}

}  // namespace
}  // namespace reaperd
