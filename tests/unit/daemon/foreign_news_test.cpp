#include "daemon/foreign_news.h"

#include <gtest/gtest.h>

namespace reaperd::daemon {
namespace {

using Step = model::ForeignEvent::Step;

/// How many of `count` are told.
int Told(ForeignNews& news, Step step, int count, Micros now_us) {
  int told = 0;
  for (int i = 0; i < count; ++i)
    told += news.Allow(step, now_us) ? 1 : 0;
  return told;
}

TEST(ForeignNews, TellsAFewOneByOneAndTheRestAsANumber) {
  ForeignNews news;
  EXPECT_EQ(Told(news, Step::kFound, 5000, 1), ForeignNews::kInWindow);
  EXPECT_EQ(Told(news, Step::kGone, 12, 1), ForeignNews::kInWindow);
  EXPECT_EQ(news.TakeRest(), (ForeignNews::Rest{.found = 4990, .gone = 2}));
  EXPECT_TRUE(news.rest().empty());
}

TEST(ForeignNews, ANewWindowTellsAgain) {
  ForeignNews news;
  Told(news, Step::kFound, 100, 1);
  EXPECT_FALSE(news.Allow(Step::kFound, ForeignNews::kWindow_us));
  EXPECT_TRUE(news.Allow(Step::kFound, ForeignNews::kWindow_us + 1));
}

TEST(ForeignNews, WhatIsDoneIsAlwaysTold) {
  ForeignNews news;
  Told(news, Step::kFound, 100, 1);
  for (const Step step :
       {Step::kNudged, Step::kTerminated, Step::kKilled, Step::kExempt, Step::kFailed}) {
    EXPECT_EQ(Told(news, step, 100, 1), 100);
  }
}

}  // namespace
}  // namespace reaperd::daemon
