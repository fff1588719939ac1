#include "sys/unix_socket.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <optional>
#include <set>
#include <string>

#include "child_process.h"
#include "temp_dir.h"

namespace reaperd::sys {
namespace {

bool Exists(const std::string& path) {
  struct stat info {};
  return lstat(path.c_str(), &info) == 0;
}

mode_t ModeOf(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(lstat(path.c_str(), &info), 0);
  return info.st_mode & 07777;
}

bool HasFlag(int fd, int command, int flag) {
  return (fcntl(fd, command) & flag) != 0;
}

class UnixSocketTest : public ::testing::Test {
 protected:
  ListeningSocket Listen(std::optional<gid_t> group = {}) {
    auto socket = ListenUnix(path_, group);
    EXPECT_TRUE(socket.ok()) << socket.error().message();
    return socket ? std::move(*socket) : ListeningSocket();
  }

  test::TempDir dir_;
  std::string path_ = dir_.Path("s.sock");
};

TEST_F(UnixSocketTest, ListensForTheOwnerAlone) {
  const mode_t before = umask(0);
  const ListeningSocket socket = Listen();
  umask(before);
  EXPECT_EQ(ModeOf(path_), 0600U);
  EXPECT_TRUE(HasFlag(socket.fd(), F_GETFD, FD_CLOEXEC));
  EXPECT_TRUE(HasFlag(socket.fd(), F_GETFL, O_NONBLOCK));
}

TEST_F(UnixSocketTest, ListensForAGroupUnderAnyUmask) {
  const mode_t before = umask(0777);
  const ListeningSocket socket = Listen(getegid());
  umask(before);
  EXPECT_EQ(ModeOf(path_), 0660U);
}

TEST_F(UnixSocketTest, AcceptsWhoConnects) {
  const ListeningSocket socket = Listen();
  EXPECT_EQ(AcceptUnix(socket.fd()), -EAGAIN);
  const auto client = ConnectUnix(path_, Blocking::kYes);
  ASSERT_TRUE(client.ok());
  EXPECT_TRUE(HasFlag(client->get(), F_GETFD, FD_CLOEXEC));
  const UniqueFd accepted(AcceptUnix(socket.fd()));
  ASSERT_TRUE(accepted.valid());
  EXPECT_TRUE(HasFlag(accepted.get(), F_GETFD, FD_CLOEXEC));
  EXPECT_TRUE(HasFlag(accepted.get(), F_GETFL, O_NONBLOCK));
}

TEST_F(UnixSocketTest, ReplacesAStaleSocket) {
  {
    ListeningSocket socket = Listen();
    // As a crash leaves it: the file stays, nobody listens.
    ASSERT_EQ(rename(path_.c_str(), dir_.Path("kept").c_str()), 0);
    socket.Close();
    ASSERT_EQ(rename(dir_.Path("kept").c_str(), path_.c_str()), 0);
  }
  ASSERT_TRUE(Exists(path_));
  ASSERT_EQ(ConnectUnix(path_, Blocking::kNo).error().code(), ECONNREFUSED);
  const ListeningSocket socket = Listen();
  EXPECT_TRUE(ConnectUnix(path_, Blocking::kNo).ok());
}

TEST_F(UnixSocketTest, NeverReplacesALiveOne) {
  const ListeningSocket first = Listen();
  const auto second = ListenUnix(path_);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code(), EADDRINUSE);
  EXPECT_TRUE(ConnectUnix(path_, Blocking::kNo).ok());
}

TEST_F(UnixSocketTest, TakesOneWithAFullQueueForAlive) {
  const ListeningSocket first = Listen();
  ASSERT_EQ(listen(first.fd(), 0), 0);
  std::vector<UniqueFd> waiting;
  for (;;) {
    auto client = ConnectUnix(path_, Blocking::kNo);
    if (!client) {
      ASSERT_EQ(client.error().code(), EAGAIN);
      break;
    }
    waiting.push_back(std::move(*client));
  }
  EXPECT_EQ(ListenUnix(path_).error().code(), EADDRINUSE);
}

TEST_F(UnixSocketTest, NeverReplacesWhatIsNoSocket) {
  dir_.Write("s.sock", "precious");
  EXPECT_EQ(ListenUnix(path_).error().code(), EEXIST);
  EXPECT_EQ(test::ReadFile(path_), "precious");
  ASSERT_EQ(unlink(path_.c_str()), 0);
  ASSERT_EQ(symlink("elsewhere", path_.c_str()), 0);
  EXPECT_EQ(ListenUnix(path_).error().code(), EEXIST);
}

TEST_F(UnixSocketTest, LetsOneOfManyStartersHaveAStalePath) {
  constexpr int kStarters = 8;
  for (int round = 0; round < 20; ++round) {
    {
      ListeningSocket socket = Listen();
      ASSERT_EQ(rename(path_.c_str(), dir_.Path("kept").c_str()), 0);
      socket.Close();
      ASSERT_EQ(rename(dir_.Path("kept").c_str(), path_.c_str()), 0);
    }
    const test::Pipe won = test::MakePipe();
    const test::Pipe go = test::MakePipe();
    const test::Pipe stay = test::MakePipe();
    std::set<pid_t> starters;
    for (int i = 0; i < kStarters; ++i) {
      starters.insert(test::Fork([&] {
        char byte = 0;
        if (read(go.read_end.get(), &byte, 1) != 1) return 1;
        const auto socket = ListenUnix(path_);
        if (!socket) return socket.error().code() == EADDRINUSE ? 0 : 2;
        const pid_t pid = getpid();
        if (write(won.write_end.get(), &pid, sizeof pid) != sizeof pid) return 3;
        return read(stay.read_end.get(), &byte, 1) == 1 ? 0 : 4;
      }));
    }
    ASSERT_EQ(write(go.write_end.get(), "gggggggg", kStarters), kStarters);
    pid_t winner = 0;
    ASSERT_EQ(read(won.read_end.get(), &winner, sizeof winner), ssize_t{sizeof winner});
    ASSERT_EQ(starters.erase(winner), 1U);
    // All others come while the winner listens.
    for (const pid_t pid : starters)
      EXPECT_EQ(test::WaitStatus(pid), 0);
    EXPECT_TRUE(ConnectUnix(path_, Blocking::kNo).ok()) << "the winner was robbed of its path";
    ASSERT_EQ(write(stay.write_end.get(), "s", 1), 1);
    EXPECT_EQ(test::WaitStatus(winner), 0);
  }
  EXPECT_FALSE(Exists(path_ + ".lock"));
}

TEST_F(UnixSocketTest, TakesItsFileAwayInTheEnd) {
  Listen().Close();
  EXPECT_FALSE(Exists(path_));
  EXPECT_FALSE(Exists(path_ + ".lock"));
}

TEST_F(UnixSocketTest, LeavesAFileThatIsAnothersByNow) {
  ListeningSocket first = Listen();
  ASSERT_EQ(unlink(path_.c_str()), 0);
  const ListeningSocket second = Listen();
  first.Close();
  EXPECT_TRUE(ConnectUnix(path_, Blocking::kNo).ok());
}

TEST_F(UnixSocketTest, TellsWhenAPathIsTooLong) {
  const std::string longest =
      dir_.path() + "/" + std::string(kMaxSocketPathBytes - dir_.path().size() - 1, 'x');
  EXPECT_TRUE(ConnectUnix(longest, Blocking::kNo).error().code() == ENOENT);
  const auto refused = ConnectUnix(longest + "x", Blocking::kNo);
  EXPECT_EQ(refused.error().code(), ENAMETOOLONG);
  EXPECT_NE(refused.error().message().find("107"), std::string::npos);
  EXPECT_EQ(ListenUnix(longest + "x").error().code(), ENAMETOOLONG);
  EXPECT_EQ(ListenUnix("").error().code(), EINVAL);
}

TEST_F(UnixSocketTest, TellsWhoConnected) {
  const ListeningSocket socket = Listen();
  const auto client = ConnectUnix(path_, Blocking::kYes);
  const UniqueFd accepted(AcceptUnix(socket.fd()));
  const auto peer = PeerOf(accepted.get());
  ASSERT_TRUE(peer.ok());
  EXPECT_EQ(peer->pid, getpid());
  EXPECT_EQ(peer->uid, geteuid());
  EXPECT_EQ(peer->gid, getegid());
  std::array<gid_t, 256> groups{};
  const int count = getgroups(static_cast<int>(groups.size()), groups.data());
  EXPECT_EQ(std::multiset<gid_t>(peer->groups.begin(), peer->groups.end()),
            std::multiset<gid_t>(groups.begin(), groups.begin() + count));
  EXPECT_EQ(PeerSharesUserNamespace(accepted.get(), peer->pid), true);
}

TEST_F(UnixSocketTest, KnowsNothingOfTheNamespaceOfAPeerThatIsGone) {
  const ListeningSocket socket = Listen();
  const pid_t child = test::Fork([&] { return ConnectUnix(path_, Blocking::kYes).ok() ? 0 : 1; });
  ASSERT_EQ(test::WaitStatus(child), 0);
  const UniqueFd accepted(AcceptUnix(socket.fd()));
  ASSERT_TRUE(accepted.valid());
  EXPECT_EQ(PeerSharesUserNamespace(accepted.get(), child), std::nullopt);
  EXPECT_EQ(PeerSharesUserNamespace(accepted.get(), 0), std::nullopt);
}

TEST_F(UnixSocketTest, TellsAPeerOfAnotherUserNamespace) {
  const ListeningSocket socket = Listen();
  const test::Pipe stay = test::MakePipe();
  const pid_t child = test::Fork([&] {
    if (unshare(CLONE_NEWUSER) != 0) return 7;
    const auto client = ConnectUnix(path_, Blocking::kYes);
    char byte = 0;
    return client.ok() && read(stay.read_end.get(), &byte, 1) == 1 ? 0 : 1;
  });
  UniqueFd accepted;
  const bool came = test::Eventually([&] {
    accepted.reset(AcceptUnix(socket.fd()));
    return accepted.valid() || test::StateOf(child) == 'Z';
  });
  EXPECT_TRUE(came);
  std::optional<bool> shares;
  if (accepted) shares = PeerSharesUserNamespace(accepted.get(), child);
  EXPECT_EQ(write(stay.write_end.get(), "g", 1), 1);
  const int status = test::WaitStatus(child);
  if (status == 7 << 8) GTEST_SKIP() << "no user namespace can be made here";
  EXPECT_EQ(status, 0);
  EXPECT_EQ(shares, false);
}

TEST_F(UnixSocketTest, PassesADescriptorWithTheFirstByte) {
  std::array<int, 2> ends{-1, -1};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  const UniqueFd ours(ends[0]);
  const UniqueFd theirs(ends[1]);
  const UniqueFd passed(open("/dev/null", O_RDONLY | O_CLOEXEC));
  const std::string text = "hello";
  EXPECT_EQ(SendWithDescriptor(ours.get(), std::as_bytes(std::span(text)), passed.get()), 5);
  std::array<char, 8> buffer{};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  iovec part{.iov_base = buffer.data(), .iov_len = buffer.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ASSERT_EQ(recvmsg(theirs.get(), &message, MSG_CMSG_CLOEXEC), 5);
  const cmsghdr* const header = CMSG_FIRSTHDR(&message);
  ASSERT_NE(header, nullptr);
  int number = -1;
  std::memcpy(&number, CMSG_DATA(header), sizeof number);
  const UniqueFd received(number);
  struct stat one {};
  struct stat other {};
  EXPECT_EQ(fstat(passed.get(), &one), 0);
  EXPECT_EQ(fstat(received.get(), &other), 0);
  EXPECT_EQ(one.st_rdev, other.st_rdev);
}

TEST_F(UnixSocketTest, SendsNothingToWhoIsGone) {
  std::array<int, 2> ends{-1, -1};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  const UniqueFd ours(ends[0]);
  UniqueFd(ends[1]).reset();
  const std::string text = "hello";
  EXPECT_EQ(SendWithDescriptor(ours.get(), std::as_bytes(std::span(text)), ours.get()), -EPIPE);
}

TEST(OverflowIds, AreThoseOfTheKernel) {
  const OverflowIds ids = ReadOverflowIds();
  EXPECT_EQ(std::to_string(ids.uid) + "\n", test::ReadFile("/proc/sys/kernel/overflowuid"));
  EXPECT_EQ(std::to_string(ids.gid) + "\n", test::ReadFile("/proc/sys/kernel/overflowgid"));
}

}  // namespace
}  // namespace reaperd::sys
