#include "ctl/output.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace reaperd::ctl {
namespace {

constexpr std::size_t kMuch_bytes = std::size_t{64} << 10;

}  // namespace

void Output::Write(std::string_view text) {
  if (error_ != 0) return;
  waiting_ += text;
  if (waiting_.size() >= kMuch_bytes) Flush();
}

bool Output::Flush() {
  std::string_view left = waiting_;
  while (error_ == 0 && !left.empty()) {
    const ssize_t written = write(fd_, left.data(), left.size());
    if (written >= 0) {
      left.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {  // somebody else made it non-blocking
      pollfd entry{.fd = fd_, .events = POLLOUT, .revents = 0};
      poll(&entry, 1, -1);
    } else if (errno != EINTR) {
      error_ = errno;
    }
  }
  waiting_.clear();
  return error_ == 0;
}

}  // namespace reaperd::ctl
