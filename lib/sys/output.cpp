#include "sys/output.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <string>

namespace reaperd::sys {
namespace {

bool Writable(int fd) {
  pollfd poll_fd{.fd = fd, .events = POLLOUT, .revents = 0};
  return poll(&poll_fd, 1, 0) == 1 && (poll_fd.revents & POLLOUT) != 0;
}

}  // namespace

void Output::FindKind() {
  kind_ = Kind::kPlain;
  struct stat info {};
  if (fstat(fd_, &info) < 0) return;
  if (S_ISFIFO(info.st_mode)) {
    kind_ = Kind::kPipe;
  } else if (S_ISSOCK(info.st_mode)) {
    kind_ = Kind::kSocket;
  } else if (S_ISCHR(info.st_mode) && Reopen()) {
    kind_ = Kind::kReopened;
  }
}

bool Output::Reopen() {
  const std::string path = "/proc/self/fd/" + std::to_string(fd_);
  reopened_ = UniqueFd(open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  return reopened_.valid();
}

WriteOutcome Output::Write(std::string_view text) {
  if (kind_ == Kind::kUnknown) FindKind();
  cut_ = false;
  for (;;) {
    const iovec part{const_cast<char*>(text.data()), text.size()};
    ssize_t done = -1;
    if (kind_ == Kind::kPipe) {
      done = pwritev2(fd_, &part, 1, -1, RWF_NOWAIT);
      // Pipes before Linux 6.5 do not know the flag, sandboxes perhaps not the call.
      if (done < 0 && (errno == EOPNOTSUPP || errno == ENOSYS || errno == EPERM)) {
        kind_ = Reopen() ? Kind::kReopened : Kind::kPolledPipe;
        continue;
      }
    } else if (kind_ == Kind::kSocket) {
      done = send(fd_, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    } else {
      // POLLOUT of a pipe promises room for so much and no more.
      if (kind_ == Kind::kPolledPipe && text.size() > PIPE_BUF) return WriteOutcome::kDropped;
      // Always true for a regular file. For a stopped terminal that could not be reopened, and for
      // a full pipe, it says that write would wait.
      if (kind_ != Kind::kReopened && !Writable(fd_)) return WriteOutcome::kDropped;
      done = write(kind_ == Kind::kReopened ? reopened_.get() : fd_, text.data(), text.size());
    }
    if (done < 0 && errno == EINTR) continue;
    if (done == static_cast<ssize_t>(text.size())) return WriteOutcome::kWritten;
    cut_ = done > 0;
    return WriteOutcome::kDropped;
  }
}

}  // namespace reaperd::sys
