#include "base/enum_names.h"

#include <gtest/gtest.h>

namespace reaperd {
namespace {

enum class Fruit { kApple, kPear, kPlum, kUnnamed };

constexpr EnumNames<Fruit, 3> kFruits{
    {{{Fruit::kApple, "apple"}, {Fruit::kPear, "pear"}, {Fruit::kPlum, "plum"}}}};
constexpr EnumNames<Fruit, 1> kOne{{{{Fruit::kPlum, "plum"}}}};

static_assert(kFruits.size() == 3);
static_assert(kFruits.Name(Fruit::kPear) == "pear");
static_assert(kFruits.Parse("plum") == Fruit::kPlum);

TEST(EnumNames, GoesBothWays) {
  for (const auto& row : kFruits.rows) {
    EXPECT_EQ(kFruits.Parse(kFruits.Name(row.value)), row.value);
  }
}

TEST(EnumNames, RefusesAllButTheExactName) {
  for (const char* text : {"", "Apple", "apple ", "appl", "?", "apple,pear"}) {
    EXPECT_EQ(kFruits.Parse(text), std::nullopt) << text;
  }
}

TEST(EnumNames, HasAMarkForWhatIsMissing) {
  EXPECT_EQ(kFruits.Name(Fruit::kUnnamed), "?");
}

TEST(EnumNames, ListsTheAlternatives) {
  EXPECT_EQ(kFruits.Alternatives(), "apple, pear or plum");
  EXPECT_EQ(kOne.Alternatives(), "plum");
}

}  // namespace
}  // namespace reaperd
