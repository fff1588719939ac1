#include "daemon/signal_actions.h"

#include <signal.h>

#include <algorithm>
#include <array>

#include "base/enum_names.h"
#include "sys/signals.h"

namespace reaperd::daemon {
namespace {

constexpr EnumNames<SignalAction, 6> kActionTexts{{{
    {SignalAction::kReap, "tells of a death"},
    {SignalAction::kStop, "stops the run"},
    {SignalAction::kForward, "forwarded"},
    {SignalAction::kContinue, "continues main"},
    {SignalAction::kDrop, "dropped"},
    {SignalAction::kUntouched, "not taken"},
}}};

bool Taken(int signal, const model::RunSpec& spec) {
  if (signal == SIGKILL || signal == SIGSTOP) return false;
  const sigset_t set = sys::LoopSignals(spec.signals.forward_faults ? sys::FaultSignals::kTake
                                                                    : sys::FaultSignals::kLeave);
  return sigismember(&set, signal) == 1;
}

}  // namespace

SignalPlan PlanSignal(int signal, const model::RunSpec& spec, bool pid1) {
  if (signal == SIGCHLD) return {SignalAction::kReap, 0};
  if (!Taken(signal, spec)) return {SignalAction::kUntouched, 0};
  const auto number = static_cast<std::size_t>(signal);
  const int sent = spec.signals.swallow[number] ? 0 : spec.signals.rewrite[number];
  const auto& stops = spec.stop.signals;
  if (std::find(stops.begin(), stops.end(), signal) != stops.end()) {
    return {SignalAction::kStop, sent};
  }
  if (sent == 0) return {SignalAction::kDrop, 0};
  if (sent == SIGCONT && signal == SIGCONT && !pid1) return {SignalAction::kContinue, sent};
  return {SignalAction::kForward, sent};
}

const char* Describe(SignalAction action) {
  return kActionTexts.Name(action).data();
}

}  // namespace reaperd::daemon
