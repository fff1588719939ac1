// PaceWatch: keeps books of what a reap::Plan spends on looking for nothing, from the outside, and
// says when it sweeps too early or rests too long for it.
//
// Whether a look belongs to the scan under way or to a hint that came meanwhile cannot always be
// told from the outside. So each scan has two bills: `least` counts only what is surely the scan's,
// `most` all that may be. A sweep before the pause that `least` asks for is too early, a rest
// beyond the pause that `most` asks for is too long.
#pragma once

#include <vector>

#include "base/clock.h"
#include "reap/plan.h"

namespace reaperd::test {

class PaceWatch {
 public:
  explicit PaceWatch(const reap::PlanLimits& limits) : limits_(limits) {}
  void set_limits(const reap::PlanLimits& limits) { limits_ = limits; }

  void OnHint(pid_t pid) { hinted_.push_back(pid); }
  void OnSweepWanted() { not_before_us_ = 0; }
  /// Before each action, rests too. `holding`: something is held or might be. What is wrong with
  /// the action, or nullptr.
  const char* OnNext(const reap::Action& action, bool holding, Micros now_us);
  void OnWaited(const reap::Action& action, const model::WaitOutcome& outcome, Micros cost_us,
                Micros now_us);
  void OnListed(const reap::Action& action, bool more, Micros cost_us);
  void OnReload();
  void OnListFailed(bool given_up, Micros now_us);

  /// Spent on walks, and on scans, that must be paid for by a pause.
  [[nodiscard]] Micros wasted_walking_us() const { return wasted_walking_us_; }
  [[nodiscard]] Micros wasted_scanning_us() const { return wasted_scanning_us_; }
  /// Scans during whose listing something was reaped, so that they may miss one.
  [[nodiscard]] std::uint64_t disturbances() const { return disturbances_; }

 private:
  struct Bill {
    Micros cost_us = 0;
    Micros found = 0;
    int barren = 0;  ///< looks in a row that found nothing
  };

  struct Scan {
    bool active = false;
    bool listing = false;
    bool disturbed = false;
    bool perhaps_over = false;  ///< a walk came that may have been the next sweep
    Bill least;
    Bill most;
  };

  void Count(Bill& bill, bool found, Micros cost_us);
  void OnWalked(const model::WaitOutcome& outcome, Micros cost_us, Micros now_us);
  void EndScan(Micros now_us);
  /// False if the pause is too short to be kept.
  bool Owe(Micros least_us, Micros most_us, Micros now_us);
  [[nodiscard]] const char* CheckSweep(const reap::Action& action, Micros now_us);

  reap::PlanLimits limits_;
  std::vector<pid_t> hinted_;  ///< since the plan rested last
  Scan scan_;
  bool holding_ = false;
  bool walked_ = false;  ///< P_ALL found something: a scan may follow in its place
  Micros not_before_us_ = 0;
  Micros rest_until_us_ = 0;
  Micros wasted_walking_us_ = 0;
  Micros wasted_scanning_us_ = 0;
  std::uint64_t disturbances_ = 0;
  reap::BelievedCost walk_;
};

}  // namespace reaperd::test
