// ClientSession: one connection of the status socket. Knows neither the loop nor the other clients:
// it is told what epoll said and then takes one step at a time.
//
// One request after the other, since Varlink wants replies in order: the next message is looked at
// when the one before is answered. A client that does not take its replies is not read from. So its
// memory is bounded without closing it: one message and kReadBytes of input, and of output one
// reply and kBatchBytes. An idle one has no memory but itself.
//
// What cannot be read as a message is answered once, and the connection ends. A client that has shut
// down its side for writing (`socat`, a pipe) still gets its answers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/unique_fd.h"
#include "status/endpoint.h"
#include "status/limits.h"
#include "sys/framing.h"
#include "sys/process_ops.h"

namespace reaperd::status {

class ClientSession {
 public:
  /// What a step needs of the server.
  struct Around {
    sys::ProcessOps& ops;
    const Service& service;
    SocketCounters& counters;
    /// For an answer that comes later to this request of this client.
    std::function<LateAnswer(model::ClientId client, std::uint64_t request)> promise;
  };

  enum class Progress {
    kIdle,     ///< until epoll tells more, or an answer comes
    kBlocked,  ///< until the client reads
    kMore,     ///< there is more to do at once
    kGone,     ///< to be closed
  };

  ClientSession(UniqueFd fd, Caller caller) : fd_(std::move(fd)), caller_(std::move(caller)) {}

  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] const Caller& caller() const { return caller_; }

  void OnEpoll(std::uint32_t events);
  Progress Step(Around& around);

  /// False: the client does not wait for it any more.
  [[nodiscard]] bool Awaits(std::uint64_t request) const { return awaiting_ == request; }
  void OnLateAnswer(std::uint64_t request, Answer answer, SocketCounters& counters);
  /// Its stream had nothing to tell when it was asked.
  [[nodiscard]] bool wants_news() const { return stream_ && stream_waits_; }
  void OnNews() { stream_waits_ = false; }

 private:
  enum class Flushed { kAll, kPart, kFailed };

  Flushed Flush(sys::ProcessOps& ops);
  /// Whether there was anything to do.
  bool Work(Around& around);
  bool WorkOnStream();
  void WorkOnMessage(const sys::Message& message, Around& around);
  void WorkOnEnd(SocketCounters& counters);
  bool Read(sys::ProcessOps& ops, SocketCounters& counters);
  [[nodiscard]] bool MayRead() const;
  [[nodiscard]] bool busy() const { return stream_ || awaiting_; }

  void Deliver(Answer answer, SocketCounters& counters);
  /// Tells why, and ends the connection.
  void EndBy(const Refusal& refusal, SocketCounters& counters);
  void DropReplies();

  UniqueFd fd_;
  Caller caller_;
  sys::MessageBuffer input_{sys::kMaxMessageBytes, kMaxRequestsInFlight + 1};
  std::string output_;
  std::size_t sent_ = 0;  ///< of output_
  UniqueFd descriptor_;   ///< goes with the next byte
  std::unique_ptr<ReplyStream> stream_;
  std::uint64_t request_ = 0;                    ///< number of the current one
  std::optional<std::uint64_t> awaiting_;        ///< the request whose answer comes later
  sys::Terminator end_ = sys::Terminator::kNul;  ///< of the current request, and so of its replies
  bool oneway_ = false;
  bool stream_waits_ = false;
  bool readable_ = true;
  bool ends_ = false;      ///< epoll told of an end, which a read will find
  bool read_end_ = false;  ///< the client has shut down its side
  bool hung_up_ = false;   ///< nobody is there to read a reply
  bool closing_ = false;   ///< when the output is gone
};

/// The texts of a reply, with its end.
std::string ReplyText(std::string_view parameters, bool continues, sys::Terminator end);
std::string RefusalText(const Refusal& refusal, sys::Terminator end);

}  // namespace reaperd::status
