#include "base/read_up_to.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>

#include "base/unique_fd.h"
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
  std::array<int, 2> ends{};
  // A read of it gives one message, whatever else is there.
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()), 0);
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  for (const std::string_view part : {"one ", "two ", "three"}) {
    ASSERT_EQ(write(writer.get(), part.data(), part.size()), static_cast<ssize_t>(part.size()));
  }
  writer.reset();
  EXPECT_EQ(ReadUpTo(reader.get(), 100).value(), "one two three");
}

TEST(ReadUpTo, AsksForAllAtOnce) {
  std::array<int, 2> ends{};
  // A read of it that asks for less loses the rest of the message.
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()), 0);
  const UniqueFd reader(ends[0]);
  const UniqueFd writer(ends[1]);
  const std::string message(50'000, 'x');
  ASSERT_EQ(write(writer.get(), message.data(), message.size()),
            static_cast<ssize_t>(message.size()));
  EXPECT_EQ(ReadUpTo(reader.get(), message.size()).value(), message);
}

TEST(ReadUpTo, TellsTheErrorOfRead) {
  const UniqueFd folder(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const auto read = ReadUpTo(folder.get(), 100);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code(), EISDIR);
}

}  // namespace
}  // namespace reaperd
