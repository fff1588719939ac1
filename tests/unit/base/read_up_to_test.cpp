#include "base/read_up_to.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/unique_fd.h"
#include "child_process.h"
#include "temp_dir.h"

namespace reaperd {
namespace {

std::string Read(const std::string& text, std::size_t limit_bytes) {
  const test::TempDir folder;
  const UniqueFd fd(open(folder.Write("file", text).c_str(), O_RDONLY | O_CLOEXEC));
  return ReadUpTo(fd.get(), limit_bytes).value();
}

TEST(ReadUpTo, ReadsToTheEndOrToTheLimit) {
  const std::string text(10'000, 'x');
  for (const std::size_t limit : {0U, 1U, 4095U, 4096U, 4097U, 8192U, 9'999U, 10'000U, 10'001U}) {
    EXPECT_EQ(Read(text, limit), text.substr(0, limit)) << limit;
  }
  EXPECT_EQ(Read("", 100), "");
}

TEST(ReadUpTo, TakesTogetherWhatComesInParts) {
  test::Pipe pipe = test::MakePipe();
  const pid_t writer = test::Fork([&] {
    for (const char* part : {"one ", "two ", "three"}) {
      if (write(pipe.write_end.get(), part, strlen(part)) < 0) return 1;
      usleep(1000);
    }
    return 0;
  });
  pipe.write_end.reset();
  EXPECT_EQ(ReadUpTo(pipe.read_end.get(), 100).value(), "one two three");
  EXPECT_EQ(test::WaitStatus(writer), 0);
}

TEST(ReadUpTo, TellsTheErrorOfRead) {
  const UniqueFd folder(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const auto read = ReadUpTo(folder.get(), 100);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code(), EISDIR);
}

}  // namespace
}  // namespace reaperd
