#include "model_kernel/plan_harness.h"

#include <algorithm>
#include <array>
#include <utility>

namespace reaperd::test {

using model::WaitOutcome;
using reap::Action;
using reap::Decision;

namespace {

constexpr Nanos kWakeUp = 5000;  // returning from epoll_wait
constexpr std::uint64_t kMaxHintCalls = 200;

}  // namespace

PlanHarness::PlanHarness(ModelKernel kernel, const reap::PlanLimits& limits)
    : kernel_(std::move(kernel)),
      limits_(limits),
      plan_(limits),
      pace_(limits),
      decide_([](pid_t, const WaitOutcome&) { return Decision::kReap; }),
      known_(static_cast<std::size_t>(kernel_.pid_limit())) {}

void PlanHarness::Trace(const std::string& line) const {
  if (trace_ != nullptr) trace_->push_back(std::to_string(kernel_.Now()) + " us: " + line);
}

void PlanHarness::TraceAnswer(const Action& action, const WaitOutcome& outcome) const {
  if (trace_ == nullptr) return;
  static constexpr std::array<const char*, 4> kCalls{"peek ", "reap ", "peek any ", "reap any "};
  static constexpr std::array<const char*, 5> kKinds{"dead ", "stopped ", "nothing ", "no child ",
                                                     "error "};
  Trace(kCalls.at(static_cast<std::size_t>(action.kind)) + std::to_string(action.pid) + ": " +
        kKinds.at(static_cast<std::size_t>(outcome.kind)) + std::to_string(outcome.pid));
}

void PlanHarness::Violate(const std::string& what) {
  if (violation_.empty()) {
    violation_ = what + " (call " + std::to_string(calls_) + ", at " +
                 std::to_string(kernel_.Now()) + " us)";
  }
}

PlanHarness::Known& PlanHarness::KnownOf(pid_t pid) {
  const bool possible = pid > 0 && pid < kernel_.pid_limit();
  Known& known = known_[possible ? static_cast<std::size_t>(pid) : 0];
  const std::uint64_t serial = kernel_.Serial(pid);
  if (known.serial != serial)
    known = Known{.serial = serial, .pauses_before = faults_ + pace_.disturbances()};
  return known;
}

bool PlanHarness::MayHold() const {
  return limits_.can_list && limits_.can_peek && limits_.may_hold;
}

bool PlanHarness::MustDecide() const {
  return MayHold() || (limits_.can_peek && limits_.peek_first);
}

void PlanHarness::SetPeekFirst(bool wanted) {
  limits_.peek_first = wanted;
  plan_.SetPeekFirst(wanted);
}

void PlanHarness::TakeSignal() {
  NoteEvent();
  const auto signal = kernel_.TakeSigchld();
  if (!signal) return;
  if (trace_ != nullptr) Trace("signal names " + std::to_string(signal->pid));
  pace_.OnHint(signal->pid);
  plan_.OnHint(signal->pid);
}

void PlanHarness::Hint(pid_t pid) {
  NoteEvent();
  if (trace_ != nullptr) Trace("hint " + std::to_string(pid));
  pace_.OnHint(pid);
  plan_.OnHint(pid);
}

void PlanHarness::Release(pid_t pid) {
  NoteEvent();
  if (trace_ != nullptr) Trace("release " + std::to_string(pid));
  if (std::find(held_.begin(), held_.end(), pid) != held_.end()) Forget(pid);
  plan_.OnRelease(pid);
}

void PlanHarness::Forget(pid_t held) {
  held_.erase(std::find(held_.begin(), held_.end(), held));
  to_reap_.insert(held);
  KnownOf(held).held = false;
}

void PlanHarness::WantSweep() {
  NoteEvent();
  Trace("sweep wanted");
  pace_.OnSweepWanted();
  plan_.OnSweepWanted();
}

void PlanHarness::Reload() {
  NoteEvent();
  Trace("exec");
  const reap::Plan::State state = plan_.Save();
  plan_ = reap::Plan(limits_);
  plan_.Load(state);
  pace_.OnReload();
  lists_failed_in_row_ = 0;
  given_up_us_.reset();
  knows_childless_ = knows_only_held_ = false;
}

void PlanHarness::ForgetAll() {
  while (!held_.empty())
    Forget(held_.back());
}

void PlanHarness::SetLimits(const reap::PlanLimits& limits) {
  NoteEvent();
  Trace(limits.may_hold ? "limits: may hold" : "limits: no holds");
  limits_ = limits;
  pace_.set_limits(limits);
  if (!limits_.can_list) ForgetAll();
  plan_.SetLimits(limits);
}

Action PlanHarness::Act() {
  const Action action = plan_.Next(kernel_.Now());
  if (plan_.limits().can_list && !limits_.can_list) TriesListsAgain();
  const bool holding = !held_.empty() || MayHold();
  if (const char* wrong = pace_.OnNext(action, holding, kernel_.Now())) Violate(wrong);
  if (action.kind == Action::Kind::kRest) {
    if (trace_ != nullptr) Trace("rest until " + std::to_string(action.until_us.value_or(0)));
    CheckRest(action);
    calls_since_news_ = 0;
    return action;
  }
  ++calls_;
  if (kernel_.child_count() > 0) knows_childless_ = false;
  if (kernel_.child_count() != listed_at_end_) knows_only_held_ = false;
  most_children_ = std::max<std::uint64_t>(most_children_, kernel_.child_count());
  if (++calls_since_news_ > 5 * most_children_ + kMaxHintCalls) Violate("busy without news");
  CheckBefore(action);
  const Nanos begin = kernel_.now_ns();
  Perform(action);
  call_time_ns_ += kernel_.now_ns() - begin;
  return action;
}

void PlanHarness::Perform(const Action& action) {
  if (action.kind == Action::Kind::kList) {
    List(action);
  } else {
    Wait(action);
  }
}

void PlanHarness::CheckBefore(const Action& action) {
  switch (action.kind) {
    case Action::Kind::kPeek:
      if (!limits_.can_peek) Violate("looked without reaping where that is impossible");
      if (KnownOf(action.pid).decided) Violate("looked at again after it was decided");
      return;
    case Action::Kind::kReap:
      CheckReap(action);
      return;
    case Action::Kind::kPeekAny:
      if (!limits_.can_peek) Violate("looked without reaping where that is impossible");
      [[fallthrough]];
    case Action::Kind::kReapAny:
      if (!held_.empty()) Violate("P_ALL beside a held zombie");
      if (MayHold()) Violate("P_ALL where a hold could match");
      if (MustDecide() && action.kind == Action::Kind::kReapAny && to_reap_.empty()) {
        Violate("would reap undecided");
      }
      return;
    case Action::Kind::kList:
    case Action::Kind::kRest:
      return;
  }
}

void PlanHarness::CheckReap(const Action& action) {
  const Known& known = KnownOf(action.pid);
  if (known.held) Violate("would reap what is held");
  if (!kernel_.Waitable(action.pid)) return;
  if (MustDecide() && !known.decided) Violate("would reap undecided");
  if (action.seen != known.decided) Violate("counts a death wrongly");
}

void PlanHarness::CheckRest(const Action& action) {
  if (action.until_us) {
    if (*action.until_us <= kernel_.Now()) Violate("rests until a moment that has passed");
    if (*action.until_us > kernel_.Now() + limits_.pause_max_us) Violate("rests for too long");
    return;
  }
  if (plan_.sweep_due()) Violate("rests for good with a sweep due");
  if (kernel_.sigchld_pending()) return;
  if (kernel_.waitable_count() != held_.size()) Violate("rests for good beside a zombie not held");
  if (plan_.held_count() != held_.size()) Violate("counts the held wrongly");
  if (kernel_.child_count() == 0 && !knows_childless_)
    Violate("has not seen that no child is left");
  if (!held_.empty() && kernel_.child_count() == held_.size() && !knows_only_held_)
    Violate("has not seen that only held ones are left");
}

void PlanHarness::Wait(const Action& action) {
  const Micros begin = kernel_.Now();
  const bool peek = action.kind == Action::Kind::kPeek || action.kind == Action::Kind::kPeekAny;
  const bool any = action.kind == Action::Kind::kReapAny || action.kind == Action::Kind::kPeekAny;
  const WaitOutcome outcome = any ? kernel_.WaitAny(!peek) : kernel_.WaitPid(action.pid, !peek);
  const Micros cost_us = kernel_.Now() - begin;
  TraceAnswer(action, outcome);
  if (any && outcome.kind == WaitOutcome::Kind::kNoChild) knows_childless_ = true;
  pace_.OnWaited(action, outcome, cost_us, kernel_.Now());
  plan_.OnWaited(action, outcome, cost_us, kernel_.Now());
  if (outcome.kind == WaitOutcome::Kind::kError) ++faults_;
  if (outcome.kind != WaitOutcome::Kind::kDead) return;
  if (peek) {
    if (KnownOf(outcome.pid).decided) Violate("looked at again after it was decided");
    Decided(outcome);
  } else {
    to_reap_.erase(outcome.pid);
    ++reaped_;
  }
}

void PlanHarness::Decided(const WaitOutcome& outcome) {
  const Decision decision = decide_(outcome.pid, outcome);
  KnownOf(outcome.pid).decided = true;
  Trace(decision == Decision::kHold ? "decided: hold" : "decided: reap");
  // Where the children cannot be listed the plan takes a hold for a reap.
  if (decision == Decision::kHold && limits_.can_list) {
    KnownOf(outcome.pid).held = true;
    held_.push_back(outcome.pid);
    ++holds_;
  } else {
    to_reap_.insert(outcome.pid);
  }
  plan_.OnDecided(outcome.pid, decision);
}

void PlanHarness::List(const Action& action) {
  const Micros begin = kernel_.Now();
  listed_.clear();
  const auto more =
      limits_.can_list ? kernel_.List(action.first_part, list_part_, listed_) : std::nullopt;
  if (!more) {
    OnListFailed();
    return;
  }
  if (action.first_part) ++scans_;
  const Micros cost_us = kernel_.Now() - begin;
  Trace(*more ? "list: more follows" : "list: end");
  pace_.OnListed(action, *more, cost_us);
  listed_at_end_ = listed_.size() + (action.first_part ? 0 : listed_at_end_);
  if (listed_at_end_ == 0 && !*more) knows_childless_ = true;
  knows_only_held_ = !*more && listed_at_end_ == held_.size();
  if (!*more) lists_failed_in_row_ = 0;
  plan_.OnListed(listed_, *more, cost_us);
}

void PlanHarness::OnListFailed() {
  NoteEvent();
  Trace("list failed");
  ++faults_;
  ++list_failures_;
  const bool may_walk = held_.empty() && !MayHold();
  ++lists_failed_in_row_;
  plan_.OnListFailed(kernel_.Now());
  const bool given_up = !plan_.limits().can_list;
  if (given_up != (may_walk || lists_failed_in_row_ >= limits_.list_tries)) {
    Violate(given_up ? "gives the list up too early" : "gives the list up too late");
  }
  pace_.OnListFailed(given_up, kernel_.Now());
  if (!given_up) return;
  lists_failed_in_row_ = 0;
  given_up_us_ = kernel_.Now();
  limits_.can_list = false;
  ForgetAll();
}

void PlanHarness::TriesListsAgain() {
  Trace("lists again");
  if (!given_up_us_ || kernel_.Now() < *given_up_us_ + limits_.list_again_us) {
    Violate("tries the list again too early");
  }
  given_up_us_.reset();
  limits_.can_list = true;
  pace_.set_limits(limits_);
  ++lists_tried_again_;
}

void PlanHarness::Sleep(Micros until_us) {
  if (kernel_.sigchld_pending()) return;
  const Micros slept_us = std::max<Micros>(0, until_us - kernel_.Now());
  if (kernel_.waitable_count() > held_.size()) {
    for (pid_t pid = 0; pid < kernel_.pid_limit(); ++pid)
      CheckSlept(pid, slept_us);
  }
  kernel_.Advance(std::max<Nanos>(0, until_us * 1000 - kernel_.now_ns()) + kWakeUp);
}

void PlanHarness::CheckSlept(pid_t pid, Micros slept_us) {
  if (!kernel_.Waitable(pid) || KnownOf(pid).held) return;
  Known& known = KnownOf(pid);
  known.slept_over_us += slept_us;
  longest_slept_over_us_ = std::max(longest_slept_over_us_, known.slept_over_us);
  const auto pauses = static_cast<Micros>(1 + faults_ + pace_.disturbances() - known.pauses_before);
  if (known.slept_over_us > pauses * limits_.pause_max_us) Violate("slept over a zombie");
}

bool PlanHarness::Settle(int max_wake_ups) {
  for (int wake_ups = 0;;) {
    const Action action = Act();
    if (!violation_.empty()) return false;
    if (action.kind != Action::Kind::kRest) continue;
    if (kernel_.sigchld_pending()) {
      TakeSignal();
    } else if (!action.until_us) {
      return true;
    } else if (++wake_ups > max_wake_ups) {
      return false;
    } else {
      Sleep(*action.until_us);
    }
  }
}

}  // namespace reaperd::test
