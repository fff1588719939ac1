// What a signal that reaches reaperd does. One table, shown by --explain. Pure.
#pragma once

#include "model/run_spec.h"

namespace reaperd::daemon {

enum class SignalAction {
  kReap,       ///< SIGCHLD: a hint for the reaper
  kStop,       ///< starts, or hurries, the stop sequence
  kForward,    ///< sent on to the target
  kContinue,   ///< SIGCONT when not PID 1: job control goes on, main with it
  kDrop,       ///< rewritten to none, or swallowed
  kUntouched,  ///< not taken: SIGKILL, SIGSTOP, and (by default) SIGABRT and the fault signals
};

struct SignalPlan {
  SignalAction action = SignalAction::kForward;
  int sent = 0;  ///< kStop, kForward, kContinue: what is sent; 0: nothing
};

SignalPlan PlanSignal(int signal, const model::RunSpec& spec, bool pid1);

/// One line each, for --explain.
const char* Describe(SignalAction action);

}  // namespace reaperd::daemon
