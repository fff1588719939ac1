#include "reap/reaper.h"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

namespace reaperd::reap {
namespace {

using Kind = model::WaitOutcome::Kind;

/// waitid(2) does not know WNOWAIT here, or a filter refuses it.
bool PeekRefused(int code) {
  return code == ENOSYS || code == EPERM || code == EINVAL;
}

bool RunsAnother(const model::Shadow& before, const model::Shadow& now) {
  return now.exe != before.exe || now.comm != before.comm;
}

/// A child that the kernel reaps is gone for waits a moment before its pidfd tells its status.
constexpr Micros kAskAgain_us = kMillisecond;
constexpr Micros kAskAgainAfterError_us = 10 * kMillisecond;
/// So long may looks that are dear or find nothing keep us from hearing signals. In a trickle of
/// deaths each has a signal of its own, if only it is taken before the next: signals that coalesce
/// while we look bring more looking, without end.
constexpr Micros kDeaf_us = 200;

std::optional<Micros> Earlier(std::optional<Micros> a, std::optional<Micros> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

}  // namespace

void Reaper::OnSigchld(pid_t hint) {
  ++counters_.sigchld_received;
  may_have_children_ = true;
  if (!kernel_reaps_) {
    plan_.OnHint(hint);
    discovery_.OnSigchld();
    return;
  }
  // Of an orphan there is nothing to ask any more.
  plan_.OnHint(pidfds_.contains(hint) ? hint : 0);
}

void Reaper::Know(model::ProcessInfo made, int pidfd) {
  may_have_children_ = true;
  made.first_sight = model::FirstSight::kSpawn;
  if (made.first_seen_us == 0) made.first_seen_us = ops_.Now();
  if (made.role == model::Role::kHelper) helpers_.push_back(made.pid);
  table_.Insert(made);
  if (kernel_reaps_ && pidfd >= 0) {
    pidfds_[made.pid] = pidfd;
    plan_.OnHint(made.pid);  // it may have ended by now
  }
  if (!discovering_) return;
  to_look_.push_back(made.pid);
  discovery_.OnSigchld();
}

void Reaper::SetMayHold(bool may_hold) {
  if (plan_.limits().may_hold == may_hold) return;
  PlanLimits limits = plan_.limits();
  limits.may_hold = may_hold;
  plan_.SetLimits(limits);
}

void Reaper::Load(const State& state) {
  table_.Load(state.children);
  plan_.Load(state.seen);
  counters_ = state.counters;
  helpers_.clear();
  for (const model::ProcessInfo& child : state.children) {
    if (child.role == model::Role::kHelper) helpers_.push_back(child.pid);
    if (child.start_ticks == 0 && !plan_.WasSeen(child.pid)) to_look_.push_back(child.pid);
  }
  if (!to_look_.empty()) discovery_.OnOtherListed();
}

Rest Reaper::Run(event::Turn& turn) {
  now_us_ = ops_.Now();
  deaf_us_ = 0;
  for (const pid_t pid : std::exchange(readable_, {}))
    AskPidfd(pid, Gone::kPerhaps);
  if (ask_pidfds_at_us_ && now_us_ >= *ask_pidfds_at_us_) HintAllWithPidfd();
  for (;;) {
    plan_.SetPeekFirst(observer_.WantsLook(now_us_));
    const Action action = plan_.Next(now_us_);
    switch (action.kind) {
      case Action::Kind::kRest:
        if (!Discover(turn)) return {.more = true};
        return {.until_us = Earlier(Earlier(action.until_us, ask_pidfds_at_us_),
                                    discovering_ ? discovery_.next_us() : std::nullopt)};
      case Action::Kind::kPeek:
      case Action::Kind::kReap:
      case Action::Kind::kPeekAny:
      case Action::Kind::kReapAny:
        Wait(action);
        break;
      case Action::Kind::kList:
        ListPart(action);
        break;
    }
    if (IsOver(turn)) return {.more = true};
  }
}

bool Reaper::IsOver(event::Turn& turn) const {
  return turn.Over() || deaf_us_ > kDeaf_us;
}

void Reaper::Wait(const Action& action) {
  const bool any = action.kind == Action::Kind::kReapAny || action.kind == Action::Kind::kPeekAny;
  const bool peek = action.kind == Action::Kind::kPeek || action.kind == Action::Kind::kPeekAny;
  const sys::WaitMode mode = peek ? sys::WaitMode::kPeek : sys::WaitMode::kReap;
  if (any) ++counters_.walks;
  const model::WaitOutcome outcome = any ? ops_.WaitAny(mode) : ops_.WaitPid(action.pid, mode);
  const Micros cost_us = TakeTime();
  // A walk that reaps one of a burst beside few living is cheap, and no loss of time.
  const bool dear_walk = any && cost_us > plan_.limits().walk_limit_us;
  if (dear_walk || outcome.kind == Kind::kNothing) deaf_us_ += cost_us;
  const bool seen = action.seen || plan_.WasSeen(outcome.pid);
  plan_.OnWaited(action, outcome, cost_us, now_us_);
  switch (outcome.kind) {
    case Kind::kDead:
      OnDead(action, seen, outcome);
      break;
    case Kind::kStopped:
      ++counters_.stops;
      observer_.OnStopped(outcome.pid, outcome.stop_signal);
      break;
    case Kind::kNoChild:
      if (!any) {
        AskPidfd(action.pid, Gone::kSurely);
        break;
      }
      NoChildLeft();
      discovery_.OnNoChild();
      break;
    case Kind::kError:
      if (peek && PeekRefused(outcome.error)) {
        PlanLimits limits = plan_.limits();
        limits.can_peek = false;
        plan_.SetLimits(limits);
        // Where only records wanted a look they say less, and that is all.
        if (!limits.may_hold) break;
      }
      ++counters_.errors;
      observer_.OnWaitFailed(outcome.error);
      break;
    case Kind::kNothing:
      break;
  }
}

void Reaper::OnDead(const Action& action, bool seen, const model::WaitOutcome& outcome) {
  const model::Death death{.pid = outcome.pid,
                           .status = outcome.status,
                           .uid = outcome.uid,
                           .seen_us = now_us_,
                           .usage = outcome.usage};
  if (action.kind == Action::Kind::kPeek || action.kind == Action::Kind::kPeekAny) {
    ++counters_.deaths;
    plan_.OnDecided(death.pid, observer_.OnDeath(death, table_.Find(death.pid)));
    now_us_ = ops_.Now();  // what the observer read of the zombie is not the cost of the next call
    return;
  }
  if (!seen) ++counters_.deaths;
  ++counters_.reaped;
  std::erase(helpers_, death.pid);
  pidfds_.erase(death.pid);  // it was dead before the kernel reaped
  const auto known = table_.Take(death.pid);
  observer_.OnReaped(death, known ? &*known : nullptr);
}

/// `gone`: no wait knows `pid` any more, so the kernel has reaped it or is about to. A pidfd that is
/// only readable may be of one whom a tracer keeps; when that lets go, it becomes readable again.
void Reaper::AskPidfd(pid_t pid, Gone gone) {
  const auto at = pidfds_.find(pid);
  if (at == pidfds_.end()) return;
  const model::WaitOutcome exit = ops_.ExitByPidfd(at->second);
  if (exit.kind == Kind::kDead) {
    OnReapedByKernel(pid, exit.status);
    return;
  }
  if (exit.kind == Kind::kError) {
    ++counters_.errors;
    observer_.OnWaitFailed(exit.error);
    ask_pidfds_at_us_ = now_us_ + kAskAgainAfterError_us;
  } else if (gone == Gone::kSurely) {
    ask_pidfds_at_us_ = now_us_ + kAskAgain_us;
  }
}

void Reaper::OnReapedByKernel(pid_t pid, const model::ExitStatus& status) {
  pidfds_.erase(pid);
  ++counters_.deaths;
  ++counters_.reaped;
  // Whether it was the last one a look tells.
  may_have_children_ = true;
  plan_.OnHint(0);
  const auto known = table_.Take(pid);
  const model::Death death{
      .pid = pid, .status = status, .uid = std::nullopt, .seen_us = now_us_, .usage = std::nullopt};
  observer_.OnReaped(death, known ? &*known : nullptr);
}

void Reaper::HintAllWithPidfd() {
  ask_pidfds_at_us_.reset();
  for (const auto& [pid, pidfd] : pidfds_)
    plan_.OnHint(pid);
}

void Reaper::NoChildLeft() {
  if (!pidfds_.empty()) {
    // They are gone, too, but nobody knows how they ended: that comes first, and another look.
    if (!ask_pidfds_at_us_) HintAllWithPidfd();
    return;
  }
  if (!may_have_children_) return;
  may_have_children_ = false;
  observer_.OnNoChildLeft();
}

void Reaper::ListPart(const Action& action) {
  if (action.first_part) {
    ++counters_.scans;
    listed_ = 0;
    pass_.listing = false;  // both read the same list
    if (discovering_) discovery_.OnOtherListing();
  }
  const sys::ListPart result = ReadPart(action.first_part);
  const Micros cost_us = TakeTime();
  deaf_us_ += cost_us;
  if (result == sys::ListPart::kFailed) {
    plan_.OnListFailed(now_us_);
    discovery_.OnSigchld();
    return;
  }
  if (discovering_ && !kernel_reaps_) AddListed(model::FirstSight::kList);
  if (!to_look_.empty()) discovery_.OnOtherListed();
  if (result == sys::ListPart::kEnd && IsListTorn()) discovery_.OnSigchld();
  plan_.OnListed(part_, result == sys::ListPart::kMore, cost_us);
  CountListed(result == sys::ListPart::kEnd);
}

void Reaper::CountListed(bool end) {
  const auto is_helper = [this](pid_t pid) {
    return std::find(helpers_.begin(), helpers_.end(), pid) != helpers_.end();
  };
  listed_ += part_.size();
  if (!helpers_.empty()) {
    listed_ -= static_cast<std::size_t>(std::count_if(part_.begin(), part_.end(), is_helper));
  }
  if (!end) return;
  if (listed_ == 0) {
    NoChildLeft();
  } else if (listed_ == plan_.held_count()) {
    observer_.OnOnlyHeldLeft();
  }
}

void Reaper::AddListed(model::FirstSight sight) {
  for (const pid_t pid : part_) {
    if (table_.Insert({.pid = pid, .first_sight = sight, .first_seen_us = now_us_})) {
      to_look_.push_back(pid);
    }
  }
}

Result<Reaper::Standing> Reaper::Examine(pid_t pid) {
  const model::WaitOutcome outcome = ops_.WaitPid(pid, sys::WaitMode::kPeek);
  now_us_ = ops_.Now();
  switch (outcome.kind) {
    case Kind::kNoChild:
      return Standing::kStranger;
    case Kind::kError:
      return Error::FromErrno("waitid", outcome.error);
    case Kind::kDead:
      plan_.OnHint(pid);
      return Standing::kDead;
    case Kind::kStopped:  // which is not told again
      ++counters_.stops;
      observer_.OnStopped(pid, outcome.stop_signal);
      break;
    case Kind::kNothing:
      break;
  }
  const model::ProcessInfo* const known = table_.Find(pid);
  if (known == nullptr) {
    table_.Insert({.pid = pid, .first_seen_us = now_us_});
    LookAt(pid);
  } else if (known->start_ticks == 0) {
    std::erase(to_look_, pid);
    LookAt(pid);
  }
  return Standing::kAlive;
}

std::uint64_t Reaper::RequestLookAgain() {
  table_.ForEach([this](const model::ProcessInfo& process) {
    const bool looked = process.start_ticks != 0;  // the others are to be looked at anyway
    if (looked && !plan_.WasSeen(process.pid)) to_look_.push_back(process.pid);
  });
  return discovery_.OnRequest();
}

void Reaper::RequestLookAt(pid_t pid) {
  to_look_.push_back(pid);
  discovery_.OnRequest();
}

/// One pass. False when the turn was over first.
bool Reaper::Discover(event::Turn& turn) {
  if (!discovering_ || (!pass_.running && !discovery_.ShouldRun(now_us_))) return true;
  pass_.running = true;
  if (!ListForDiscovery(turn)) return false;
  while (!to_look_.empty() && discovery_.MayLook(pass_.looks)) {
    const pid_t pid = to_look_.back();
    to_look_.pop_back();
    LookAt(pid);
    if (turn.Over()) return false;
  }
  discovery_.OnPass(pass_.cost_us, !to_look_.empty(), now_us_);
  pass_ = {};
  return true;
}

bool Reaper::ListForDiscovery(event::Turn& turn) {
  if (kernel_reaps_) discovery_.OnListing();
  // Once in a pass: what has become due since it began waits for the pause after it.
  while (!pass_.listed && (pass_.listing || discovery_.list_due())) {
    const bool first_part = !std::exchange(pass_.listing, true);
    if (first_part) discovery_.OnListing();
    const sys::ListPart result = ReadPart(first_part);
    const Micros cost_us = TakeTime();
    pass_.cost_us += cost_us;
    if (!first_part) deaf_us_ += cost_us;  // the first is all when there are few
    AddListed(model::FirstSight::kDiscovery);
    pass_.listing = result == sys::ListPart::kMore;
    if (result == sys::ListPart::kFailed) {
      discovery_.OnFailedList();
    } else if (!pass_.listing && IsListTorn()) {
      discovery_.OnTornList();
    }
    if (!pass_.listing) break;
    if (IsOver(turn)) return false;
  }
  pass_.listed = true;
  return true;
}

sys::ListPart Reaper::ReadPart(bool first_part) {
  if (first_part) reaped_before_list_ = counters_.reaped;
  part_.clear();
  return ops_.ListChildren(first_part, part_);
}

/// The kernel finds the place of the next part by counting from the head
/// (docs/kernel-facts.md#the-children-file).
bool Reaper::IsListTorn() const {
  return counters_.reaped != reaped_before_list_;
}

Micros Reaper::TakeTime() {
  const Micros cost_us = ops_.Now() - now_us_;
  now_us_ += cost_us;
  return cost_us;
}

void Reaper::LookAt(pid_t pid) {
  const model::ProcessInfo* const known = table_.Find(pid);
  if (known == nullptr || plan_.WasSeen(pid)) return;  // dead meanwhile
  ++pass_.looks;
  const bool again = known->start_ticks != 0;
  const std::shared_ptr<const model::Shadow> before = known->shadow;
  const auto seen =
      ops_.LookAtLiving(pid, known->pidfs_inode != 0 ? sys::Known::kInode : sys::Known::kNothing);
  pass_.cost_us += TakeTime();
  // Where the kernel reaps, its number may be another's by now.
  const bool same = seen && (!kernel_reaps_ || seen->pidfs_inode == known->pidfs_inode);
  if (same) table_.Note(*seen);
  if (same && kin_ != nullptr) {
    if (const auto kin = kin_->Find(pid, seen->start_ticks)) table_.NoteKin(pid, *kin);
  }
  if (again) {
    if (before && RunsAnother(*before, *known->shadow)) observer_.OnChanged(*known);
  } else if (known->first_sight != model::FirstSight::kSpawn) {
    observer_.OnAdopted(*known);
  }
}

}  // namespace reaperd::reap
