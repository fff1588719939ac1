// SignalSource: signals as records, read from a signalfd once a turn.
#pragma once

#include <sys/types.h>

#include <functional>

#include "event/event_loop.h"

namespace reaperd::event {

/// From signalfd_siginfo (signalfd(2)).
struct SignalRecord {
  int signal = 0;
  int code = 0;      ///< SI_USER, SI_KERNEL, CLD_EXITED …
  pid_t sender = 0;  ///< the child, for SIGCHLD; 0: outside our pid namespace
  uid_t uid = 0;
};

class SignalSource {
 public:
  using Handler = std::function<void(const SignalRecord& record)>;

  /// Owns the signalfd. `loop` and `ops` must outlive it.
  static Result<std::unique_ptr<SignalSource>> Create(EventLoop& loop, sys::ProcessOps& ops,
                                                      UniqueFd signal_fd, Handler handler);
  SignalSource(const SignalSource&) = delete;
  SignalSource& operator=(const SignalSource&) = delete;
  ~SignalSource();

  void OnFailure(EventLoop::FailureHandler handler) { on_failure_ = std::move(handler); }

 private:
  SignalSource(EventLoop& loop, sys::ProcessOps& ops, UniqueFd signal_fd, Handler handler);
  After Read(Turn& turn);

  EventLoop& loop_;
  sys::ProcessOps& ops_;
  UniqueFd fd_;
  Handler handler_;
  EventLoop::FailureHandler on_failure_;
  SourceId source_ = 0;
};

}  // namespace reaperd::event
