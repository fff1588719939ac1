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

template <typename Map>
auto ByPid(const Map& map) {
  std::vector<const typename Map::value_type*> entries;
  for (const auto& entry : map)
    entries.push_back(&entry);
  std::sort(entries.begin(), entries.end(),
            [](const auto* a, const auto* b) { return a->first < b->first; });
  return entries;
}

}  // namespace

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

ForeignLook ForeignPlan::Look(const ForeignSnapshot& snapshot, LookKind kind, Micros now_us) {
  ++look_;
  ForeignLook look;
  const std::vector<Sighting> sightings = FindForeign(snapshot);
  ForgetGone(sightings, look.events);
  Count(sightings);
  std::vector<const SeenProcess*> keepers;
  for (const Sighting& sighting : sightings) {
    Zombie& zombie = Remember(sighting, now_us);
    look.zombies.push_back(zombie.last);
    if (!zombie.told && IsConfirmed(zombie, zombie.first_seen_us, now_us)) {
      zombie.told = true;
      look.events.push_back({.step = Step::kFound, .zombie = zombie.last});
    }
    if (sighting.parent == nullptr) continue;
    if (!IsConfirmed(zombie, zombie.with_parent_us, now_us)) continue;
    // A parent that reaps one child for each SIGCHLD takes them in the order of their forks: the
    // first of them shows whether a nudge helped.
    Parent& parent = parents_.at(sighting.parent->pid);
    const auto order = [](const Zombie& of) {
      return std::tuple(of.last.start_ticks, of.last.pid);
    };
    if (parent.first_forked == nullptr) keepers.push_back(sighting.parent);
    if (parent.first_forked == nullptr || order(zombie) < order(*parent.first_forked)) {
      parent.first_forked = &zombie;
    }
  }
  if (kind == LookKind::kAct && spec_.action != ForeignAction::kReport) {
    for (const SeenProcess* keeper : keepers)
      Judge(*keeper, snapshot, now_us, look);
  }
  looked_ = true;
  return look;
}

std::vector<ForeignPlan::Sighting> ForeignPlan::FindForeign(const ForeignSnapshot& snapshot) {
  std::unordered_map<pid_t, const SeenProcess*> living;
  for (const SeenProcess& process : snapshot.processes) {
    if (!process.IsZombie()) living.emplace(process.pid, &process);
  }
  std::vector<Sighting> sightings;
  for (const SeenProcess& process : snapshot.processes) {
    if (!process.IsZombie() || process.parent == snapshot.self) continue;
    const auto parent = living.find(process.parent);
    if (parent != living.end()) {
      sightings.push_back({.zombie = &process, .parent = parent->second});
    } else if (process.parent == 0) {
      sightings.push_back({.zombie = &process});
    }
    // Otherwise its parent ended during the walk, and it has come to us or to a nearer subreaper.
  }
  return sightings;
}

void ForeignPlan::ForgetGone(const std::vector<Sighting>& sightings,
                             std::vector<ForeignEvent>& events) {
  std::unordered_map<pid_t, std::uint64_t> present;
  for (const Sighting& sighting : sightings)
    present.emplace(sighting.zombie->pid, sighting.zombie->start_ticks);
  std::erase_if(zombies_, [&](const auto& entry) {
    const Zombie& zombie = entry.second;
    const auto at = present.find(entry.first);
    if (at != present.end() && at->second == zombie.last.start_ticks) return false;
    if (!zombie.told) return true;
    ForeignEvent event{.step = Step::kGone, .zombie = zombie.last};
    const auto parent = parents_.find(zombie.last.parent);
    if (parent != parents_.end() && parent->second.start_ticks == zombie.last.parent_start_ticks &&
        parent->second.step_us >= zombie.first_seen_us) {
      event.after = parent->second.last_step;
    }
    events.push_back(std::move(event));
    return true;
  });
}

/// Also forgets the parents that have no zombie any more.
void ForeignPlan::Count(const std::vector<Sighting>& sightings) {
  for (auto& [pid, parent] : parents_) {
    parent.zombies_before = std::exchange(parent.zombies, 0);
    parent.first_forked = nullptr;
  }
  for (const Sighting& sighting : sightings) {
    const pid_t pid = sighting.zombie->parent;
    const std::uint64_t start_ticks = sighting.parent != nullptr ? sighting.parent->start_ticks : 0;
    Parent& parent = parents_[pid];
    if (parent.pid != pid || parent.start_ticks != start_ticks) {
      parent = Parent{};
      parent.pid = pid;
      parent.start_ticks = start_ticks;
    }
    ++parent.zombies;
  }
  std::erase_if(parents_, [](const auto& entry) { return entry.second.zombies == 0; });
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
void ForeignPlan::Judge(const SeenProcess& process, const ForeignSnapshot& snapshot, Micros now_us,
                        ForeignLook& look) {
  Parent& parent = parents_.at(process.pid);
  if (!IsThere(parent)) {
    parent.steps_taken = 0;
    parent.given_up = false;
  }
  const bool begun = parent.steps_taken > 0 || parent.given_up;
  const ForeignZombie& zombie =
      begun ? zombies_.at(parent.step_zombie).last : parent.first_forked->last;
  if (process.pid <= 1 || parent.nested_init) return;
  if (IsExempt(process, snapshot)) {
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
  for (const auto* entry : ByPid(zombies_))
    memory.zombies.push_back(entry->second);
  for (const auto* entry : ByPid(parents_))
    memory.parents.push_back(entry->second);
  return memory;
}

void ForeignPlan::Load(const model::ForeignMemory& memory) {
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
