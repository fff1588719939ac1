// SentSignal: a signal that we sent, to whom, why, and at whose wish. What a verdict rests on when
// it says that a death came through us.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/clock.h"

namespace reaperd::model {

/// Who is behind a signal that we received, as far as the kernel tells
/// (docs/kernel-facts.md#who-sent-a-signal).
struct SignalSender {
  bool kernel = false;  ///< the terminal, a timer, a fault: no process
  pid_t pid = 0;        ///< 0: outside our pid namespace
  uid_t uid = 0;
  std::string comm;  ///< raw bytes; empty: not known

  bool operator==(const SignalSender&) const = default;
};

struct SentSignal {
  enum class Reach {
    kProcess,  ///< the process `target`
    kGroup,    ///< the members of the process group `target`
    kSession,  ///< the members of the session `target`
    kAll,      ///< all our descendants
  };
  enum class Purpose {
    kForwarded,   ///< we received it, or what was rewritten to it, and passed it on
    kStop,        ///< we asked for an end by it
    kEscalation,  ///< the KILL for those that did not end when asked
    kWatchdog,    ///< for a process that had stopped answering
  };

  Reach reach = Reach::kProcess;
  pid_t target = 0;  ///< unused with kAll
  int signal = 0;
  Purpose purpose = Purpose::kForwarded;
  std::optional<SignalSender> sender;  ///< who wished it; nullopt: our own decision
  Micros sent_us = 0;                  ///< CLOCK_BOOTTIME

  bool operator==(const SentSignal&) const = default;
};

}  // namespace reaperd::model
