#include "status/client_session.h"

#include <sys/epoll.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

#include "status/call.h"
#include "status/endpoints.h"
#include "status/json_writer.h"
#include "status/refusals.h"
#include "sys/unix_socket.h"

namespace reaperd::status {
namespace {

template <typename... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <typename... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

}  // namespace

std::string ReplyText(std::string_view parameters, bool continues, sys::Terminator end) {
  std::string text;
  text.reserve(parameters.size() + 40);
  text.append(R"({"parameters":)").append(parameters);
  text.append(continues ? R"(,"continues":true})" : "}");
  text += static_cast<char>(end);
  return text;
}

std::string RefusalText(const Refusal& refusal, sys::Terminator end) {
  std::string text = R"({"error":")" + refusal.error + R"(","parameters":)" + refusal.parameters;
  text += '}';
  text += static_cast<char>(end);
  return text;
}

void ClientSession::OnEpoll(std::uint32_t events) {
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) readable_ = true;
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) ends_ = true;
  if ((events & (EPOLLHUP | EPOLLERR)) != 0) hung_up_ = true;
}

ClientSession::Progress ClientSession::Step(Around& around) {
  Flushed flushed = Flush(around.ops);
  bool worked = false;
  if (flushed == Flushed::kAll && !closing_) {
    worked = Work(around);
    if (worked) flushed = Flush(around.ops);
  }
  if (flushed == Flushed::kFailed) return Progress::kGone;
  if (flushed == Flushed::kPart) return Progress::kBlocked;
  if (closing_) return Progress::kGone;
  return worked ? Progress::kMore : Progress::kIdle;
}

bool ClientSession::Work(Around& around) {
  if (stream_ && !stream_waits_ && WorkOnStream()) return true;
  if (!busy()) {
    if (const auto message = input_.Take()) {
      WorkOnMessage(*message, around);
      return true;
    }
    if (input_.too_large()) {
      EndBy(MessageTooLarge(), around.counters);
      return true;
    }
  }
  if (MayRead()) return Read(around.ops, around.counters);
  if (read_end_ && !busy()) {
    WorkOnEnd(around.counters);
    return true;
  }
  return false;
}

bool ClientSession::WorkOnStream() {
  while (output_.size() < kBatchBytes) {
    ReplyStream::Part part = stream_->Next();
    if (part.state == ReplyStream::State::kWaiting) {
      stream_waits_ = true;
      break;
    }
    const bool last = part.state == ReplyStream::State::kLast;
    output_ += ReplyText(part.parameters, !last, end_);
    if (last) {
      stream_.reset();
      break;
    }
  }
  return !output_.empty();
}

void ClientSession::WorkOnMessage(const sys::Message& message, Around& around) {
  end_ = message.end;
  ++around.counters.requests;
  auto call = ParseCall(message.text);
  if (!call) {
    EndBy(BadMessage(call.error().message()), around.counters);
    return;
  }
  oneway_ = call->oneway;
  const std::uint64_t request = ++request_;
  if (!oneway_) awaiting_ = request;
  Answer answer =
      Dispatch(std::move(*call), around.service, caller_, around.promise(caller_.id, request));
  // Else it was answered before the handler came back.
  if (oneway_ || awaiting_ == request) Deliver(std::move(answer), around.counters);
}

void ClientSession::WorkOnEnd(SocketCounters& counters) {
  if (input_.has_part() && !hung_up_) {
    EndBy(BadMessage("the end of the message is missing: a NUL, or a newline"), counters);
  } else {
    closing_ = true;
  }
}

bool ClientSession::MayRead() const {
  // One message may become as long as it is allowed to be; what waits behind it may not.
  return readable_ && !read_end_ && !input_.too_large() &&
         (input_.waiting() == 0 || input_.bytes() < kReadBytes);
}

bool ClientSession::Read(sys::ProcessOps& ops, SocketCounters& counters) {
  std::array<std::byte, kReadBytes> buffer;
  const ssize_t size = ops.Read(fd_.get(), buffer);
  if (size == -EINTR) return true;
  if (size == -EAGAIN) {
    readable_ = false;
    return false;
  }
  if (size <= 0) {
    // A reset: whoever sent it does not read either.
    if (size < 0) hung_up_ = true;
    read_end_ = true;
    return true;
  }
  input_.Append({reinterpret_cast<const char*>(buffer.data()), static_cast<std::size_t>(size)});
  // All that was there: what comes later is a new edge. An end that was told already is not.
  if (static_cast<std::size_t>(size) < buffer.size() && !ends_) readable_ = false;
  if (input_.waiting() > kMaxRequestsInFlight) EndBy(TooManyRequests(), counters);
  return true;
}

void ClientSession::OnLateAnswer(std::uint64_t request, Answer answer, SocketCounters& counters) {
  if (awaiting_ != request) return;
  Deliver(std::move(answer), counters);
}

void ClientSession::Deliver(Answer answer, SocketCounters& counters) {
  if (std::holds_alternative<AnswerLater>(answer)) return;
  awaiting_.reset();
  const bool refused = std::holds_alternative<Refusal>(answer);
  if (refused) ++counters.errors;
  if (oneway_) return;
  std::visit(Overloaded{[&](Reply& reply) {
                          output_ += ReplyText(reply.parameters, false, end_);
                          descriptor_ = std::move(reply.descriptor);
                        },
                        [&](const Refusal& refusal) { output_ += RefusalText(refusal, end_); },
                        [&](std::unique_ptr<ReplyStream>& stream) {
                          stream_ = std::move(stream);
                          stream_waits_ = false;
                        },
                        [](const AnswerLater& /*later*/) {}},
             answer);
}

void ClientSession::EndBy(const Refusal& refusal, SocketCounters& counters) {
  ++counters.bad_messages;
  stream_.reset();
  awaiting_.reset();
  input_.Clear();
  output_ += RefusalText(refusal, end_);
  closing_ = true;
}

void ClientSession::DropReplies() {
  stream_.reset();
  awaiting_.reset();
  std::string().swap(output_);  // an assignment would keep the memory
  sent_ = 0;
  descriptor_.reset();
}

ClientSession::Flushed ClientSession::Flush(sys::ProcessOps& ops) {
  // What it had sent before it went is still done: it may have been meant to (oneway).
  if (hung_up_) DropReplies();
  while (sent_ < output_.size()) {
    const auto rest = std::as_bytes(std::span(output_)).subspan(sent_);
    const ssize_t size = descriptor_ ? sys::SendWithDescriptor(fd_.get(), rest, descriptor_.get())
                                     : ops.Send(fd_.get(), rest);
    if (size == -EINTR) continue;
    if (size == -EAGAIN) return Flushed::kPart;
    if (size == -EPIPE || size == -ECONNRESET) {
      hung_up_ = true;
      DropReplies();
      return Flushed::kAll;
    }
    if (size < 0) return Flushed::kFailed;
    sent_ += static_cast<std::size_t>(size);
    descriptor_.reset();
  }
  std::string().swap(output_);  // an assignment would keep the memory
  sent_ = 0;
  return Flushed::kAll;
}

}  // namespace reaperd::status
