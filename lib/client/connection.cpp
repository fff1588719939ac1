#include "client/connection.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <utility>

#include "base/error.h"
#include "sys/unix_socket.h"

namespace reaperd::client {
namespace {

constexpr std::size_t kReadBytes = std::size_t{64} << 10;
/// As long as a queue of connections may be full.
constexpr Micros kConnectTime_us = 2 * kSecond;
constexpr int kConnectPause_ms = 20;

Failure Lost(int code) {
  const std::string why = code == 0 ? "reaperd closed it" : ErrnoText(code);
  return {.kind = Failure::Kind::kConnection,
          .error = {},
          .message = "the connection is lost: " + why,
          .errno_code = code};
}

class Deadline {
 public:
  explicit Deadline(std::optional<Micros> time_us)
      : at_us_(time_us ? std::optional(AddTime(BootClock().Now(), *time_us)) : std::nullopt) {}

  /// For poll(2); nullopt: it is over.
  [[nodiscard]] std::optional<int> left_ms() const {
    if (!at_us_) return -1;
    const Micros left_us = *at_us_ - BootClock().Now();
    if (left_us <= 0) return std::nullopt;
    constexpr Micros kMost_ms = std::numeric_limits<int>::max();
    return static_cast<int>(std::min(left_us / kMillisecond + 1, kMost_ms));
  }

 private:
  std::optional<Micros> at_us_;
};

/// 0, or an errno: ETIMEDOUT.
int WaitFor(int fd, short events, const Deadline& deadline) {
  for (;;) {
    const auto left_ms = deadline.left_ms();
    if (!left_ms) return ETIMEDOUT;
    pollfd entry{.fd = fd, .events = events, .revents = 0};
    const int ready = poll(&entry, 1, *left_ms);
    if (ready > 0) return 0;
    if (ready < 0 && errno != EINTR) return errno;
  }
}

/// Of a public directory a stranger could have made the one with our name.
Status CheckPlace(const std::string& path, const sys::SocketSearch& search) {
  if (!path.starts_with(search.shm + "/") || path == search.named) return {};
  return sys::CheckSocketDirectory(path.substr(0, path.rfind('/')), search.euid);
}

Result<UniqueFd> ConnectTo(const std::string& path) {
  const Deadline deadline(kConnectTime_us);
  for (;;) {
    auto fd = sys::ConnectUnix(path, sys::Blocking::kNo);
    if (fd || fd.error().code() != EAGAIN || !deadline.left_ms()) return fd;
    poll(nullptr, 0, kConnectPause_ms);
  }
}

}  // namespace

Failure NoAnswerWithin(Micros time_us) {
  return {.kind = Failure::Kind::kConnection,
          .error = {},
          .message = "no answer within " + std::to_string(time_us / kSecond) + " s",
          .errno_code = ETIMEDOUT};
}

pid_t Connection::peer_pid() const {
  ucred peer{};
  socklen_t size = sizeof peer;
  return getsockopt(fd_.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? peer.pid : 0;
}

Answer<Nothing> Connection::Send(std::string_view message, Micros time_us) {
  const Deadline deadline(time_us);
  std::string bytes(message);
  bytes += '\0';
  std::string_view left = bytes;
  while (!left.empty()) {
    const ssize_t sent = send(fd_.get(), left.data(), left.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      left.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      if (const int code = WaitFor(fd_.get(), POLLOUT, deadline); code != 0) {
        return code == ETIMEDOUT ? NoAnswerWithin(time_us) : Lost(code);
      }
    } else if (errno == EPIPE) {
      // It may have said why before it closed.
      return Nothing{};
    } else if (errno != EINTR) {
      return Lost(errno);
    }
  }
  return Nothing{};
}

std::optional<std::string> Connection::TakeBuffered() {
  const std::size_t end = buffer_.find('\0', searched_);
  if (end == std::string::npos) {
    searched_ = buffer_.size();
    return std::nullopt;
  }
  std::string message = buffer_.substr(0, end);
  buffer_.erase(0, end + 1);
  searched_ = 0;
  return message;
}

std::optional<Failure> Connection::ReadSome() {
  std::array<char, kReadBytes> bytes;  // NOLINT(*-member-init): filled by recv
  for (;;) {
    const ssize_t size = recv(fd_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) return Failure{.errno_code = EAGAIN};
    if (size <= 0) return Lost(size < 0 ? errno : 0);
    buffer_.append(bytes.data(), static_cast<std::size_t>(size));
    break;
  }
  if (buffer_.size() > kMaxReplyBytes && buffer_.find('\0', searched_) == std::string::npos) {
    return Failure{.kind = Failure::Kind::kProtocol,
                   .error = {},
                   .message = "a reply that is longer than " + std::to_string(kMaxReplyBytes) +
                              " bytes: this is no reaperd"};
  }
  return std::nullopt;
}

Answer<std::string> Connection::Receive(std::optional<Micros> time_us) {
  const Deadline deadline(time_us);
  for (;;) {
    if (auto message = TakeBuffered()) return std::move(*message);
    const auto problem = ReadSome();
    if (!problem) continue;
    if (problem->errno_code != EAGAIN) return *problem;
    if (const int code = WaitFor(fd_.get(), POLLIN, deadline); code != 0) {
      return code == ETIMEDOUT ? NoAnswerWithin(time_us.value_or(0)) : Lost(code);
    }
  }
}

Answer<std::optional<std::string>> Connection::Take() {
  for (;;) {
    if (auto message = TakeBuffered()) return message;
    const auto problem = ReadSome();
    if (!problem) continue;
    if (problem->errno_code != EAGAIN) return *problem;
    return std::optional<std::string>();
  }
}

Connected Connect(const std::string& path, const sys::SocketSearch& search) {
  ConnectFailure failure{.attempts = {}, .named = !path.empty() || !search.named.empty()};
  const std::vector<std::string> places =
      path.empty() ? sys::SocketCandidates(search) : std::vector{path};
  for (const std::string& place : places) {
    const Status safe = path.empty() ? CheckPlace(place, search) : Status();
    auto fd = safe ? ConnectTo(place) : Result<UniqueFd>(safe.error());
    if (fd) return Connection(std::move(*fd));
    const int code = fd.error().code();
    failure.attempts.push_back(
        {place, code, code != 0 && safe ? ErrnoText(code) : fd.error().message()});
  }
  return failure;
}

}  // namespace reaperd::client
