// Connection: a connected stream to reaperd, as whole messages. One owner; blocks, but no call
// longer than it is told. Connect finds the socket.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "client/answer.h"
#include "sys/socket_path.h"

namespace reaperd::client {

/// A reply of reaperd is 64 KiB at most; one above this is no reply.
inline constexpr std::size_t kMaxReplyBytes = std::size_t{4} << 20;
inline constexpr Micros kAnswerTime_us = 30 * kSecond;

/// What it is when no answer came for so long.
Failure NoAnswerWithin(Micros time_us);

class Connection {
 public:
  explicit Connection(UniqueFd fd) : fd_(std::move(fd)) {}

  /// For poll(2): readable when there is news. What Take() still has is not told by it.
  [[nodiscard]] int fd() const { return fd_.get(); }
  /// The peer's pid as our pid namespace sees it; 0: it is not in it.
  [[nodiscard]] pid_t peer_pid() const;

  /// With the NUL that ends it.
  Answer<Nothing> Send(std::string_view message, Micros time_us = kAnswerTime_us);
  /// The next message without its end. std::nullopt as a time: for ever.
  Answer<std::string> Receive(std::optional<Micros> time_us = kAnswerTime_us);
  /// What has come: a message, or nullopt when it is not complete. Never waits.
  Answer<std::optional<std::string>> Take();

 private:
  std::optional<std::string> TakeBuffered();
  /// EAGAIN as an errno: nothing there.
  std::optional<Failure> ReadSome();

  UniqueFd fd_;
  std::string buffer_;
  std::size_t searched_ = 0;  ///< bytes of buffer_ without an end
};

/// Why nobody could be reached.
struct ConnectFailure {
  struct Attempt {
    std::string path;
    int code = 0;  ///< an errno
    std::string message;
  };
  std::vector<Attempt> attempts;
  bool named = false;  ///< the path was given: no other was looked at
};

using Connected = std::variant<Connection, ConnectFailure>;

/// To `path`, or when it is empty, to the first place of the search that answers.
Connected Connect(const std::string& path, const sys::SocketSearch& search);

}  // namespace reaperd::client
