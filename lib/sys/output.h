// Writing to descriptors that we share with the application, without ever waiting for their reader
// and without setting O_NONBLOCK, which would change them for the application, too.
#pragma once

#include <string_view>

#include "base/unique_fd.h"

namespace reaperd::sys {

enum class WriteOutcome { kWritten, kDropped };

/// One line to a descriptor of any kind.
///
/// Pipes: pwritev2(RWF_NOWAIT). Sockets: MSG_DONTWAIT. Terminals, and pipes of older kernels: a
/// reopened, non-blocking description of the same file. Regular files: write(2), which may wait for
/// the disk. A full pipe, a dead reader or a full disk drops the line; a line is never cut unless
/// the kernel takes a part of it.
class Output {
 public:
  explicit Output(int fd) : fd_(fd) {}

  WriteOutcome Write(std::string_view text);
  /// Of the last text that was dropped: its beginning was written all the same.
  [[nodiscard]] bool cut() const { return cut_; }

 private:
  enum class Kind { kUnknown, kPipe, kPolledPipe, kSocket, kReopened, kPlain };
  void FindKind();
  bool Reopen();

  int fd_;
  Kind kind_ = Kind::kUnknown;
  UniqueFd reopened_;
  bool cut_ = false;
};

}  // namespace reaperd::sys
