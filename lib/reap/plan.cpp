#include "reap/plan.h"

#include <algorithm>

namespace reaperd::reap {
namespace {

constexpr std::size_t kMaxHints = 64;

using Kind = model::WaitOutcome::Kind;

}  // namespace

void Plan::SetLimits(const PlanLimits& limits) {
  limits_ = limits;
  sweep_due_ = true;
  if (!limits_.can_list) ReleaseAll();
}

void Plan::OnHint(pid_t pid) {
  sweep_due_ = true;
  if (pid <= 0 || hints_.size() >= kMaxHints || held_.contains(pid)) return;
  // The same death is told by SIGCHLD and by a pidfd.
  if (std::find(hints_.begin(), hints_.end(), pid) == hints_.end()) hints_.push_back(pid);
}

void Plan::OnSweepWanted() {
  sweep_due_ = true;
  sweep_not_before_us_ = 0;
}

void Plan::OnRelease(pid_t pid) {
  if (held_.erase(pid) > 0) to_reap_.push_back(pid);
}

void Plan::ReleaseAll() {
  to_reap_.insert(to_reap_.end(), held_.begin(), held_.end());
  held_.clear();
}

bool Plan::MayHold() const {
  return limits_.can_peek && limits_.can_list && limits_.may_hold;
}

bool Plan::MustPeek() const {
  return MayHold() || (limits_.can_peek && limits_.peek_first);
}

bool Plan::MayWalk() const {
  return held_.empty() && !MayHold();
}

Action Plan::Walk() const {
  // While a reap by pid fails, P_ALL would show the same zombie for ever; it may reap it.
  const bool peek = MustPeek() && to_reap_.empty();
  return {.kind = peek ? Action::Kind::kPeekAny : Action::Kind::kReapAny};
}

bool Plan::WasSeen(pid_t pid) const {
  // to_reap_ is empty here but for those whose reap failed.
  return held_.contains(pid) || std::find(to_reap_.begin(), to_reap_.end(), pid) != to_reap_.end();
}

Action Plan::Look(pid_t pid) const {
  return {.kind = MustPeek() ? Action::Kind::kPeek : Action::Kind::kReap, .pid = pid};
}

Action Plan::Next(Micros now_us) {
  if (MayListAgain(now_us)) {
    limits_.can_list = true;
    list_again_us_.reset();
  }
  Action rest;
  if (!to_reap_.empty()) {
    if (now_us >= retry_not_before_us_) {
      return {.kind = Action::Kind::kReap, .pid = to_reap_.back(), .seen = true};
    }
    rest.until_us = retry_not_before_us_;
  }
  while (!hints_.empty()) {
    if (!WasSeen(hints_.back())) return Look(hints_.back());
    hints_.pop_back();
  }
  if (scan_.stage != Stage::kNone) {
    if (const auto action = NextOfScan(now_us)) return *action;
  }
  if (!sweep_due_) return rest;
  if (now_us < sweep_not_before_us_) {
    rest.until_us = std::min(sweep_not_before_us_, rest.until_us.value_or(sweep_not_before_us_));
    return rest;
  }
  if (MayWalk()) return Walk();
  if (!limits_.can_list) return rest;
  StartScan();
  return {.kind = Action::Kind::kList, .first_part = true};
}

std::optional<Action> Plan::NextOfScan(Micros now_us) {
  if (scan_.stage != Stage::kLooking) {
    return Action{.kind = Action::Kind::kList, .first_part = scan_.stage == Stage::kDue};
  }
  if (scan_.barren >= limits_.barren_waits && MayWalk()) return Walk();
  while (!scan_.pids.empty()) {
    const pid_t pid = scan_.pids.back();
    if (!WasSeen(pid)) return Look(pid);
    scan_.pids.pop_back();
  }
  EndScan(now_us);
  return std::nullopt;
}

void Plan::StartScan() {
  // Whatever signals arrive from here on make a new sweep due: they may tell of a death that this
  // scan has already passed.
  sweep_due_ = false;
  scan_.stage = Stage::kDue;
  scan_.pids.clear();
  scan_.barren = 0;
  scan_.cost_us = 0;
  scan_.found = 0;
}

void Plan::EndScan(Micros now_us) {
  scan_.stage = Stage::kNone;
  const Micros wasted = std::max<Micros>(0, scan_.cost_us - scan_.found * limits_.fair_reap_us);
  const Micros factor = MayWalk() ? limits_.scan_pause_factor : limits_.hold_scan_pause_factor;
  Pause(factor * wasted, now_us);
  dear_walks_ = 0;
}

void Plan::Pause(Micros pause_us, Micros now_us) {
  const Micros pause = pause_us < limits_.pause_min_us ? 0 : pause_us;
  sweep_not_before_us_ =
      std::max(sweep_not_before_us_, now_us + std::min(pause, limits_.pause_max_us));
}

bool Plan::IsOfScan(const Action& action) const {
  const bool hinted = !hints_.empty() && hints_.back() == action.pid;
  return scan_.stage == Stage::kLooking && !action.seen && !hinted && !scan_.pids.empty() &&
         scan_.pids.back() == action.pid;
}

void Plan::PassBy(const Action& action) {
  if (action.seen) {
    std::erase(to_reap_, action.pid);
  } else if (!hints_.empty() && hints_.back() == action.pid) {
    hints_.pop_back();
  } else if (IsOfScan(action)) {
    scan_.pids.pop_back();
  }
}

void Plan::OnWaited(const Action& action, const model::WaitOutcome& outcome, Micros cost_us,
                    Micros now_us) {
  if (action.kind == Action::Kind::kReapAny || action.kind == Action::Kind::kPeekAny) {
    OnWalked(outcome, cost_us, now_us);
    return;
  }
  const bool of_scan = IsOfScan(action);
  if (of_scan) scan_.cost_us += std::min(cost_us, kDearestLook_us);
  if (outcome.kind == Kind::kError) {
    OnError(action, now_us);
    return;
  }
  const bool found = outcome.kind == Kind::kDead || outcome.kind == Kind::kStopped;
  if (of_scan && found) ++scan_.found;
  if (of_scan) scan_.barren = found ? 0 : scan_.barren + 1;
  if (action.kind == Action::Kind::kPeek && outcome.kind == Kind::kDead)
    return;  // OnDecided follows
  // Whether a child is left at all only another look tells. And a list that was being read may lack
  // an entry now (the kernel skips one when one before it goes away).
  if (outcome.kind == Kind::kDead) sweep_due_ = true;
  PassBy(action);
}

void Plan::OnError(const Action& action, Micros now_us) {
  sweep_due_ = true;
  if (!action.seen) {
    Pause(limits_.error_pause_us, now_us);
    // Nothing was learned of this pid: leave it to a later sweep rather than asking without end.
    PassBy(action);
    return;
  }
  // It was counted and decided; that must not happen twice. The others get their turn first, and a
  // sweep is not put off for it: where P_ALL may be used, that may reap what this call could not.
  std::rotate(to_reap_.begin(), std::find(to_reap_.begin(), to_reap_.end(), action.pid),
              to_reap_.end());
  retry_not_before_us_ = now_us + limits_.error_pause_us;
}

void Plan::OnDecided(pid_t pid, Decision decision) {
  PassBy({.kind = Action::Kind::kPeek, .pid = pid});
  if (decision == Decision::kHold && limits_.can_list) {
    held_.insert(pid);
    sweep_due_ = true;  // whether any but held ones are left only another list tells
  } else {
    to_reap_.push_back(pid);
  }
}

void Plan::OnWalked(const model::WaitOutcome& outcome, Micros cost_us, Micros now_us) {
  if (outcome.kind == Kind::kDead) std::erase(to_reap_, outcome.pid);
  switch (outcome.kind) {
    case Kind::kDead:
    case Kind::kStopped:
      scan_.barren = 0;
      ++scan_.found;
      dear_walks_ = cost_us > limits_.walk_limit_us ? dear_walks_ + 1 : 0;
      if (dear_walks_ >= limits_.dear_walks_for_scan && limits_.can_list &&
          scan_.stage == Stage::kNone) {
        StartScan();
      }
      return;
    case Kind::kNothing:
    case Kind::kNoChild:
      // The end of a scan, too, that asked: what it has not looked at yet lives.
      if (scan_.stage != Stage::kNone) EndScan(now_us);
      sweep_due_ = false;
      dear_walks_ = 0;
      if (outcome.kind == Kind::kNothing) {
        Pause(limits_.walk_pause_factor * fruitless_walk_.Of(cost_us), now_us);
      }
      return;
    case Kind::kError:
      if (scan_.stage != Stage::kNone) EndScan(now_us);
      sweep_due_ = true;
      Pause(limits_.error_pause_us, now_us);
      return;
  }
}

void Plan::OnListed(std::span<const pid_t> pids, bool more, Micros cost_us) {
  scan_.pids.insert(scan_.pids.end(), pids.begin(), pids.end());
  scan_.cost_us += cost_us;
  scan_.stage = more ? Stage::kListing : Stage::kLooking;
  if (!more) lists_failed_ = 0;
}

void Plan::OnListFailed(Micros now_us) {
  scan_.stage = Stage::kNone;
  sweep_due_ = true;
  ++lists_failed_;
  if (!MayWalk() && lists_failed_ < limits_.list_tries) {
    Pause(limits_.error_pause_us, now_us);
    return;
  }
  lists_failed_ = 0;
  limits_.can_list = false;
  list_again_us_ = now_us + limits_.list_again_us;
  ReleaseAll();
  sweep_not_before_us_ = now_us;
}

}  // namespace reaperd::reap
