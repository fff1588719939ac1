#include "service/stop_sequence.h"

#include <signal.h>

#include <algorithm>

namespace reaperd::service {
namespace {

constexpr Micros kDefaultGrace_us = 5 * kSecond;
/// After the first forward, unless a stop time-out says otherwise: 2 s before a runtime's KILL.
constexpr Micros kStopBudget_us = 8 * kSecond;
/// What the rest is given at least when main used up the budget.
constexpr Micros kLeastGrace_us = kSecond;
/// From KILL to giving up on those that do not go (uninterruptible sleep).
constexpr Micros kAfterKill_us = kSecond;

using Kind = StopAction::Kind;

}  // namespace

StopSettings SettleStop(const model::StopPolicy& stop, const model::ExitPolicy& exit, bool pid1) {
  StopSettings settings;
  settings.drain_us = stop.drain_us;
  settings.drain_command = !stop.drain_command.empty();
  settings.timeout_us = stop.timeout_us;
  settings.force_on_second = stop.force_on_second;
  settings.wait_for_all = exit.wait_for == model::WaitFor::kAll;
  using Mode = model::Grace::Mode;
  if (stop.grace.mode == Mode::kTimed) settings.grace_us = stop.grace.time_us;
  if (stop.grace.mode == Mode::kDefault && pid1) settings.grace_us = kDefaultGrace_us;
  return settings;
}

StopActions StopSequence::OnStopSignal(int signal, Micros now_us) {
  const bool second = stop_requested_;
  stop_requested_ = true;
  if (second && settings_.force_on_second && phase_ != Phase::kKilled && phase_ != Phase::kDone) {
    return Kill(now_us);
  }
  switch (phase_) {
    case Phase::kRunning:
      if (!main_ended_ && (settings_.drain_us > 0 || settings_.drain_command)) {
        phase_ = Phase::kDraining;
        stop_signal_ = signal;
        if (settings_.drain_us > 0) deadline_us_ = now_us + settings_.drain_us;
        return {{Kind::kStartDrain, 0}};
      }
      return Forward(signal, now_us);
    case Phase::kDraining:
      // One that forwards nothing ends the drain, too, and the first still gets its turn.
      if (signal != 0) stop_signal_ = signal;
      return EndDrain(now_us);
    case Phase::kStopping:
      return Forward(signal, now_us);
    case Phase::kGrace:
      // They have been asked already; but from now on somebody is waiting for our end.
      if (!first_forward_us_) {
        first_forward_us_ = now_us;
        deadline_us_ = std::min(*deadline_us_, GraceEnd());
      }
      return {};
    case Phase::kKilled:
    case Phase::kDone:
      return {};
  }
  return {};
}

void StopSequence::BeginStopping(Micros now_us) {
  phase_ = Phase::kStopping;
  if (first_forward_us_) return;
  first_forward_us_ = now_us;
  deadline_us_.reset();
  if (settings_.timeout_us) deadline_us_ = now_us + *settings_.timeout_us;
}

StopActions StopSequence::Forward(int signal, Micros now_us) {
  BeginStopping(now_us);
  if (signal != 0) stop_signal_ = signal;
  if (main_ended_) {
    // --wait-for all: main is gone, the others are asked to go, too.
    if (settings_.grace_us) return EnterGrace(now_us);
    return signal == 0 ? StopActions{} : StopActions{{Kind::kForwardAll, signal}};
  }
  return signal == 0 ? StopActions{} : StopActions{{Kind::kForward, signal}};
}

StopActions StopSequence::EndDrain(Micros now_us) {
  StopActions actions{{Kind::kEndDrain, 0}};
  const StopActions forward = Forward(stop_signal_, now_us);
  actions.insert(actions.end(), forward.begin(), forward.end());
  return actions;
}

StopActions StopSequence::OnDrainCommandEnded(Micros now_us) {
  if (phase_ != Phase::kDraining) return {};
  return Forward(stop_signal_, now_us);
}

StopActions StopSequence::OnMainEnded(bool children_left, Micros now_us) {
  if (main_ended_ || phase_ == Phase::kDone) return {};
  StopActions actions;
  // Whom the drain command was to spare is gone.
  if (phase_ == Phase::kDraining) actions.push_back({Kind::kEndDrain, 0});
  const StopActions others = GoOnWithoutMain(children_left, now_us);
  actions.insert(actions.end(), others.begin(), others.end());
  return actions;
}

StopActions StopSequence::GoOnWithoutMain(bool children_left, Micros now_us) {
  main_ended_ = true;
  main_ended_us_ = now_us;
  if (!children_left) return Finish();
  if (phase_ == Phase::kKilled) {
    deadline_us_ = now_us + kAfterKill_us;
    return {};
  }
  if (settings_.wait_for_all && !stop_requested_) return {};
  // If main ended while draining, the others are the first to be asked, and the time runs from now.
  if (stop_requested_) BeginStopping(now_us);
  if (settings_.wait_for_all && !settings_.grace_us) {
    // Nobody is to be forced before the stop time-out: they get the signal that main got.
    return {{Kind::kForwardAll, stop_signal_ != 0 ? stop_signal_ : SIGTERM}};
  }
  return EnterGrace(now_us);
}

Micros StopSequence::GraceEnd() const {
  const Micros grace_end = main_ended_us_ + settings_.grace_us.value_or(0);
  if (!first_forward_us_) return grace_end;
  const Micros budget_end = *first_forward_us_ + settings_.timeout_us.value_or(kStopBudget_us);
  return std::min(grace_end, std::max(budget_end, main_ended_us_ + kLeastGrace_us));
}

StopActions StopSequence::EnterGrace(Micros now_us) {
  if (!settings_.grace_us) return Finish();
  if (*settings_.grace_us == 0) return Kill(now_us);
  phase_ = Phase::kGrace;
  // Under --wait-for all main may have ended long ago: the grace of the others begins now.
  main_ended_us_ = now_us;
  deadline_us_ = GraceEnd();
  return {{Kind::kTerminateAll, 0}};
}

StopActions StopSequence::Kill(Micros now_us) {
  StopActions actions;
  if (phase_ == Phase::kDraining) actions.push_back({Kind::kEndDrain, 0});
  phase_ = Phase::kKilled;
  deadline_us_.reset();
  // Main's status is worth waiting for: it was killed, so it ends unless the kernel holds it.
  if (main_ended_) deadline_us_ = now_us + kAfterKill_us;
  actions.push_back({Kind::kKillAll, 0});
  return actions;
}

StopActions StopSequence::Finish() {
  phase_ = Phase::kDone;
  deadline_us_.reset();
  return {{Kind::kFinish, 0}};
}

StopActions StopSequence::OnNoChildLeft([[maybe_unused]] Micros now_us) {
  if (!main_ended_ || phase_ == Phase::kDone) return {};
  return Finish();
}

StopActions StopSequence::OnDeadline(Micros now_us) {
  if (!deadline_us_ || now_us < *deadline_us_) return {};
  deadline_us_.reset();
  switch (phase_) {
    case Phase::kDraining:
      return EndDrain(now_us);
    case Phase::kStopping:
    case Phase::kGrace:
      return Kill(now_us);
    case Phase::kKilled:
      gave_up_ = true;
      return Finish();
    case Phase::kRunning:
    case Phase::kDone:
      return {};
  }
  return {};
}

}  // namespace reaperd::service
