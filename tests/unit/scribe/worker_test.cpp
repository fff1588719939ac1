// The worker's main loop, run here: its requests lie in the socket before it starts, and their end
// is its end.
#include "scribe/worker.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>
#include <variant>
#include <vector>

#include "base/unique_fd.h"
#include "fake_proc.h"
#include "sys/output_file.h"
#include "temp_dir.h"

namespace reaperd::scribe {
namespace {

using test::ReadFile;

class WorkerTest : public ::testing::Test {
 protected:
  WorkerTest() : log_(sys::OpenLogFile(dir_.Path("log")).value()) {
    int ends[2] = {-1, -1};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    ours_ = UniqueFd(ends[0]);
    theirs_ = UniqueFd(ends[1]);
  }

  void SendRaw(const Packet& packet) {
    ASSERT_EQ(send(ours_.get(), packet.data(), packet.size(), MSG_DONTWAIT | MSG_NOSIGNAL),
              static_cast<ssize_t>(packet.size()));
  }
  void Ask(const Request& request) { SendRaw(Encode(request)); }

  /// Its exit code.
  int Run() {
    EXPECT_EQ(shutdown(ours_.get(), SHUT_WR), 0);
    return RunWorker(theirs_.get(), {.log = {.kind = LogTarget::Kind::kOurs, .fd = log_.fd.get()},
                                     .proc_root = proc_.root()});
  }

  /// The next of its replies; its text lives until the next call.
  std::optional<Reply> Next() {
    packet_.resize(kMaxReplyBytes + 1);
    const ssize_t got = recv(ours_.get(), packet_.data(), packet_.size(), MSG_DONTWAIT);
    if (got <= 0) return std::nullopt;
    packet_.resize(static_cast<std::size_t>(got));
    return DecodeReply(packet_);
  }

  std::vector<Acknowledgement> Acknowledgements() {
    std::vector<Acknowledgement> all;
    while (const auto reply = Next()) {
      if (const auto* done = std::get_if<Acknowledgement>(&*reply)) all.push_back(*done);
    }
    return all;
  }

  test::TempDir dir_;
  test::FakeProc proc_;
  sys::OutputFile log_;
  UniqueFd ours_;
  UniqueFd theirs_;
  Packet packet_;
};

TEST_F(WorkerTest, EndsWithItsSocket) {
  EXPECT_EQ(Run(), 0);
  EXPECT_FALSE(Next());
}

TEST_F(WorkerTest, DoesWhatWasAskedBeforeTheEndInOrder) {
  proc_.Add({.pid = 7, .start_ticks = 100});
  proc_.dir().Write("7/cmdline", std::string("sh\0", 3));
  Ask(AppendRequest{.dropped_before = 2, .line = R"({"a":1})"});
  Ask(ReadRequest{.id = 11, .kind = TextKind::kCmdline, .pid = 7, .start_ticks = 100});
  Ask(ReadRequest{.id = 12, .kind = TextKind::kCmdline, .pid = 7, .start_ticks = 99});
  Ask(AppendRequest{.dropped_before = 0, .line = R"({"a":2})"});
  EXPECT_EQ(Run(), 0);
  EXPECT_EQ(ReadFile(dir_.Path("log")), "{\"dropped\":2,\"a\":1}\n{\"a\":2}\n");
  std::vector<ReadReply::Outcome> outcomes;
  Acknowledgement last;
  while (const auto reply = Next()) {
    if (const auto* done = std::get_if<Acknowledgement>(&*reply)) last = *done;
    if (const auto* read = std::get_if<ReadReply>(&*reply)) {
      EXPECT_EQ(read->id, 11 + outcomes.size());
      if (outcomes.empty()) {
        EXPECT_EQ(read->text, std::string_view("sh\0", 3));
      }
      outcomes.push_back(read->outcome);
    }
  }
  EXPECT_EQ(outcomes, (std::vector{ReadReply::Outcome::kWhole, ReadReply::Outcome::kNotRead}));
  EXPECT_EQ(last.told, 2U);
}

TEST_F(WorkerTest, AcknowledgesManyLinesAtOnce) {
  for (int i = 0; i < 130; ++i)
    Ask(AppendRequest{.line = "{}"});
  EXPECT_EQ(Run(), 0);
  const auto all = Acknowledgements();
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all.back().handled, 130U);
  EXPECT_LT(all.size(), 20U);
}

TEST_F(WorkerTest, TakesTheLongestLine) {
  const std::string line(kMaxLineBytes, 'x');
  const int room = 1 << 20;
  ASSERT_EQ(setsockopt(ours_.get(), SOL_SOCKET, SO_SNDBUF, &room, sizeof room), 0);
  Ask(AppendRequest{.line = line});
  EXPECT_EQ(Run(), 0);
  EXPECT_EQ(ReadFile(dir_.Path("log")), line + "\n");
}

TEST_F(WorkerTest, GivesUpOnWhatIsNoRequest) {
  SendRaw(Packet(5));
  Ask(AppendRequest{.line = "{}"});
  EXPECT_EQ(Run(), 1);
  EXPECT_EQ(ReadFile(dir_.Path("log")), "");
}

TEST_F(WorkerTest, GivesUpOnARequestThatIsTooLong) {
  Packet packet = Encode(Request(AppendRequest{.line = std::string(kMaxLineBytes, 'x')}));
  packet.push_back(std::byte{'x'});
  SendRaw(packet);
  EXPECT_EQ(Run(), 1);
  EXPECT_EQ(ReadFile(dir_.Path("log")), "");
}

}  // namespace
}  // namespace reaperd::scribe
