#include "base/unique_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "base/scope_exit.h"

namespace reaperd {
namespace {

int OpenNull() {
  return open("/dev/null", O_RDONLY | O_CLOEXEC);
}
bool IsOpen(int fd) {
  return fcntl(fd, F_GETFD) >= 0;
}

TEST(UniqueFd, IsEmptyAtFirst) {
  const UniqueFd fd;
  EXPECT_EQ(fd.get(), -1);
  EXPECT_FALSE(fd.valid());
  EXPECT_FALSE(fd);
}

TEST(UniqueFd, ClosesAtTheEnd) {
  const int number = OpenNull();
  {
    const UniqueFd fd(number);
    EXPECT_TRUE(fd);
    EXPECT_TRUE(IsOpen(number));
  }
  EXPECT_FALSE(IsOpen(number));
}

TEST(UniqueFd, OwnsDescriptorZero) {
  const UniqueFd saved(dup(STDIN_FILENO));
  const int number = OpenNull();
  ASSERT_EQ(dup2(number, STDIN_FILENO), STDIN_FILENO);
  close(number);
  {
    const UniqueFd fd(STDIN_FILENO);
    EXPECT_TRUE(fd.valid());
  }
  EXPECT_FALSE(IsOpen(STDIN_FILENO));
  if (saved.valid()) dup2(saved.get(), STDIN_FILENO);
}

TEST(UniqueFd, MovesOwnership) {
  const int number = OpenNull();
  UniqueFd first(number);
  UniqueFd second(std::move(first));
  EXPECT_FALSE(first.valid());  // NOLINT(bugprone-use-after-move): that is what is tested
  EXPECT_EQ(second.get(), number);

  const int other = OpenNull();
  UniqueFd third(other);
  third = std::move(second);
  EXPECT_FALSE(IsOpen(other)) << "what it held before is closed";
  EXPECT_EQ(third.get(), number);

  UniqueFd& same = third;
  third = std::move(same);
  EXPECT_EQ(third.get(), number);
  EXPECT_TRUE(IsOpen(number));
}

TEST(UniqueFd, GivesTheDescriptorAwayOpen) {
  const int number = OpenNull();
  {
    UniqueFd fd(number);
    EXPECT_EQ(fd.take(), number);
    EXPECT_FALSE(fd.valid());
  }
  EXPECT_TRUE(IsOpen(number));
  close(number);
}

TEST(UniqueFd, ResetClosesAndReplaces) {
  const int first = OpenNull();
  const int second = OpenNull();
  UniqueFd fd(first);
  fd.reset(second);
  EXPECT_FALSE(IsOpen(first));
  EXPECT_EQ(fd.get(), second);
  fd.reset();
  EXPECT_FALSE(IsOpen(second));
  EXPECT_FALSE(fd.valid());
}

TEST(ScopeExit, RunsOnceUnlessReleased) {
  int runs = 0;
  {
    const ScopeExit guard([&] { ++runs; });
    EXPECT_EQ(runs, 0);
  }
  EXPECT_EQ(runs, 1);
  {
    ScopeExit guard([&] { ++runs; });
    guard.Release();
  }
  EXPECT_EQ(runs, 1);
}

}  // namespace
}  // namespace reaperd
