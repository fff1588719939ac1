// RandomWorld: one seeded life of a subreaper. It draws a regime (how many processes, how fast
// things happen, which of them happen at all, what the kernel offers), lets a PlanHarness live
// through it, and at the end lets the world go quiet in steps: everything that is dead must then be
// found, everything traced be found when the tracer has gone, everything held be reaped when
// released, and the plan must rest for good each time. The same seed gives the same life.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model_kernel/plan_harness.h"
#include "model_kernel/random.h"

namespace reaperd::test {

class RandomWorld {
 public:
  explicit RandomWorld(std::uint64_t seed);

  /// Lives for about `steps` calls and events, then goes quiet. Returns what was violated, or "".
  std::string Live(std::uint64_t steps);

  [[nodiscard]] std::uint64_t steps() const { return harness_.calls() + events_; }
  void set_trace(std::vector<std::string>* trace) { harness_.set_trace(trace); }
  [[nodiscard]] const PlanHarness& harness() const { return harness_; }
  [[nodiscard]] const ModelKernel& kernel() const { return kernel_; }
  [[nodiscard]] std::uint64_t traced_deaths() const { return traced_deaths_; }

 private:
  using Event = void (RandomWorld::*)();

  struct Weighted {
    int weight;
    Event event;
  };

  static ModelKernel DrawKernel(Random random);
  static reap::PlanLimits DrawLimits(Random random);
  void DrawRegime();
  void PopulateBeforeStart();
  reap::Decision Decide(pid_t pid, const model::WaitOutcome& outcome);

  void Step();
  void CatchUp();
  void Happen();
  [[nodiscard]] Nanos DrawGap();

  void ForkOurs();
  void ForkDeeper();
  void ExitAny();
  void ExitParent();
  void ExitTogether();
  void ReapByParent();
  void TraceAny();
  void UntraceAny();
  void ExitLeaderAny();
  void StopAny();
  void ContinueAny();
  void ReleaseAny();
  void StaleHint();
  void WantSweep();
  void SwitchLimits();
  void FailList();
  void Reload();
  void FailWaits();

  /// A process that is alive (or, with `foreign`, the zombie of somebody else); 0 if none was hit.
  pid_t Pick();
  void Exit(pid_t pid);
  bool Quiet(const char* phase);
  void EndAllTraces();
  void ReleaseAll();
  void ExitAll();

  Random random_;
  PlanHarness harness_;
  ModelKernel& kernel_;
  std::vector<Weighted> events_of_;
  int total_weight_ = 0;
  int look_percent_ = 0;  ///< of deaths of which the record wants a look; 0: never changes
  int hold_percent_ = 0;
  bool hold_by_rule_ = false;
  int keep_ = 0;             ///< a new hold releases the oldest beyond so many; 0 is never
  int signal_percent_ = 30;  ///< how often a pending SIGCHLD is read between two calls
  Nanos gap_ns_ = 0;
  Nanos next_event_ns_ = 0;
  std::uint64_t events_ = 0;
  std::uint64_t traced_deaths_ = 0;
  std::string trouble_;
};

}  // namespace reaperd::test
