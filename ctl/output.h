// Output: text to a descriptor, in one piece or line by line; a failure is kept. One owner.
//
// A reader that went away (EPIPE) is no error to talk about; a full disk is.
#pragma once

#include <string>
#include <string_view>

namespace reaperd::ctl {

class Output {
 public:
  explicit Output(int fd) : fd_(fd) {}

  /// Kept until Flush, or until there is much of it.
  void Write(std::string_view text);
  /// False: nothing can be written any more.
  bool Flush();

  /// 0, or the errno of the first failure.
  [[nodiscard]] int error() const { return error_; }

 private:
  int fd_;
  int error_ = 0;
  std::string waiting_;
};

}  // namespace reaperd::ctl
