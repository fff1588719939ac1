// StopSequence: what happens from a stop signal, or from main's end, to ours. Pure: it is told what
// happened and answers what to do; it sets one deadline and sends nothing itself.
//
//   running --stop signal--> draining --drain over--> stopping --time-out--> killed --1 s--> done
//   running, draining, stopping --main ended--> grace --time-out--> killed
//   any --no child left, main ended--> done
//
// What is promised: main's status is not delayed by more than the grace; under a running stop the
// grace ends early enough for the status to get out before a container runtime's KILL (10 s).
#pragma once

#include <optional>
#include <vector>

#include "base/clock.h"
#include "model/event.h"
#include "model/run_spec.h"

namespace reaperd::service {

struct StopSettings {
  Micros drain_us = 0;
  bool drain_command = false;
  std::optional<Micros> timeout_us;  ///< nullopt: never KILL because main takes long
  bool force_on_second = false;
  std::optional<Micros> grace_us;  ///< nullopt: leave what remains
  bool wait_for_all = false;
};

/// The policy with its defaults settled: grace is 5 s as PID 1, else off.
StopSettings SettleStop(const model::StopPolicy& stop, const model::ExitPolicy& exit, bool pid1);

struct StopAction {
  enum class Kind {
    kStartDrain,    ///< run the drain command, if there is one
    kEndDrain,      ///< the drain command, if it still runs, has had its time
    kForward,       ///< send `signal` to the target of forwarded signals
    kForwardAll,    ///< main is gone: send `signal` to all descendants
    kTerminateAll,  ///< TERM then CONT to all descendants
    kKillAll,       ///< KILL to all descendants
    kFinish,        ///< the run is over
  };
  Kind kind = Kind::kFinish;
  int signal = 0;

  bool operator==(const StopAction&) const = default;
};

using StopActions = std::vector<StopAction>;

class StopSequence {
 public:
  using Phase = model::RunPhase;

  explicit StopSequence(const StopSettings& settings) : settings_(settings) {}

  [[nodiscard]] Phase phase() const { return phase_; }
  /// A stop signal was received and the run is not over.
  [[nodiscard]] bool stop_requested() const { return stop_requested_; }
  /// The run was ended although somebody lives that was sent KILL.
  [[nodiscard]] bool gave_up() const { return gave_up_; }
  /// When OnDeadline wants to be called; nullopt: never.
  [[nodiscard]] std::optional<Micros> deadline_us() const { return deadline_us_; }

  /// `signal` is what is to be forwarded: the received one after rewriting. 0 forwards nothing
  /// (dropped by a rewrite, or the terminal has sent it to main already) but stops all the same.
  StopActions OnStopSignal(int signal, Micros now_us);
  StopActions OnDrainCommandEnded(Micros now_us);
  /// `children_left` false: it is known already that nobody else is there.
  StopActions OnMainEnded(bool children_left, Micros now_us);
  StopActions OnNoChildLeft(Micros now_us);
  StopActions OnDeadline(Micros now_us);

 private:
  void BeginStopping(Micros now_us);
  StopActions GoOnWithoutMain(bool children_left, Micros now_us);
  StopActions Forward(int signal, Micros now_us);
  StopActions EndDrain(Micros now_us);
  StopActions EnterGrace(Micros now_us);
  StopActions Kill(Micros now_us);
  StopActions Finish();
  [[nodiscard]] Micros GraceEnd() const;

  StopSettings settings_;
  Phase phase_ = Phase::kRunning;
  std::optional<Micros> deadline_us_;
  bool stop_requested_ = false;
  bool main_ended_ = false;
  bool gave_up_ = false;
  int stop_signal_ = 0;  ///< the last to be forwarded that was one
  std::optional<Micros> first_forward_us_;
  Micros main_ended_us_ = 0;
};

}  // namespace reaperd::service
