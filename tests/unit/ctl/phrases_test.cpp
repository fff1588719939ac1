#include "ctl/phrases.h"

#include <gtest/gtest.h>

namespace reaperd::ctl {
namespace {

constexpr Micros kHour_us = 3600 * kSecond;
constexpr WallMicros kNow = 1795327210000000;  // 2026-11-22T06:00:10Z
constexpr View kRelative{.now = kNow};
constexpr View kAbsolute{.times = Times::kAbsolute, .now = kNow};

TEST(Duration, IsShortAtEverySize) {
  EXPECT_EQ(Duration(-5), "0s");
  EXPECT_EQ(Duration(350 * kMillisecond), "350ms");
  EXPECT_EQ(Duration(125 * kSecond), "2m05s");
  EXPECT_EQ(Duration(47 * kHour_us), "47h00m");
  EXPECT_EQ(Duration(98 * kHour_us), "4d02h");
}

TEST(Times, AreRelativeOrThemselves) {
  EXPECT_EQ(When(kNow - 3 * kSecond, kRelative), "3s ago");
  EXPECT_EQ(When(kNow + kSecond, kRelative), "now");
  EXPECT_EQ(When(kNow, kAbsolute), "2026-11-22T06:00:10.000Z");
  EXPECT_EQ(Until(kNow + 25 * kSecond, kRelative), "in 25s");
  EXPECT_EQ(Until(kNow - 1, kRelative), "now");
  EXPECT_EQ(Since(kNow - 12 * kSecond, kRelative), "12s");
}

TEST(Size, HasThreeDigitsAtMost) {
  EXPECT_EQ(Size(0), "0");
  EXPECT_EQ(Size(1023), "1023");
  EXPECT_EQ(Size(1024), "1.0K");
  EXPECT_EQ(Size(10 * 1024), "10K");
  EXPECT_EQ(Size(46 << 20), "46M");
  EXPECT_EQ(Size(std::int64_t{5} << 40), "5.0T");
}

TEST(CommandText, QuotesWhereWordsWouldRunTogether) {
  using Words = std::vector<std::string>;
  EXPECT_EQ(CommandText(Words{"nginx", "-g", "daemon off;"}, "nginx"), "nginx -g 'daemon off;'");
  EXPECT_EQ(CommandText(Words{"sh", "", "it's"}, std::nullopt), "sh '' 'it'\\''s'");
  EXPECT_EQ(CommandText(std::nullopt, "worker"), "[worker]");
  EXPECT_EQ(CommandText(Words{}, std::nullopt), "?");
}

TEST(EndText, TellsExitAndSignal) {
  EXPECT_EQ(EndText(model::ExitStatus::Exited(3)), "exit 3");
  EXPECT_EQ(EndText(model::ExitStatus::Killed(11, true)), "SIGSEGV (core)");
}

TEST(Table, LeavesOutWhatIsExpendableWhenItIsNarrow) {
  Table table({{.title = "ONE"}, {.title = "TWO", .expendable = 1}, {.title = "THREE"}});
  table.Add({{"a"}, {"bbbbbbbbbb"}, {"cccccccccccccccccccccccccc"}});
  EXPECT_EQ(table.Text({.width = 24}), "ONE  THREE\na    cccccccccccccccccc…\n");
  EXPECT_EQ(table.Text({}),
            "ONE  TWO         THREE\na    bbbbbbbbbb  cccccccccccccccccccccccccc\n");
}

TEST(Table, ColoursDoNotCountAsColumns) {
  Table table({{.title = "A"}, {.title = "B"}});
  table.Add({{"x", Style::kRed}, {"y"}});
  EXPECT_EQ(table.Text({.width = 80, .colors = Colors::kYes}),
            "\033[2mA\033[0m  \033[2mB\033[0m\n\033[31mx\033[0m  y\n");
}

}  // namespace
}  // namespace reaperd::ctl
