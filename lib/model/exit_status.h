// How a process ended, as the kernel tells it (waitid(2)), and what a shell would call it.
#pragma once

#include <string>

namespace reaperd::model {

struct ExitStatus {
  enum class How { kExit, kSignal };

  How how = How::kExit;
  int value = 0;      ///< exit code 0..255, or the signal's number
  bool core = false;  ///< a core was dumped; only with kSignal

  static ExitStatus Exited(int code) { return {How::kExit, code, false}; }
  static ExitStatus Killed(int signal, bool core_dumped = false) {
    return {How::kSignal, signal, core_dumped};
  }

  [[nodiscard]] bool success() const { return how == How::kExit && value == 0; }

  /// The exit code, or 128 + the signal.
  [[nodiscard]] int ShellCode() const { return how == How::kExit ? value : 128 + value; }

  bool operator==(const ExitStatus&) const = default;
};

/// "exit 1", "SIGKILL", "SIGSEGV (core dumped)".
std::string Describe(const ExitStatus& status);

}  // namespace reaperd::model
