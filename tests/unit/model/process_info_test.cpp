#include <gtest/gtest.h>

#include "model/process_info.h"

namespace reaperd::model {
namespace {

TEST(OwnerOfWords, IsTheUserOfTheProcessUnlessItWasAnotherOneBefore) {
  Shadow shadow;
  EXPECT_EQ(OwnerOfWords(nullptr, 7), uid_t{7});
  EXPECT_EQ(OwnerOfWords(&shadow, 7), uid_t{7}) << "nobody looked";
  shadow.uid = 7;
  EXPECT_EQ(OwnerOfWords(&shadow, 7), uid_t{7});
  shadow.uid = 0;
  EXPECT_EQ(OwnerOfWords(&shadow, 7), std::nullopt) << "they were root's";
  EXPECT_EQ(OwnerOfWords(&shadow, std::nullopt), std::nullopt);
}

}  // namespace
}  // namespace reaperd::model
