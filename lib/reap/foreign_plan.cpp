#include "reap/foreign_plan.h"

#include <algorithm>
#include <cerrno>
#include <span>
#include <tuple>

#include "base/glob.h"

namespace reaperd::reap {
namespace {

using model::ForeignAction;
using model::ForeignEvent;
using model::ForeignZombie;
using Step = ForeignEvent::Step;

// TABLE: what is done about a parent, one after the other.
constexpr Step kNudges[] = {Step::kNudged, Step::kNudged, Step::kNudged};
constexpr Step kTermination[] = {Step::kNudged, Step::kTerminated, Step::kKilled};
constexpr Step kKill[] = {Step::kNudged, Step::kKilled};

/// What is done with the items of a look, one after the other.
enum class Phase { kIndex, kFind, kForgetZombies, kCount, kForgetParents, kNotice, kJudge, kDone };

std::span<const Step> LadderOf(ForeignAction action) {
  switch (action) {
    case ForeignAction::kReport:
      break;
    case ForeignAction::kNudge:
      return kNudges;
    case ForeignAction::kTerminateParent:
      return kTermination;
    case ForeignAction::kKillParent:
      return kKill;
  }
  return {};
}

}  // namespace

struct ForeignPlan::Pass {
  ForeignSnapshot snapshot;
  bool may_act = false;
  Micros now_us = 0;

  Phase phase = Phase::kIndex;
  std::size_t next = 0;  ///< of the list that the phase goes through, or one of these:
  std::unordered_map<pid_t, Zombie>::iterator zombie;
  std::unordered_map<pid_t, Parent>::iterator parent;

  std::unordered_map<pid_t, const SeenProcess*> living;
  std::unordered_map<pid_t, bool> ours;              ///< of those that were asked about
  std::unordered_map<pid_t, std::uint64_t> present;  ///< foreign zombies and their start times
  std::vector<Sighting> sightings;
  std::vector<const SeenProcess*> keepers;  ///< parents with a confirmed zombie
  ForeignLook look;
};

ForeignPlan::ForeignPlan(model::ForeignZombieSpec spec) : spec_(std::move(spec)) {}
ForeignPlan::ForeignPlan(ForeignPlan&& other) noexcept = default;
ForeignPlan& ForeignPlan::operator=(ForeignPlan&& other) noexcept = default;
ForeignPlan::~ForeignPlan() = default;

void ForeignPlan::SetSpec(model::ForeignZombieSpec spec) {
  const bool same_action = spec.action == spec_.action;
  spec_ = std::move(spec);
  for (auto& [pid, parent] : parents_) {
    parent.exempt_told = false;
    if (same_action) continue;
    parent.steps_taken = 0;
    parent.given_up = false;
  }
}

void ForeignPlan::BeginLook(ForeignSnapshot snapshot, LookKind kind, Micros now_us) {
  ++look_;
  pass_ = std::make_unique<Pass>();
  pass_->snapshot = std::move(snapshot);
  pass_->may_act = kind == LookKind::kAct;
  pass_->now_us = now_us;
}

std::optional<ForeignLook> ForeignPlan::ContinueLook(std::size_t items) {
  if (!pass_) return ForeignLook{};
  for (; items > 0; --items) {
    while (!WorkOnItem(*pass_)) {
      pass_->next = 0;
      pass_->zombie = zombies_.begin();
      pass_->parent = parents_.begin();
      pass_->phase = static_cast<Phase>(static_cast<int>(pass_->phase) + 1);
      if (pass_->phase != Phase::kDone) continue;
      looked_ = true;
      ForeignLook look = std::move(pass_->look);
      pass_.reset();
      return look;
    }
  }
  return std::nullopt;
}

ForeignLook ForeignPlan::Look(ForeignSnapshot snapshot, LookKind kind, Micros now_us) {
  BeginLook(std::move(snapshot), kind, now_us);
  std::optional<ForeignLook> look;
  while (!look)
    look = ContinueLook(1024);
  return *std::move(look);
}

/// The next item of the phase; false when it has no more.
bool ForeignPlan::WorkOnItem(Pass& pass) {
  const auto next = [&pass](const auto& list, const auto& work) {
    if (pass.next >= list.size()) return false;
    work(list[pass.next++]);
    return true;
  };
  const auto& processes = pass.snapshot.processes;
  switch (pass.phase) {
    case Phase::kIndex:
      return next(processes, [&pass](const SeenProcess& process) {
        if (!process.IsZombie()) pass.living.emplace(process.pid, &process);
      });
    case Phase::kFind:
      return next(processes, [&pass](const auto& process) { FindForeign(pass, process); });
    case Phase::kForgetZombies:
      return ForgetZombieIfGone(pass);
    case Phase::kCount:
      return next(pass.sightings, [this](const Sighting& sighting) { Count(sighting); });
    case Phase::kForgetParents:
      return ForgetParentWithoutZombies(pass);
    case Phase::kNotice:
      return next(pass.sightings, [&](const Sighting& sighting) { Notice(pass, sighting); });
    case Phase::kJudge:
      if (!pass.may_act || spec_.action == ForeignAction::kReport) return false;
      return next(pass.keepers, [&](const SeenProcess* keeper) { Judge(pass, *keeper); });
    case Phase::kDone:
      break;
  }
  return false;
}

void ForeignPlan::FindForeign(Pass& pass, const SeenProcess& process) {
  const ForeignSnapshot& snapshot = pass.snapshot;
  if (!process.IsZombie() || process.parent == snapshot.self) return;
  if (snapshot.scope == ForeignScope::kDescendants && !IsOurs(pass, process.parent)) return;
  const auto parent = pass.living.find(process.parent);
  // Otherwise its parent ended during the walk, and it has come to us or to a nearer subreaper.
  if (parent == pass.living.end() && process.parent != 0) return;
  if (!pass.present.emplace(process.pid, process.start_ticks).second) return;
  pass.sightings.push_back(
      {.zombie = &process, .parent = parent == pass.living.end() ? nullptr : parent->second});
}

/// Whether `pid` descends from us.
bool ForeignPlan::IsOurs(Pass& pass, pid_t pid) {
  std::vector<pid_t> way;
  bool ours = false;
  // A snapshot taken while pids are reused can show a circle.
  while (way.size() <= pass.living.size()) {
    if (pid == pass.snapshot.self) {
      ours = true;
      break;
    }
    if (const auto known = pass.ours.find(pid); known != pass.ours.end()) {
      ours = known->second;
      break;
    }
    const auto at = pass.living.find(pid);
    if (at == pass.living.end()) break;
    way.push_back(pid);
    pid = at->second->parent;
  }
  for (const pid_t passed : way)
    pass.ours[passed] = ours;
  return ours;
}

bool ForeignPlan::ForgetZombieIfGone(Pass& pass) {
  if (pass.zombie == zombies_.end()) return false;
  const Zombie& zombie = pass.zombie->second;
  const auto at = pass.present.find(zombie.last.pid);
  if (at != pass.present.end() && at->second == zombie.last.start_ticks) {
    ++pass.zombie;
    return true;
  }
  if (zombie.told) {
    ForeignEvent event{.step = Step::kGone, .zombie = zombie.last};
    const auto parent = parents_.find(zombie.last.parent);
    if (parent != parents_.end() && parent->second.start_ticks == zombie.last.parent_start_ticks &&
        parent->second.step_us >= zombie.first_seen_us) {
      event.after = parent->second.last_step;
    }
    pass.look.events.push_back(std::move(event));
  }
  pass.zombie = zombies_.erase(pass.zombie);
  return true;
}

void ForeignPlan::Count(const Sighting& sighting) {
  const pid_t pid = sighting.zombie->parent;
  const std::uint64_t start_ticks = sighting.parent != nullptr ? sighting.parent->start_ticks : 0;
  Parent& parent = parents_[pid];
  if (parent.pid != pid || parent.start_ticks != start_ticks) {
    parent = Parent{};
    parent.pid = pid;
    parent.start_ticks = start_ticks;
  }
  if (parent.look != look_) {
    parent.look = look_;
    parent.zombies_before = std::exchange(parent.zombies, 0);
    parent.first_forked = nullptr;
  }
  ++parent.zombies;
}

bool ForeignPlan::ForgetParentWithoutZombies(Pass& pass) {
  if (pass.parent == parents_.end()) return false;
  if (pass.parent->second.look == look_) {
    ++pass.parent;
  } else {
    pass.parent = parents_.erase(pass.parent);
  }
  return true;
}

void ForeignPlan::Notice(Pass& pass, const Sighting& sighting) {
  Zombie& zombie = Remember(sighting, pass.now_us);
  pass.look.zombies.push_back(zombie.last);
  if (!zombie.told && IsConfirmed(zombie, zombie.first_seen_us, pass.now_us)) {
    zombie.told = true;
    pass.look.events.push_back({.step = Step::kFound, .zombie = zombie.last});
  }
  if (sighting.parent == nullptr) return;
  if (!IsConfirmed(zombie, zombie.with_parent_us, pass.now_us)) return;
  // A parent that reaps one child for each SIGCHLD takes them in the order of their forks: the
  // first of them shows whether a nudge helped.
  Parent& parent = parents_.at(sighting.parent->pid);
  const auto order = [](const Zombie& of) { return std::tuple(of.last.start_ticks, of.last.pid); };
  if (parent.first_forked == nullptr) pass.keepers.push_back(sighting.parent);
  if (parent.first_forked == nullptr || order(zombie) < order(*parent.first_forked)) {
    parent.first_forked = &zombie;
  }
}

ForeignPlan::Zombie& ForeignPlan::Remember(const Sighting& sighting, Micros now_us) {
  const SeenProcess& process = *sighting.zombie;
  const Parent& parent = parents_.at(process.parent);
  const auto [at, is_new] = zombies_.try_emplace(process.pid);
  Zombie& zombie = at->second;
  if (is_new) zombie.first_seen_us = now_us;
  if (is_new || zombie.last.parent != parent.pid ||
      zombie.last.parent_start_ticks != parent.start_ticks) {
    zombie.with_parent_us = now_us;
    zombie.parent_look = look_;
  }
  zombie.last = {
      .pid = process.pid,
      .start_ticks = process.start_ticks,
      .comm = process.comm,
      .age_us = now_us - zombie.first_seen_us,
      .parent = parent.pid,
      .parent_start_ticks = parent.start_ticks,
      .parent_comm = sighting.parent != nullptr ? sighting.parent->comm : std::string(),
      .held_by_parent = parent.zombies,
      .growing = looked_ ? std::optional(parent.zombies > parent.zombies_before) : std::nullopt,
  };
  return zombie;
}

/// Two looks saw it with the same parent, and it is old enough.
bool ForeignPlan::IsConfirmed(const Zombie& zombie, Micros since_us, Micros now_us) const {
  return zombie.parent_look != look_ && now_us - since_us >= spec_.min_age_us;
}

/// Whether the zombie that the steps against `parent` are about is still there, and still his.
bool ForeignPlan::IsThere(const Parent& parent) const {
  const auto at = zombies_.find(parent.step_zombie);
  if (at == zombies_.end()) return false;
  const ForeignZombie& zombie = at->second.last;
  return zombie.start_ticks == parent.step_zombie_ticks && zombie.parent == parent.pid &&
         zombie.parent_start_ticks == parent.start_ticks;
}

/// Whether a step against a parent with a confirmed zombie is due.
void ForeignPlan::Judge(Pass& pass, const SeenProcess& process) {
  const Micros now_us = pass.now_us;
  ForeignLook& look = pass.look;
  Parent& parent = parents_.at(process.pid);
  if (!IsThere(parent)) {
    parent.steps_taken = 0;
    parent.given_up = false;
  }
  const bool begun = parent.steps_taken > 0 || parent.given_up;
  const ForeignZombie& zombie =
      begun ? zombies_.at(parent.step_zombie).last : parent.first_forked->last;
  if (process.pid <= 1 || parent.nested_init) return;
  if (IsExempt(process, pass.snapshot)) {
    if (!std::exchange(parent.exempt_told, true)) {
      look.events.push_back({.step = Step::kExempt, .zombie = zombie});
    }
    return;
  }
  if (parent.given_up || process.IsStopped()) return;
  if (parent.last_step != Step::kFound && now_us - parent.step_us < PauseAfter(parent.last_step)) {
    return;
  }
  const std::span<const Step> ladder = LadderOf(spec_.action);
  if (parent.steps_taken < ladder.size()) {
    look.steps.push_back({.step = ladder[parent.steps_taken], .zombie = zombie});
    return;
  }
  parent.given_up = true;
  look.events.push_back({.step = Step::kFailed, .zombie = zombie, .error = ETIMEDOUT});
}

bool ForeignPlan::IsExempt(const SeenProcess& process, const ForeignSnapshot& snapshot) const {
  const auto& spared = snapshot.spared;
  if (std::find(spared.begin(), spared.end(), process.pid) != spared.end()) return true;
  return std::any_of(spec_.exempt.begin(), spec_.exempt.end(),
                     [&](const std::string& glob) { return MatchesGlob(glob, process.comm); });
}

Micros ForeignPlan::PauseAfter(Step step) const {
  return step == Step::kTerminated ? std::max(spec_.min_age_us, kKillAfter_us) : spec_.min_age_us;
}

std::optional<ForeignEvent> ForeignPlan::OnStep(const ParentStep& step, const StepOutcome& outcome,
                                                Micros now_us) {
  const ForeignZombie& zombie = step.zombie;
  const auto at = parents_.find(zombie.parent);
  if (at == parents_.end() || at->second.start_ticks != zombie.parent_start_ticks) {
    return std::nullopt;
  }
  Parent& parent = at->second;
  switch (outcome.kind) {
    case StepOutcome::Kind::kGone:
      return std::nullopt;
    case StepOutcome::Kind::kNestedInit:
      parent.nested_init = true;
      [[fallthrough]];
    case StepOutcome::Kind::kSpared:
      if (std::exchange(parent.exempt_told, true)) return std::nullopt;
      return ForeignEvent{.step = Step::kExempt, .zombie = zombie};
    case StepOutcome::Kind::kFailed:
      parent.step_zombie = zombie.pid;
      parent.step_zombie_ticks = zombie.start_ticks;
      parent.given_up = true;
      return ForeignEvent{.step = Step::kFailed, .zombie = zombie, .error = outcome.error};
    case StepOutcome::Kind::kTaken:
      break;
  }
  parent.step_zombie = zombie.pid;
  parent.step_zombie_ticks = zombie.start_ticks;
  parent.last_step = step.step;
  parent.step_us = now_us;
  ++parent.steps_taken;
  return ForeignEvent{.step = step.step, .zombie = zombie};
}

std::optional<Micros> ForeignPlan::NextStep(Micros now_us) const {
  std::optional<Micros> next_us;
  if (spec_.action == ForeignAction::kReport) return next_us;
  for (const auto& [pid, parent] : parents_) {
    if (parent.steps_taken == 0 || parent.given_up) continue;
    const Micros due_us = parent.step_us + PauseAfter(parent.last_step);
    if (due_us > now_us) next_us = std::min(next_us.value_or(due_us), due_us);
  }
  return next_us;
}

model::ForeignMemory ForeignPlan::Save() const {
  model::ForeignMemory memory{.looked = looked_};
  for (const auto& [pid, zombie] : zombies_)
    memory.zombies.push_back(zombie);
  for (const auto& [pid, parent] : parents_)
    memory.parents.push_back(parent);
  const auto pid_of = [](const model::ForeignMemory::Zombie& zombie) { return zombie.last.pid; };
  std::ranges::sort(memory.zombies, {}, pid_of);
  std::ranges::sort(memory.parents, {}, &model::ForeignMemory::Parent::pid);
  return memory;
}

void ForeignPlan::Load(const model::ForeignMemory& memory) {
  pass_.reset();
  looked_ = memory.looked;
  zombies_.clear();
  parents_.clear();
  for (const auto& saved : memory.zombies) {
    static_cast<model::ForeignMemory::Zombie&>(zombies_[saved.last.pid]) = saved;
  }
  for (const auto& saved : memory.parents) {
    static_cast<model::ForeignMemory::Parent&>(parents_[saved.pid]) = saved;
  }
}

}  // namespace reaperd::reap
