// PlanHarness: runs a reap::Plan on a ModelKernel as reap::Reaper runs it on Linux, and watches
// that the plan keeps its promises. What it watches at every step:
//  - a held process is neither looked at nor reaped, and P_ALL is never used beside one;
//  - where a hold could match, nothing is reaped that was not decided, and nothing decided twice;
//  - fruitless looking is followed by its pause, and the pause is no longer than that;
//  - without news, the number of calls is bounded by the number of children;
//  - it rests without a deadline only if every zombie that wait would give is held, and if it was
//    told so when no child is left;
//  - no zombie is slept over for longer than the longest pause.
// The first promise that is broken stays in violation(); nothing is checked after it.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "model_kernel/model_kernel.h"
#include "model_kernel/pace_watch.h"
#include "reap/plan.h"

namespace reaperd::test {

class PlanHarness {
 public:
  /// The hold rules; asked once for each death. May call Release for others (as `keep` does).
  using Decide = std::function<reap::Decision(pid_t pid, const model::WaitOutcome& outcome)>;

  PlanHarness(ModelKernel kernel, const reap::PlanLimits& limits);

  [[nodiscard]] ModelKernel& kernel() { return kernel_; }
  [[nodiscard]] const reap::Plan& plan() const { return plan_; }
  [[nodiscard]] const reap::PlanLimits& limits() const { return limits_; }
  void set_decide(Decide decide) { decide_ = std::move(decide); }
  void set_list_part(std::size_t pids) { list_part_ = pids; }
  /// Writes a line for each call and each piece of news; nullptr is none.
  void set_trace(std::vector<std::string>* trace) { trace_ = trace; }

  // --- news for the plan
  void TakeSignal();
  void Hint(pid_t pid);
  void Release(pid_t pid);
  void WantSweep();
  void SetLimits(const reap::PlanLimits& limits);
  /// What the next record wants; changes from death to death.
  void SetPeekFirst(bool wanted);
  /// Something happened in the kernel that the plan is not told of.
  void NoteEvent() { calls_since_news_ = 0; }

  /// Asks the plan, makes the call it wants, and answers. A rest is returned, not slept.
  reap::Action Act();
  /// Sleeps until `until_us` at the latest, or not at all while a signal is pending.
  void Sleep(Micros until_us);
  /// Acts, reads signals and sleeps through deadlines until the plan rests for good. False if it
  /// has not done so after `max_wake_ups` deadlines.
  bool Settle(int max_wake_ups);

  /// What is being held, in order of the decisions.
  /// As after an exec of ourselves: another plan, of whom the first one saw dead.
  void Reload();
  [[nodiscard]] const std::vector<pid_t>& held() const { return held_; }
  [[nodiscard]] const std::string& violation() const { return violation_; }
  [[nodiscard]] std::uint64_t calls() const { return calls_; }
  [[nodiscard]] std::uint64_t reaped() const { return reaped_; }
  [[nodiscard]] std::uint64_t holds() const { return holds_; }
  [[nodiscard]] std::uint64_t scans() const { return scans_; }
  [[nodiscard]] std::uint64_t list_failures() const { return list_failures_; }
  [[nodiscard]] std::uint64_t lists_tried_again() const { return lists_tried_again_; }
  /// Time spent in calls of the plan.
  [[nodiscard]] Nanos call_time_ns() const { return call_time_ns_; }
  [[nodiscard]] const PaceWatch& pace() const { return pace_; }
  /// The longest time that a zombie of ours waited for its reap or its hold while we slept.
  [[nodiscard]] Micros longest_slept_over_us() const { return longest_slept_over_us_; }

 private:
  /// What is known of the process that has a number now.
  struct Known {
    std::uint64_t serial = 0;
    bool decided = false;
    bool held = false;
    Micros slept_over_us = 0;
    std::uint64_t pauses_before = 0;  ///< faults and disturbed scans so far: each may cost a pause
  };

  void Trace(const std::string& line) const;
  void TraceAnswer(const reap::Action& action, const model::WaitOutcome& outcome) const;
  /// Remembers the first violation.
  void Violate(const std::string& what);
  Known& KnownOf(pid_t pid);
  [[nodiscard]] bool MayHold() const;
  /// The hold rules, or the record, must be asked about each death before its reap.
  [[nodiscard]] bool MustDecide() const;

  void Perform(const reap::Action& action);
  void CheckBefore(const reap::Action& action);
  void CheckReap(const reap::Action& action);
  void CheckRest(const reap::Action& action);
  void CheckSlept(pid_t pid, Micros slept_us);
  void Wait(const reap::Action& action);
  void Decided(const model::WaitOutcome& outcome);
  void List(const reap::Action& action);
  void OnListFailed();
  void TriesListsAgain();
  void Forget(pid_t held);
  void ForgetAll();

  ModelKernel kernel_;
  reap::PlanLimits limits_;
  reap::Plan plan_;
  PaceWatch pace_;
  Decide decide_;
  std::size_t list_part_ = 700;
  std::vector<std::string>* trace_ = nullptr;
  std::vector<Known> known_;  ///< by pid
  std::vector<pid_t> held_;
  std::set<pid_t> to_reap_;  ///< decided or released, and not reaped yet
  std::vector<pid_t> listed_;
  std::uint64_t listed_at_end_ = 0;  ///< so far, or in the whole list
  bool knows_childless_ = false;     ///< the last answer to P_ALL or of a whole list said so
  bool knows_only_held_ = false;     ///< the last whole list did
  std::string violation_;
  std::uint64_t calls_ = 0;
  std::uint64_t calls_since_news_ = 0;
  std::uint64_t most_children_ = 0;
  std::uint64_t reaped_ = 0;
  std::uint64_t holds_ = 0;
  std::uint64_t scans_ = 0;
  std::uint64_t list_failures_ = 0;
  int lists_failed_in_row_ = 0;
  std::optional<Micros> given_up_us_;
  std::uint64_t lists_tried_again_ = 0;
  std::uint64_t faults_ = 0;
  Nanos call_time_ns_ = 0;
  Micros longest_slept_over_us_ = 0;
};

}  // namespace reaperd::test
