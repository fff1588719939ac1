#include "base/result.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <string>

namespace reaperd {
namespace {

Result<int> Half(int number) {
  if (number % 2 != 0) return Error(EINVAL, "odd");
  return number / 2;
}

TEST(Result, IsAValueOrAnError) {
  const auto good = Half(8);
  ASSERT_TRUE(good.ok());
  EXPECT_TRUE(good);
  EXPECT_EQ(good.value(), 4);

  const auto bad = Half(7);
  ASSERT_FALSE(bad.ok());
  EXPECT_FALSE(bad);
  EXPECT_EQ(bad.error().code(), EINVAL);
  EXPECT_EQ(bad.error().message(), "odd");
}

TEST(Result, GivesItsValueAway) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(7);
  const std::unique_ptr<int> taken = std::move(result).value();
  EXPECT_EQ(*taken, 7);
  Result<std::unique_ptr<int>> other = std::make_unique<int>(8);
  const std::unique_ptr<int> moved = *std::move(other);
  EXPECT_EQ(*moved, 8);
}

TEST(Result, AccessesMembers) {
  Result<std::string> result = std::string("abc");
  EXPECT_EQ(result->size(), 3U);
  *result += "d";
  EXPECT_EQ(result.value(), "abcd");
}

TEST(ResultDeathTest, ReadingTheWrongSideAborts) {
  EXPECT_DEATH(static_cast<void>(Half(7).value()), "");
  EXPECT_DEATH(static_cast<void>(Half(8).error()), "");
  EXPECT_DEATH(static_cast<void>(Status().error()), "");
}

TEST(Status, IsSuccessUnlessAnErrorWasGiven) {
  const Status good;
  EXPECT_TRUE(good.ok());
  const Status bad = Error(EPERM, "no");
  EXPECT_FALSE(bad);
  EXPECT_EQ(bad.error().code(), EPERM);
}

TEST(Error, ReadsFromTheOutsideIn) {
  const Error error = Error::FromErrno("open", ENOENT).WithContext("cannot read /x");
  EXPECT_EQ(error.code(), ENOENT);
  EXPECT_EQ(error.message(), "cannot read /x: open: No such file or directory");
}

TEST(Error, HasATextForEveryNumber) {
  for (const int code : {0, 1, ENOSYS, 133, 134, 4095, -1}) {
    EXPECT_FALSE(ErrnoText(code).empty()) << code;
  }
}

}  // namespace
}  // namespace reaperd
