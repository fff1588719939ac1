// Error: what went wrong, as a value that gathers context on its way up.
//
// `code` is an errno value, or 0 when the failure has none. The text reads outside in, like
// "cannot open /run/x: No such file or directory". Copyable; owns its text.
#pragma once

#include <string>
#include <string_view>

namespace reaperd {

class Error {
 public:
  Error(int code, std::string message) : code_(code), message_(std::move(message)) {}

  /// "what: strerror(code)".
  static Error FromErrno(std::string_view what, int code);

  [[nodiscard]] int code() const { return code_; }
  [[nodiscard]] const std::string& message() const { return message_; }

  /// The same error with "context: " in front.
  [[nodiscard]] Error WithContext(std::string_view context) const;

 private:
  int code_;
  std::string message_;
};

/// Text of an errno value, in the C locale, never empty.
std::string ErrnoText(int code);

}  // namespace reaperd
