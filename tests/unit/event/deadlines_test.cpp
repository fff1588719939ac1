#include "event/deadlines.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

namespace reaperd::event {
namespace {

TEST(Deadlines, HasNoneAtFirst) {
  Deadlines deadlines;
  EXPECT_EQ(deadlines.Next(), std::nullopt);
  EXPECT_EQ(deadlines.TakeDue(1'000'000'000), std::nullopt);
  const DeadlineId id = deadlines.Make();
  EXPECT_FALSE(deadlines.IsSet(id));
  EXPECT_EQ(deadlines.Next(), std::nullopt);
}

TEST(Deadlines, IsDueAtItsInstantAndTakenOnce) {
  Deadlines deadlines;
  const DeadlineId id = deadlines.Make();
  deadlines.Set(id, 100);
  EXPECT_TRUE(deadlines.IsSet(id));
  EXPECT_EQ(deadlines.Next(), 100);
  EXPECT_EQ(deadlines.TakeDue(99), std::nullopt);
  EXPECT_EQ(deadlines.TakeDue(100), id);
  EXPECT_FALSE(deadlines.IsSet(id));
  EXPECT_EQ(deadlines.TakeDue(100), std::nullopt);
}

TEST(Deadlines, IsMovedInBothDirectionsAndCleared) {
  Deadlines deadlines;
  const DeadlineId first = deadlines.Make();
  const DeadlineId second = deadlines.Make();
  deadlines.Set(first, 100);
  deadlines.Set(second, 200);
  deadlines.Set(first, 300);
  EXPECT_EQ(deadlines.Next(), 200);
  deadlines.Set(first, 50);
  EXPECT_EQ(deadlines.Next(), 50);
  deadlines.Clear(first);
  EXPECT_EQ(deadlines.Next(), 200);
  deadlines.Clear(first);
  EXPECT_EQ(deadlines.TakeDue(1000), second);
  EXPECT_EQ(deadlines.TakeDue(1000), std::nullopt);
}

/// The same by a map and a search.
class NaiveDeadlines {
 public:
  void Set(DeadlineId id, Micros at_us) { at_us_[id] = at_us; }
  void Clear(DeadlineId id) { at_us_.erase(id); }
  [[nodiscard]] bool IsSet(DeadlineId id) const { return at_us_.count(id) > 0; }
  [[nodiscard]] std::optional<Micros> Next() const {
    if (at_us_.empty()) return std::nullopt;
    return std::min_element(at_us_.begin(), at_us_.end(),
                            [](const auto& a, const auto& b) { return a.second < b.second; })
        ->second;
  }
  [[nodiscard]] Micros At(DeadlineId id) const { return at_us_.at(id); }

 private:
  std::map<DeadlineId, Micros> at_us_;
};

class RandomDeadlinesTest : public ::testing::TestWithParam<unsigned> {};

TEST_P(RandomDeadlinesTest, AgreesWithANaiveModel) {
  std::mt19937 random(GetParam());
  const auto below = [&](unsigned limit) { return static_cast<int>(random() % limit); };
  Deadlines deadlines;
  NaiveDeadlines naive;
  std::vector<DeadlineId> ids;
  for (int step = 0; step < 20'000; ++step) {
    if (ids.size() < 50 && below(20) == 0) ids.push_back(deadlines.Make());
    if (ids.empty()) continue;
    const DeadlineId id = ids[random() % ids.size()];
    switch (below(4)) {
      case 0:
      case 1: {
        const Micros at_us = below(100);  // few values: many that are equal
        deadlines.Set(id, at_us);
        naive.Set(id, at_us);
        break;
      }
      case 2:
        deadlines.Clear(id);
        naive.Clear(id);
        break;
      default: {
        const Micros now_us = below(120);
        const auto due = deadlines.TakeDue(now_us);
        const bool expected = naive.Next().value_or(now_us + 1) <= now_us;
        ASSERT_EQ(due.has_value(), expected);
        if (!due) break;
        // Of several at the same instant any may come first.
        ASSERT_TRUE(naive.IsSet(*due));
        ASSERT_EQ(naive.At(*due), *naive.Next());
        naive.Clear(*due);
      }
    }
    ASSERT_EQ(deadlines.Next(), naive.Next());
    ASSERT_EQ(deadlines.IsSet(id), naive.IsSet(id));
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomDeadlinesTest, ::testing::Range(1U, 9U));

}  // namespace
}  // namespace reaperd::event
