// ForeignZombies: looks for foreign zombies, tells of them, and takes the steps that
// reap::ForeignPlan decides.
//
// A job of the loop in parts: a look reads all of /proc, about 20 µs a process. It looks when it is
// asked, and every interval if there is one; without an interval it never wakes by itself. Looks by
// interval take at most 1 % of the time, whatever the interval says.
//
// Right before a signal, zombie and parent are read again and compared by start time; the signal
// goes through a pidfd (sys::SignalProcess). Where /proc is not that of our own pid namespace,
// nobody is looked at or signalled.
//
// Owned by the composition root; must live as long as the loop turns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/askers.h"
#include "base/result.h"
#include "event/event_loop.h"
#include "model/counters.h"
#include "reap/foreign_plan.h"
#include "sys/process_ops.h"
#include "sys/process_walk.h"

namespace reaperd::reap {

/// Who is told and who is asked, during the job. Must not block; may call Look and SetSpec.
class ForeignObserver {
 public:
  ForeignObserver() = default;
  ForeignObserver(const ForeignObserver&) = delete;
  ForeignObserver& operator=(const ForeignObserver&) = delete;
  virtual ~ForeignObserver() = default;

  virtual void OnForeign(const model::ForeignEvent& event) = 0;
  /// Against whom no step is ever taken: main, the services' main processes, our helpers. Asked at
  /// each look, and again before each signal.
  [[nodiscard]] virtual std::vector<pid_t> Spared() const = 0;
};

class ForeignZombies {
 public:
  /// The foreign zombies of one look, or why there was none: ENOENT where no /proc shows our pid
  /// namespace, EAGAIN when this asker waits for one already.
  using LookHandler = std::function<void(const Result<model::ForeignList>& zombies)>;

  /// `loop`, `ops` and `observer` must outlive it.
  ForeignZombies(event::EventLoop& loop, sys::ProcessOps& ops, ForeignObserver& observer,
                 ForeignScope scope, std::string proc_root, model::ForeignZombieSpec spec);
  ForeignZombies(const ForeignZombies&) = delete;
  ForeignZombies& operator=(const ForeignZombies&) = delete;

  /// `handler` is told what a look saw that began after this call. With kAct, steps that are due
  /// are taken afterwards, as if the interval were over; a list never leads to a step.
  void Look(LookKind kind, std::uint64_t asker, LookHandler handler);
  /// It is not told any more.
  void Forget(std::uint64_t asker) { askers_.Forget(asker); }

  /// Another interval counts from the last look that could act.
  void SetSpec(model::ForeignZombieSpec spec);

  [[nodiscard]] const model::ForeignCounters& counters() const { return counters_; }
  [[nodiscard]] bool busy() const;

  [[nodiscard]] model::ForeignMemory Save() const { return plan_.Save(); }
  void Load(const model::ForeignMemory& memory) { plan_.Load(memory); }

 private:
  event::After Run(event::Turn& turn);
  bool Advance(event::Turn& turn);
  bool TellEvents(event::Turn& turn);
  bool TakeSteps(event::Turn& turn);
  void BeginLook();
  bool Walk(event::Turn& turn);
  bool Judge(event::Turn& turn);
  void Answer(const Result<model::ForeignList>& zombies);
  [[nodiscard]] StepOutcome Take(const ParentStep& step) const;
  void Tell(const model::ForeignEvent& event);
  void SetDeadline();

  event::EventLoop& loop_;
  sys::ProcessOps& ops_;
  ForeignObserver& observer_;
  ForeignScope scope_;
  std::string proc_root_;
  ForeignPlan plan_;
  model::ForeignCounters counters_;
  event::SourceId job_;
  event::DeadlineId deadline_;

  bool interval_over_ = false;
  Micros last_act_us_;        ///< when the last look began that could act
  Micros not_before_us_ = 0;  ///< of looks by interval
  Micros cost_us_ = 0;        ///< of the look under way
  Askers<LookHandler> askers_;
  bool may_act_ = false;  ///< the next look, since somebody asked for it
  LookKind kind_ = LookKind::kList;
  std::optional<sys::ProcessWalk> walk_;
  bool judging_ = false;  ///< the walk is over, the plan works on what it found
  ForeignSnapshot snapshot_;
  std::vector<sys::ProcStat> part_;  ///< reused: of the walk
  std::vector<ParentStep> steps_;    ///< to be taken, and how many were
  std::size_t steps_taken_ = 0;
  std::vector<model::ForeignEvent> events_;  ///< to be told, and how many were
  std::size_t events_told_ = 0;
};

}  // namespace reaperd::reap
