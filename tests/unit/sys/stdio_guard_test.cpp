#include "sys/stdio_guard.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "child_process.h"
#include "sys/descriptors.h"
#include "temp_dir.h"

namespace reaperd::sys {
namespace {

bool IsOpen(int fd) {
  return fcntl(fd, F_GETFD) >= 0;
}
bool ClosesOnExec(int fd) {
  return (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0;
}

// In the children below 0 to 2 may be closed, so nothing can be told by EXPECT: each returns a bit
// for what went wrong.
int GuardWithout(unsigned closed_mask) {
  for (int fd = 0; fd < 3; ++fd) {
    if ((closed_mask >> fd & 1) != 0) {
      close(fd);
    } else if (!IsOpen(fd) && open("/dev/null", O_RDWR) != fd) {
      return 1;
    }
  }
  const std::array<bool, 3> given = GuardStdio();
  for (int fd = 0; fd < 3; ++fd) {
    const bool was_closed = (closed_mask >> fd & 1) != 0;
    if (given[static_cast<std::size_t>(fd)] == was_closed) return 2;
    if (!IsOpen(fd)) return 3;
    if (ClosesOnExec(fd) != was_closed) return 4;
  }
  const int next = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return next >= 3 ? 0 : 5;
}

TEST(GuardStdio, OccupiesWhatIsClosedAndLeavesTheRest) {
  for (unsigned mask = 0; mask < 8; ++mask) {
    const pid_t pid = test::Fork([mask] { return GuardWithout(mask); });
    EXPECT_EQ(test::WaitStatus(pid), 0) << "closed: " << mask;
  }
}

TEST(GuardStdio, NeedsNoFile) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root for chroot";
  const test::TempDir empty_root;
  const pid_t pid = test::Fork([&] {
    if (chroot(empty_root.path().c_str()) < 0) return 9;
    const int status = GuardWithout(7);
    // A text that lands there by mistake goes nowhere.
    return status != 0 ? status : write(1, "four", 4) < 0 ? 0 : 6;
  });
  EXPECT_EQ(test::WaitStatus(pid), 0);
}

TEST(CloseInheritedDescriptors, ClosesWhatAnExecWouldHaveLeft) {
  const pid_t pid = test::Fork([] {
    const int inherited = open("/dev/null", O_RDONLY);
    const int own = open("/dev/null", O_RDONLY | O_CLOEXEC);
    const int high = fcntl(inherited, F_DUPFD, 200);
    CloseInheritedDescriptors();
    if (IsOpen(inherited) || IsOpen(high)) return 1;
    if (!IsOpen(own)) return 2;
    return IsOpen(0) && IsOpen(1) && IsOpen(2) ? 0 : 3;
  });
  EXPECT_EQ(test::WaitStatus(pid), 0);
}

TEST(CloseInheritedDescriptors, WithoutProcClosesNothing) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root for chroot";
  const test::TempDir empty_root;
  const pid_t pid = test::Fork([&] {
    const int inherited = open("/dev/null", O_RDONLY);
    if (chroot(empty_root.path().c_str()) < 0) return 9;
    CloseInheritedDescriptors();
    return IsOpen(inherited) ? 0 : 1;
  });
  EXPECT_EQ(test::WaitStatus(pid), 0);
}

}  // namespace
}  // namespace reaperd::sys
