// Verdict: our judgement of why a process ended, with the fact that it rests on. Better "unknown"
// than wrong.
#pragma once

#include <string>

#include "base/enum_names.h"

namespace reaperd::model {

/// In the order in which they are decided.
enum class Cause {
  kForwardedSignal,  ///< died of a signal that came through us
  kStopped,          ///< died of the signal with which we asked it to end
  kEscalated,        ///< died of our KILL, after it did not end when asked
  kWatchdog,         ///< ended by us because it stopped answering
  kOomKill,          ///< the kernel ended it for want of memory
  kPossibleOom,      ///< somebody was ended for want of memory, and this may be who
  kSeccomp,          ///< SIGSYS: a system call that its filter forbids
  kCoreDump,         ///< a signal that left a core
  kUnknownSigkill,   ///< SIGKILL, and nothing tells from whom
  kSignal,           ///< any other signal
  kExecFailed,       ///< a child of ours that could not be executed
  kExitError,        ///< an exit code other than 0
  kSuccess,          ///< exit code 0
};

// TABLE: the words of the causes, in rules, records and documents.
inline constexpr EnumNames<Cause, 13> kCauses{{{
    {Cause::kForwardedSignal, "forwarded-signal"},
    {Cause::kStopped, "stopped"},
    {Cause::kEscalated, "escalated"},
    {Cause::kWatchdog, "watchdog"},
    {Cause::kOomKill, "oom-kill"},
    {Cause::kPossibleOom, "possible-oom"},
    {Cause::kSeccomp, "seccomp"},
    {Cause::kCoreDump, "core-dump"},
    {Cause::kUnknownSigkill, "unknown-sigkill"},
    {Cause::kSignal, "signal"},
    {Cause::kExecFailed, "exec-failed"},
    {Cause::kExitError, "exit-error"},
    {Cause::kSuccess, "success"},
}}};

struct Verdict {
  Cause cause = Cause::kSuccess;
  std::string evidence;  ///< one sentence with the fact seen; printable

  bool operator==(const Verdict&) const = default;

  /// All but a success, a stop that we asked for, and a signal that came through us.
  [[nodiscard]] bool abnormal() const {
    return cause != Cause::kSuccess && cause != Cause::kStopped && cause != Cause::kForwardedSignal;
  }
};

}  // namespace reaperd::model
