#include "base/wall_time.h"

#include <gtest/gtest.h>

namespace reaperd {
namespace {

constexpr Micros kMorning_us = 1'795'327'200'000'000;  // 2026-11-22T06:00:00Z

TEST(ParseWallTime, ReadsWhatWallTimeWrites) {
  for (const Micros time_us : {Micros{0}, kMorning_us, kMorning_us + 123 * kMillisecond}) {
    EXPECT_EQ(ParseWallTime(FormatWallTime(time_us)), time_us);
  }
}

TEST(ParseWallTime, ReadsOtherOffsetsAndFractions) {
  EXPECT_EQ(ParseWallTime("2026-11-22T06:00:00Z"), kMorning_us);
  EXPECT_EQ(ParseWallTime("2026-11-22t06:00:00z"), kMorning_us);
  EXPECT_EQ(ParseWallTime("2026-11-22 06:00:00Z"), kMorning_us);
  EXPECT_EQ(ParseWallTime("2026-11-22T08:00:00+02:00"), kMorning_us);
  EXPECT_EQ(ParseWallTime("2026-11-21T23:30:00-06:30"), kMorning_us);
  EXPECT_EQ(ParseWallTime("2026-11-22T06:00:00.5Z"), kMorning_us + 500 * kMillisecond);
  EXPECT_EQ(ParseWallTime("2026-11-22T06:00:00.123456789Z"), kMorning_us + 123'456);
}

TEST(ParseWallTime, RefusesWhatIsNone) {
  for (const char* text :
       {"", "now", "2026-11-22", "2026-11-22T06:00:00", "2026-13-22T06:00:00Z",
        "2026-02-30T06:00:00Z", "2026-11-22T24:00:00Z", "2026-11-22T06:60:00Z",
        "2026-11-22T06:00:61Z", "2026-11-22T06:00:00.Z", "2026-11-22T06:00:00ZZ",
        "2026-11-22T06:00:00+0200", "26-11-22T06:00:00Z", "2026-11-22T06:00:00.1234567890Z",
        "+026-11-22T06:00:00Z", "2026-00-22T06:00:00Z"}) {
    EXPECT_EQ(ParseWallTime(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace reaperd
