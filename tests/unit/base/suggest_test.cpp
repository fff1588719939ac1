// What "did you mean" proposes.
#include "base/suggest.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace reaperd {
namespace {

TEST(Suggest, FindsTheClosestAndNothingFar) {
  constexpr std::array<std::string_view, 3> kNames{"grace", "drain", "signal-target"};
  EXPECT_EQ(Suggest("grace", kNames), "grace");
  EXPECT_EQ(Suggest("drian", kNames), "drain");
  EXPECT_EQ(Suggest("signal_target", kNames), "signal-target");
  EXPECT_EQ(Suggest("xyz", kNames), "");
  EXPECT_EQ(Suggest("", kNames), "");
  EXPECT_EQ(Suggest("grace", {}), "");
}

TEST(Suggest, LeavesLongTextsAlone) {
  const std::string name(65, 'a');
  const std::array<std::string_view, 1> names{name};
  EXPECT_EQ(Suggest(name, names), "");
}

}  // namespace
}  // namespace reaperd
