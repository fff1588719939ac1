#include "reap/reaper.h"

#include <cerrno>

namespace reaperd::reap {
namespace {

using Kind = model::WaitOutcome::Kind;

/// waitid(2) does not know WNOWAIT here, or a filter refuses it.
bool PeekRefused(int code) {
  return code == ENOSYS || code == EPERM || code == EINVAL;
}

}  // namespace

void Reaper::OnSigchld(pid_t hint) {
  ++counters_.sigchld_received;
  may_have_children_ = true;
  plan_.OnHint(hint);
  discovery_.OnSigchld();
}

void Reaper::Know(pid_t pid) {
  may_have_children_ = true;
  table_.Insert(
      {.pid = pid, .first_sight = model::FirstSight::kSpawn, .first_seen_us = ops_.Now()});
}

Rest Reaper::Run(event::Turn& turn) {
  now_us_ = ops_.Now();
  for (;;) {
    const Action action = plan_.Next(now_us_);
    switch (action.kind) {
      case Action::Kind::kRest:
        if (!Discover(turn)) return {.more = true};
        return {.until_us = action.until_us};
      case Action::Kind::kPeek:
      case Action::Kind::kReap:
      case Action::Kind::kReapAny:
        Wait(action);
        break;
      case Action::Kind::kList:
        ListPart(action);
        break;
    }
    if (turn.Over()) return {.more = true};
  }
}

void Reaper::Wait(const Action& action) {
  model::WaitOutcome outcome;
  if (action.kind == Action::Kind::kReapAny) {
    ++counters_.walks;
    outcome = ops_.WaitAny();
  } else {
    outcome = ops_.WaitPid(action.pid, action.kind == Action::Kind::kPeek ? sys::WaitMode::kPeek
                                                                          : sys::WaitMode::kReap);
  }
  const Micros before_us = now_us_;
  now_us_ = ops_.Now();
  plan_.OnWaited(action, outcome, now_us_ - before_us, now_us_);
  switch (outcome.kind) {
    case Kind::kDead:
      OnDead(action, outcome);
      break;
    case Kind::kStopped:
      ++counters_.stops;
      observer_.OnStopped(outcome.pid, outcome.stop_signal);
      break;
    case Kind::kNoChild:
      if (action.kind == Action::Kind::kReapAny) NoChildLeft();
      break;
    case Kind::kError:
      if (action.kind == Action::Kind::kPeek && PeekRefused(outcome.error)) {
        PlanLimits limits = plan_.limits();
        limits.can_peek = false;
        plan_.SetLimits(limits);
      }
      ++counters_.errors;
      observer_.OnWaitFailed(outcome.error);
      break;
    case Kind::kNothing:
      break;
  }
}

void Reaper::OnDead(const Action& action, const model::WaitOutcome& outcome) {
  const model::Death death{
      .pid = outcome.pid, .status = outcome.status, .uid = outcome.uid, .seen_us = now_us_};
  if (action.kind == Action::Kind::kPeek) {
    ++counters_.deaths;
    plan_.OnDecided(death.pid, observer_.OnDeath(death));
    return;
  }
  if (!action.seen) ++counters_.deaths;
  ++counters_.reaped;
  table_.Erase(death.pid);
  observer_.OnReaped(death);
}

void Reaper::NoChildLeft() {
  if (!may_have_children_) return;
  may_have_children_ = false;
  observer_.OnNoChildLeft();
}

void Reaper::ListPart(const Action& action) {
  if (action.first_part) {
    ++counters_.scans;
    listed_ = 0;
    discovery_cost_us_.reset();  // both read the same list
  }
  part_.clear();
  const sys::ListPart result = ops_.ListChildren(action.first_part, part_);
  const Micros before_us = now_us_;
  now_us_ = ops_.Now();
  if (result == sys::ListPart::kFailed) {
    plan_.OnListFailed(now_us_);
    return;
  }
  listed_ += part_.size();
  if (discovering_) AddListed();
  plan_.OnListed(part_, result == sys::ListPart::kMore, now_us_ - before_us);
  if (result == sys::ListPart::kEnd && listed_ == 0) NoChildLeft();
}

void Reaper::AddListed() {
  for (const pid_t pid : part_) {
    const model::ProcessInfo process{
        .pid = pid, .first_sight = model::FirstSight::kDiscovery, .first_seen_us = now_us_};
    if (table_.Insert(process)) observer_.OnAdopted(process);
  }
}

/// False when the turn was over before the list was read.
bool Reaper::Discover(event::Turn& turn) {
  if (!discovering_) return true;
  if (!discovery_cost_us_ && !discovery_.ShouldList(now_us_)) return true;
  for (;;) {
    part_.clear();
    const bool first_part = !discovery_cost_us_;
    const sys::ListPart result = ops_.ListChildren(first_part, part_);
    const Micros before_us = now_us_;
    now_us_ = ops_.Now();
    discovery_cost_us_ = discovery_cost_us_.value_or(0) + (now_us_ - before_us);
    AddListed();
    if (result != sys::ListPart::kMore) break;
    if (turn.Over()) return false;
  }
  discovery_.OnListed(*discovery_cost_us_, now_us_);
  discovery_cost_us_.reset();
  return true;
}

}  // namespace reaperd::reap
