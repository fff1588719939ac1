#include "reap/detail.h"

#include <gtest/gtest.h>

#include <limits>

namespace reaperd::reap {
namespace {

using model::Detail;
using model::RecordsMode;

constexpr Micros kNow_us = 1000 * kSecond;
constexpr DetailChoice kWithToken{Detail::kStandard, Detail::kFull};
constexpr DetailChoice kWithout{Detail::kMinimal, Detail::kMinimal};

int TokensAt(DetailBudget& budget, Micros now_us) {
  int tokens = 0;
  while (budget.Take(now_us).MayLook())
    ++tokens;
  return tokens;
}

TEST(DetailBudget, ATrickleIsReadInFull) {
  DetailBudget budget(RecordsMode::kAuto);
  for (int i = 0; i < 10'000; ++i)
    ASSERT_EQ(budget.Take(kNow_us + i * DetailBudget::kRefill_us), kWithToken) << i;
}

TEST(DetailBudget, ABurstGetsSixtyFourAndThenTheLeast) {
  DetailBudget budget(RecordsMode::kAuto);
  EXPECT_EQ(TokensAt(budget, kNow_us), 64);
  EXPECT_EQ(budget.Take(kNow_us), kWithout);
  EXPECT_EQ(TokensAt(budget, kNow_us + 999), 0);
  EXPECT_EQ(TokensAt(budget, kNow_us + 1000), 1) << "one a millisecond";
  EXPECT_EQ(TokensAt(budget, kNow_us + 11'500), 10);
  EXPECT_EQ(TokensAt(budget, kNow_us + 12'000), 1) << "the half one was kept";
  EXPECT_EQ(TokensAt(budget, kNow_us + kSecond), 64) << "never more than the bucket holds";
}

TEST(DetailBudget, TenTimesTheRateGetsATenth) {
  DetailBudget budget(RecordsMode::kAuto);
  int tokens = 0;
  for (Micros at_us = 0; at_us < kSecond; at_us += 100)
    tokens += budget.Take(kNow_us + at_us).MayLook() ? 1 : 0;
  EXPECT_NEAR(tokens, 1000 + 64, 2);
}

TEST(DetailBudget, AClockThatStandsOrGoesBackBringsNothing) {
  DetailBudget budget(RecordsMode::kAuto);
  TokensAt(budget, kNow_us);
  EXPECT_EQ(TokensAt(budget, kNow_us - kSecond), 0);
  EXPECT_EQ(TokensAt(budget, kNow_us), 0);
  EXPECT_EQ(TokensAt(budget, kNow_us + 2000), 2);
}

TEST(DetailBudget, OtherModesHaveNoBudget) {
  struct Row {
    RecordsMode mode;
    Detail always;
  };
  for (const Row& row :
       {Row{RecordsMode::kFull, Detail::kFull}, Row{RecordsMode::kStandard, Detail::kStandard},
        Row{RecordsMode::kMinimal, Detail::kMinimal}, Row{RecordsMode::kOff, Detail::kMinimal}}) {
    DetailBudget budget(row.mode);
    for (int i = 0; i < 1000; ++i) {
      const DetailChoice choice = budget.Take(kNow_us);
      ASSERT_EQ(choice, (DetailChoice{row.always, row.always}));
      ASSERT_EQ(choice.MayLook(), row.always != Detail::kMinimal);
    }
  }
}

TEST(DetailBudget, SurvivesAnExecOfOurselves) {
  DetailBudget budget(RecordsMode::kAuto);
  TokensAt(budget, kNow_us);
  DetailBudget loaded(RecordsMode::kAuto);
  loaded.Load(budget.Save());
  EXPECT_EQ(loaded.Save(), budget.Save());
  EXPECT_EQ(TokensAt(loaded, kNow_us + 3000), 3);
}

TEST(DetailBudget, AWrongStateIsBounded) {
  constexpr Micros kMost = std::numeric_limits<Micros>::max();
  DetailBudget budget(RecordsMode::kAuto);
  budget.Load({.credit_us = kMost, .at_us = -kMost});
  EXPECT_EQ(TokensAt(budget, kNow_us), 64);
  budget.Load({.credit_us = -kMost, .at_us = kNow_us});
  EXPECT_EQ(TokensAt(budget, kNow_us + 1000), 1);
}

TEST(RecordsMode, EveryWordIsItsOwn) {
  for (const auto& row : model::kRecordsModes.rows) {
    EXPECT_EQ(model::kRecordsModes.Parse(row.name), row.value);
    EXPECT_EQ(model::kRecordsModes.Name(row.value), row.name);
  }
}

}  // namespace
}  // namespace reaperd::reap
