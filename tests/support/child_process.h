// Real processes for tests: a body run in a child, and children that do one small thing.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "eventually.h"

namespace reaperd::test {

struct ChildOptions {
  Micros timeout_us = 90 * kSecond;  ///< for a sanitizer on a busy machine
  /// In a new pid namespace as its PID 1, with a /proc of its own. Needs root: see CanBePid1.
  bool pid1 = false;
};

/// Whether ChildOptions::pid1 can be had here.
bool CanBePid1();

/// Runs `body` in a forked child that is a subreaper and leads a session of its own. EXPECT_… and
/// ASSERT_… work inside. "" if it ended in time without a failed expectation, else what went wrong.
/// Whatever it left running is killed.
[[nodiscard]] std::string RunInChild(const std::function<void()>& body,
                                     const ChildOptions& options = {});

/// RunInChild, expected to end well.
void ExpectInChild(const std::function<void()>& body, const ChildOptions& options = {});

/// Forks a child that runs `body` and exits with what it returns. Signals are as ours.
pid_t Fork(const std::function<int()>& body);

/// A child that waits for a signal.
pid_t ForkSleeper();

/// A child of ours that dies by KILL and is reaped when the scope ends.
class ScopedChild {
 public:
  explicit ScopedChild(pid_t pid) : pid_(pid) {}
  ScopedChild(const ScopedChild&) = delete;
  ScopedChild& operator=(const ScopedChild&) = delete;
  ~ScopedChild();
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
};

/// The wait status of child `pid`, waiting for its end. -1 when it does not end or is not ours.
int WaitStatus(pid_t pid, Micros timeout_us = 10 * kSecond);

/// The state letter of /proc/<pid>/stat, '\0' when there is no such process.
char StateOf(pid_t pid);

/// Reads until end of file, with a deadline.
std::string ReadAll(int fd, Micros timeout_us = 10 * kSecond);

struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;
};
/// Close-on-exec both.
Pipe MakePipe();

}  // namespace reaperd::test
