#include "model_kernel/pace_watch.h"

#include <algorithm>

namespace reaperd::test {

using reap::Action;
using Kind = model::WaitOutcome::Kind;

const char* PaceWatch::OnNext(const Action& action, bool holding, Micros now_us) {
  holding_ = holding;
  switch (action.kind) {
    case Action::Kind::kRest:
      if (scan_.active) EndScan(now_us);
      hinted_.clear();
      return action.until_us && *action.until_us > rest_until_us_
                 ? "rests longer than what it spent asks for"
                 : nullptr;
    case Action::Kind::kList:
      if (!action.first_part) return nullptr;
      if (scan_.active) EndScan(now_us);
      return walked_ ? nullptr : CheckSweep(action, now_us);
    case Action::Kind::kPeekAny:
    case Action::Kind::kReapAny:
      return CheckSweep(action, now_us);
    case Action::Kind::kPeek:
    case Action::Kind::kReap:
      break;
  }
  return nullptr;
}

const char* PaceWatch::CheckSweep(const Action& action, Micros now_us) {
  if (action.kind != Action::Kind::kList && scan_.active) {
    // A scan that met only live ones may ask by P_ALL whether any zombie is left.
    const bool looking = !scan_.listing;
    if (looking && scan_.least.barren >= limits_.barren_waits) return nullptr;
    if (looking && scan_.most.barren >= limits_.barren_waits) {
      scan_.perhaps_over = true;
      return nullptr;
    }
    EndScan(now_us);
  }
  return now_us < not_before_us_ ? "swept before its pause was over" : nullptr;
}

void PaceWatch::Count(Bill& bill, bool found, Micros cost_us) {
  bill.cost_us += cost_us;
  bill.found += found ? 1 : 0;
  bill.barren = found ? 0 : bill.barren + 1;
}

void PaceWatch::OnWaited(const Action& action, const model::WaitOutcome& outcome, Micros cost_us,
                         Micros now_us) {
  if (outcome.kind == Kind::kError) {
    Owe(action.seen ? 0 : limits_.error_pause_us, limits_.error_pause_us, now_us);
  }
  if (action.kind == Action::Kind::kReapAny || action.kind == Action::Kind::kPeekAny) {
    OnWalked(outcome, cost_us, now_us);
    return;
  }
  const bool dead = outcome.kind == Kind::kDead;
  if (dead && action.kind == Action::Kind::kReap && scan_.listing) {
    if (!scan_.disturbed) ++disturbances_;
    scan_.disturbed = true;
  }
  if (!scan_.active) return;
  const bool found = dead || outcome.kind == Kind::kStopped;
  const bool hinted = std::find(hinted_.begin(), hinted_.end(), action.pid) != hinted_.end();
  if (!scan_.listing && !action.seen && !hinted) {
    Count(scan_.least, found, std::min(cost_us, reap::kDearestLook_us));
    Count(scan_.most, found, cost_us);
    return;
  }
  scan_.most.cost_us += cost_us;
  if (found) {
    ++scan_.least.found;
    scan_.least.barren = 0;
  } else {
    ++scan_.most.barren;
  }
}

void PaceWatch::OnWalked(const model::WaitOutcome& outcome, Micros cost_us, Micros now_us) {
  walked_ = outcome.kind == Kind::kDead || outcome.kind == Kind::kStopped;
  if (scan_.active && walked_) {
    Count(scan_.least, true, 0);
    if (!scan_.perhaps_over) ++scan_.most.found;
    scan_.most.barren = 0;
  } else if (scan_.active) {
    EndScan(now_us);
  }
  if (outcome.kind != Kind::kNothing) return;
  const Micros pause_us = limits_.walk_pause_factor * walk_.Of(cost_us);
  if (Owe(pause_us, pause_us, now_us)) wasted_walking_us_ += cost_us;
}

void PaceWatch::OnListed(const Action& action, bool more, Micros cost_us) {
  if (action.first_part) scan_ = Scan{.active = true};
  walked_ = false;
  scan_.listing = more;
  scan_.least.cost_us += cost_us;
  scan_.most.cost_us += cost_us;
}

void PaceWatch::OnReload() {
  scan_ = {};
  walked_ = false;
  not_before_us_ = 0;
  walk_ = {};
  hinted_.clear();
}

void PaceWatch::OnListFailed(bool given_up, Micros now_us) {
  scan_ = {};
  if (!given_up) {
    Owe(limits_.error_pause_us, limits_.error_pause_us, now_us);
    return;
  }
  limits_.can_list = false;
  not_before_us_ = 0;
}

void PaceWatch::EndScan(Micros now_us) {
  const Micros factor = holding_ ? limits_.hold_scan_pause_factor : limits_.scan_pause_factor;
  const auto wasted = [&](const Bill& bill) {
    return std::max<Micros>(0, bill.cost_us - bill.found * limits_.fair_reap_us);
  };
  const Micros least_us = scan_.perhaps_over ? 0 : wasted(scan_.least);
  // The plan may also know of a reap that has to be tried again, which counts as holding.
  const Micros most_us = limits_.hold_scan_pause_factor * wasted(scan_.most);
  if (Owe(factor * least_us, most_us, now_us)) wasted_scanning_us_ += least_us;
  scan_ = {};
}

bool PaceWatch::Owe(Micros least_us, Micros most_us, Micros now_us) {
  const auto until = [&](Micros pause_us) {
    return now_us + std::min(pause_us, limits_.pause_max_us);
  };
  if (most_us >= limits_.pause_min_us) rest_until_us_ = std::max(rest_until_us_, until(most_us));
  if (least_us < limits_.pause_min_us) return false;
  not_before_us_ = std::max(not_before_us_, until(least_us));
  return true;
}

}  // namespace reaperd::test
