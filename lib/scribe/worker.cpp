#include "scribe/worker.h"

#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <span>

#include "base/clock.h"
#include "scribe/process_text.h"

namespace reaperd::scribe {
namespace {

constexpr std::uint64_t kLinesPerReply = 64;
constexpr Micros kLongestSilence_us = 50 * kMillisecond;

class Worker {
 public:
  Worker(int socket, const WorkerSetup& setup)
      : socket_(socket), setup_(setup), writer_(setup.log), replied_us_(clock_.Now()) {}

  int Run();

 private:
  void Do(const AppendRequest& request);
  void Do(const ReadRequest& request);
  [[nodiscard]] bool owes_reply() const { return writer_.counts().handled > acknowledged_; }
  void Acknowledge();
  void Send(const Reply& reply);

  int socket_;
  const WorkerSetup& setup_;
  BootClock clock_;
  LineWriter writer_;
  std::uint64_t acknowledged_ = 0;  ///< lines
  Micros replied_us_;
};

int Worker::Run() {
  // Not cleared: the pages that no message fills are never touched.
  const auto buffer = std::make_unique_for_overwrite<std::byte[]>(kMaxRequestBytes);
  for (;;) {
    // MSG_TRUNC: the length that the message has, also when it is too long.
    const int flags = MSG_TRUNC | (owes_reply() ? MSG_DONTWAIT : 0);
    const ssize_t got = recv(socket_, buffer.get(), kMaxRequestBytes, flags);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) {
      Acknowledge();
      continue;
    }
    if (got <= 0) {
      if (owes_reply()) Acknowledge();
      return 0;
    }
    const auto size = static_cast<std::size_t>(got);
    if (size > kMaxRequestBytes) return 1;
    const auto request = DecodeRequest({buffer.get(), size});
    if (!request) return 1;
    std::visit([this](const auto& what) { Do(what); }, *request);
  }
}

void Worker::Do(const AppendRequest& request) {
  writer_.Write(request.line, request.dropped_before);
  if (writer_.counts().handled - acknowledged_ >= kLinesPerReply ||
      clock_.Now() - replied_us_ >= kLongestSilence_us) {
    Acknowledge();
  }
}

void Worker::Do(const ReadRequest& request) {
  const auto text = ReadProcessText(setup_.proc_root, request);
  ReadReply reply{.id = request.id};
  if (text) {
    using Outcome = ReadReply::Outcome;
    reply.outcome = text->truncated ? Outcome::kTruncated : Outcome::kWhole;
    reply.text = text->bytes;
  }
  Send(reply);
}

void Worker::Acknowledge() {
  acknowledged_ = writer_.counts().handled;
  Send(writer_.counts());
}

void Worker::Send(const Reply& reply) {
  const Packet packet = Encode(reply);
  // Waits while the loop does not read. When it is gone the next recv says so.
  while (send(socket_, packet.data(), packet.size(), MSG_NOSIGNAL) < 0 && errno == EINTR) {
  }
  replied_us_ = clock_.Now();
}

}  // namespace

int RunWorker(int socket, const WorkerSetup& setup) {
  return Worker(socket, setup).Run();
}

}  // namespace reaperd::scribe
