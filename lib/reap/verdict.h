// Judge: why did it end? Decides the cause of a death, in the order of model::Cause, and says on
// which fact that rests. Pure: all facts are given.
//
// Better unknown than wrong: a cause is named only when a fact shows it. In particular SIGKILL alone
// shows nothing, and a signal came through us only if we sent this one. What cannot be seen: a
// stranger's signal of the same number as ours at the same time; SIGSYS by kill(1) looks like a
// filter's (docs/death-records.md#verdicts).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "model/exit_status.h"
#include "model/sent_signal.h"
#include "model/verdict.h"

namespace reaperd::reap {

/// A step between clone and exec that failed, as the child reported it.
struct ExecFailure {
  std::string step;  ///< what was tried: "exec", "change the user"
  int error = 0;     ///< errno
};

/// What is known of memory running out, at a death by SIGKILL.
struct OomFacts {
  /// What a rise of the counter proves of this death.
  enum class Rise {
    kByCount,   ///< oom-kill if this was the only SIGKILL, else perhaps
    kCertain,   ///< whoever read the counter knows that it counted this one
    kPossible,  ///< or that it may have counted another, or long ago
  };

  std::string cgroup;  ///< whose counter; raw bytes; empty: none was found
  std::string counter = "memory.events oom_kill";  ///< the counter's name, for the evidence
  std::optional<std::uint64_t> before;             ///< at the last reading; nullopt: not readable
  std::optional<std::uint64_t> after;              ///< now
  /// Deaths by SIGKILL in this cgroup since the last reading, this one and those by our own KILL
  /// included: the counter does not say whom it counted.
  std::uint32_t sigkills = 1;
  Rise rise = Rise::kByCount;
  /// The kernel log names this pid as killed for want of memory: what it says. Raw bytes.
  std::optional<std::string> kernel_log;
};

struct VerdictFacts {
  static constexpr std::size_t kEvidenceTextBytes = 160;  ///< of a stranger's text in a sentence

  pid_t pid = 0;
  model::ExitStatus end;
  Micros died_us = 0;  ///< CLOCK_BOOTTIME
  /// The newest signal of ours that may have ended it; one with another number than it died of is
  /// only mentioned (SentSignals::Find, else FindAny).
  std::optional<model::SentSignal> sent;
  std::optional<ExecFailure> exec_failure;
  std::optional<OomFacts> oom;  ///< nullopt: not looked at; taken for SIGKILL only
};

model::Verdict Judge(const VerdictFacts& facts);

}  // namespace reaperd::reap
