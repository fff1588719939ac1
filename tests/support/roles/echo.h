// The loop of a process that tells each signal it gets; shared by `echo` and `family`.
#pragma once

#include <csignal>
#include <map>

namespace reaperd::roles {

struct EchoPlan {
  std::map<int, int> exit_codes;  // signal → exit status
  sigset_t left_alone{};          // signals with their default action
  bool tell_size = false;         // after WINCH, the size of the terminal
};

// Blocks all signals but those left alone; call it before anything that others wait for.
void BlockForEcho(const EchoPlan& plan);
// Says each signal as `signal NAME from=PID uid=UID at=NANOSECONDS` (monotonic) until one is in
// `exit_codes`. Children that ended are reaped in silence.
[[noreturn]] void EchoUntilDone(const EchoPlan& plan);

}  // namespace reaperd::roles
