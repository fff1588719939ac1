#include "event/turn.h"

#include <gtest/gtest.h>

#include "manual_clock.h"

namespace reaperd::event {
namespace {

int ItemsUntilOver(Turn& turn) {
  int items = 1;
  while (!turn.Over() && items < 1000)
    ++items;
  return items;
}

TEST(Turn, IsNotOverBeforeItsTime) {
  test::ManualClock clock;
  Turn turn(clock);
  for (int item = 0; item < 1000; ++item)
    EXPECT_FALSE(turn.Over());
  clock.Advance(Turn::kBudget_us - 1);
  for (int item = 0; item < 1000; ++item)
    EXPECT_FALSE(turn.Over());
}

TEST(Turn, IsNoticedToBeOverEverySixteenItems) {
  test::ManualClock clock;
  Turn turn(clock);
  clock.Advance(Turn::kBudget_us);
  EXPECT_EQ(ItemsUntilOver(turn), Turn::kItemsPerCheck);
  EXPECT_EQ(ItemsUntilOver(turn), Turn::kItemsPerCheck)
      << "the next handler gets something done, too";
}

TEST(Turn, CountsTheItemsOfAllHandlers) {
  test::ManualClock clock;
  Turn turn(clock);
  for (int item = 0; item < 10; ++item)
    EXPECT_FALSE(turn.Over());
  clock.Advance(10 * Turn::kBudget_us);
  EXPECT_EQ(ItemsUntilOver(turn), Turn::kItemsPerCheck - 10);
}

}  // namespace
}  // namespace reaperd::event
