// Properties of reap::ForeignPlan over random lives of a namespace: whatever its looks see and
// whatever comes of its steps, nobody is signalled too early, instead of somebody else, or who is
// to be left alone; each zombie is found and gone once; and nothing is remembered of the gone. How
// long and from which seed: support/model_kernel/property_run.h.
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>
#include <string>
#include <tuple>

#include "model_kernel/property_run.h"
#include "model_kernel/random.h"
#include "reap/foreign_plan.h"

namespace reaperd::reap {
namespace {

using model::ForeignAction;
using model::ForeignEvent;
using model::ForeignZombie;
using test::PropertyRun;
using test::Random;
using Step = ForeignEvent::Step;
using Outcome = StepOutcome::Kind;

constexpr std::uint64_t kLooks = 300'000;
constexpr pid_t kSelf = 1;
constexpr std::uint64_t kPids = 14;  ///< few, so that numbers are reused
constexpr const char* kExempt = "exempt*";

using Key = std::pair<pid_t, std::uint64_t>;  ///< pid and start time

/// Counts of what happened, so that a run in which nothing happens cannot pass.
struct Seen {
  std::uint64_t lives = 0;
  std::uint64_t looks = 0;
  std::map<Step, std::uint64_t> events;
  std::uint64_t growing = 0;
};

class Life {
 public:
  Life(std::uint64_t seed, Seen& seen)
      : random_(seed), spec_(DrawSpec()), plan_(spec_), seen_(seen) {}

  /// What was violated, or "".
  std::string Live() {
    ++seen_.lives;
    for (int i = 0; i < 60 && violation_.empty(); ++i) {
      const std::uint64_t changes = random_.Below(4);
      for (std::uint64_t change = 0; change < changes; ++change)
        Change();
      now_us_ += random_.Chance(10) ? 0 : random_.Between(0, 8 * kSecond);
      if (random_.Chance(5)) Reload();
      if (random_.Chance(3)) Reconfigure();
      Look();
    }
    return violation_;
  }

 private:
  /// What we know of a parent, by ourselves.
  struct Dealt {
    Step last = Step::kFound;
    Micros at_us = 0;
    Key about;
    int nudges = 0;  ///< in a row, about the same
  };
  struct Confirmation {
    Micros since_us = 0;
    std::uint64_t look = 0;
  };

  model::ForeignZombieSpec DrawSpec() {
    return {.min_age_us = random_.Chance(10) ? 0 : random_.Between(1, 12 * kSecond),
            .action = static_cast<ForeignAction>(random_.Below(4)),
            .exempt = {kExempt}};
  }

  void Expect(bool promise, const std::string& what) {
    if (!promise && violation_.empty()) {
      violation_ = what + " at " + std::to_string(now_us_) + " us";
    }
  }

  // --- the namespace

  SeenProcess* Draw() {
    if (processes_.empty()) return nullptr;
    auto at = processes_.begin();
    std::advance(at, random_.Below(processes_.size()));
    return &at->second;
  }

  void Change() {
    SeenProcess* const process = Draw();
    const std::uint64_t what = random_.Below(13);
    if (what < 5 || process == nullptr) return Fork();
    switch (what) {
      case 5:
      case 6:
      case 7:
        return Die(*process);
      case 8:
        if (process->IsZombie()) processes_.erase(pid_t{process->pid});
        return;
      case 9:
        if (process->state == 'Z') return;
        process->state = process->IsStopped() ? 'S' : (random_.Chance(50) ? 'T' : 't');
        return;
      case 10:
        // Its number was given to another one, of which a look sees the same otherwise.
        process->start_ticks = ++ticks_;
        return;
      case 11:
        process->comm = random_.Chance(50) ? "exempt-one" : "plain";
        return;
      default:
        if (!spared_.erase(process->pid)) spared_.insert(process->pid);
        return;
    }
  }

  void Fork() {
    const auto pid = static_cast<pid_t>(2 + random_.Below(kPids));
    if (processes_.count(pid) > 0) return;
    const SeenProcess* const parent = Draw();
    SeenProcess child{.pid = pid, .parent = kSelf, .start_ticks = ++ticks_, .comm = "plain"};
    child.state = 'S';
    if (random_.Chance(3)) {
      child.parent = 0;
    } else if (parent != nullptr && !parent->IsZombie() && random_.Chance(90)) {
      child.parent = parent->pid;
    }
    if (random_.Chance(10)) child.threads = 2;
    processes_.emplace(pid, child);
  }

  /// Its children go to us, or to a nearer subreaper.
  void Die(SeenProcess& process) {
    if (process.IsZombie()) return;
    process.state = 'Z';
    if (process.threads > 1 && random_.Chance(50)) return;  // only its leader
    process.threads = 1;
    const SeenProcess* const heir = Draw();
    const bool nearer = heir != nullptr && !heir->IsZombie() && random_.Chance(20);
    for (auto& [pid, child] : processes_) {
      if (child.parent == process.pid)
        child.parent = nearer && heir->pid != pid ? heir->pid : kSelf;
    }
  }

  // --- the plan

  void Reload() {
    const model::ForeignMemory memory = plan_.Save();
    ForeignPlan other(spec_);
    other.Load(memory);
    Expect(other.Save() == memory, "does not load what it saved");
    plan_ = std::move(other);
  }

  /// Another action begins the ladders anew.
  void Reconfigure() {
    plan_.SetSpec(spec_ = DrawSpec());
    for (auto& [keeper, dealt] : dealt_)
      dealt.nudges = 0;
  }

  void Look() {
    ++seen_.looks;
    ++look_;
    ForeignSnapshot snapshot{
        .self = kSelf, .scope = ForeignScope::kNamespace, .processes = {}, .spared = {}};
    snapshot.spared.assign(spared_.begin(), spared_.end());
    for (const auto& [pid, process] : processes_)
      snapshot.processes.push_back(process);
    const LookKind kind = random_.Chance(20) ? LookKind::kList : LookKind::kAct;
    const ForeignLook look = plan_.Look(snapshot, kind, now_us_);
    Confirm();
    CheckList(look.zombies);
    for (const ForeignEvent& event : look.events)
      CheckEvent(event);
    for (const Key& zombie : found_)
      Expect(foreign_.count(zombie) > 0, "did not tell that a zombie has gone");
    Expect(kind == LookKind::kAct || look.steps.empty(), "a list led to a step");
    std::set<pid_t> parents;
    for (const ParentStep& step : look.steps) {
      Expect(parents.insert(step.zombie.parent).second, "two steps at once against one");
      CheckStep(step);
      Answer(step);
    }
    CheckMemory();
  }

  /// By ourselves: which zombies are foreign, and since when with whom.
  void Confirm() {
    foreign_.clear();
    std::map<std::pair<Key, Key>, Confirmation> confirmed;
    for (const auto& [pid, process] : processes_) {
      if (!process.IsZombie() || process.parent == kSelf) continue;
      const auto parent = processes_.find(process.parent);
      if (parent != processes_.end() && parent->second.IsZombie()) continue;
      if (parent == processes_.end() && process.parent != 0) continue;
      const Key zombie{pid, process.start_ticks};
      const Key keeper{process.parent, process.parent == 0 ? 0 : parent->second.start_ticks};
      foreign_.emplace(zombie, keeper);
      const auto before = confirmed_.find({zombie, keeper});
      confirmed[{zombie, keeper}] =
          before != confirmed_.end() ? before->second : Confirmation{now_us_, look_};
    }
    confirmed_ = std::move(confirmed);
    std::map<Key, Dealt> dealt;
    // Nobody is remembered without a zombie; the other side finds out again what a nested init is.
    std::set<Key> nested;
    for (const auto& [zombie, keeper] : foreign_) {
      if (nested_.count(keeper) > 0) nested.insert(keeper);
      if (dealt_.count(keeper) > 0) dealt[keeper] = dealt_[keeper];
      ++held_[keeper];
    }
    dealt_ = std::move(dealt);
    nested_ = std::move(nested);
    std::erase_if(since_, [&](const auto& entry) { return foreign_.count(entry.first) == 0; });
    for (const auto& [zombie, keeper] : foreign_)
      since_.emplace(zombie, now_us_);
  }

  void CheckList(const std::vector<ForeignZombie>& zombies) {
    Expect(zombies.size() == foreign_.size(), "lists too many or too few");
    for (const ForeignZombie& zombie : zombies) {
      const auto at = foreign_.find({zombie.pid, zombie.start_ticks});
      if (at == foreign_.end()) return Expect(false, "lists somebody who is not foreign");
      const Key keeper{zombie.parent, zombie.parent_start_ticks};
      Expect(at->second == keeper, "names the wrong parent");
      Expect(zombie.held_by_parent == held_[keeper], "counts wrong");
      Expect(zombie.age_us == now_us_ - since_[at->first], "tells a wrong age");
      Expect(zombie.growing.has_value() == (look_ > 1), "compares with nothing");
      if (zombie.growing)
        Expect(*zombie.growing == (held_[keeper] > held_before_[keeper]), "growth");
      if (zombie.growing.value_or(false)) ++seen_.growing;
    }
    held_before_ = std::exchange(held_, {});
  }

  void CheckEvent(const ForeignEvent& event) {
    ++seen_.events[event.step];
    const Key zombie{event.zombie.pid, event.zombie.start_ticks};
    switch (event.step) {
      case Step::kFound:
        Expect(found_.insert(zombie).second, "found twice");
        Expect(foreign_.count(zombie) > 0, "found nobody");
        Expect(now_us_ - since_[zombie] >= spec_.min_age_us, "found too early");
        return;
      case Step::kGone:
        Expect(found_.erase(zombie) == 1, "gone twice, or never found");
        Expect(foreign_.count(zombie) == 0, "gone, and still there");
        return;
      case Step::kExempt:
        Expect(LeftAlone(event.zombie.parent), "calls somebody exempt who is not");
        return;
      case Step::kFailed:
        Expect(event.error == ETIMEDOUT, "a failure that nobody told it");
        Expect(dealt_.count({event.zombie.parent, event.zombie.parent_start_ticks}) > 0,
               "gave up without a step");
        return;
      case Step::kNudged:
      case Step::kTerminated:
      case Step::kKilled:
        Expect(false, "tells of a step before it was taken");
        return;
    }
  }

  [[nodiscard]] bool LeftAlone(pid_t parent) const {
    return spared_.count(parent) > 0 || processes_.at(parent).comm == "exempt-one";
  }

  void CheckStep(const ParentStep& step) {
    const ForeignZombie& zombie = step.zombie;
    const Key key{zombie.pid, zombie.start_ticks};
    const Key keeper{zombie.parent, zombie.parent_start_ticks};
    const auto at = confirmed_.find({key, keeper});
    if (at == confirmed_.end()) return Expect(false, "a step for a zombie that is not there");
    Expect(at->second.look < look_, "a step after one look");
    Expect(now_us_ - at->second.since_us >= spec_.min_age_us, "a step too early");
    Expect(zombie.parent > 1, "a step against nobody or ourselves");
    if (zombie.parent <= 1) return;
    Expect(!LeftAlone(zombie.parent), "a step against somebody who is to be left alone");
    Expect(!processes_.at(zombie.parent).IsStopped(), "a step against a stopped one");
    Expect(nested_.count(keeper) == 0, "a step against a nested init");
    CheckOrder(step, key, keeper);
  }

  void CheckOrder(const ParentStep& step, const Key& key, const Key& keeper) {
    const auto before = dealt_.find(keeper);
    if (before == dealt_.end()) {
      return Expect(step.step == Step::kNudged, "more than a nudge at first");
    }
    const Dealt& dealt = before->second;
    const Micros pause_us = dealt.last == Step::kTerminated
                                ? std::max(spec_.min_age_us, ForeignPlan::kKillAfter_us)
                                : spec_.min_age_us;
    Expect(now_us_ - dealt.at_us >= pause_us, "the next step too early");
    switch (step.step) {
      case Step::kNudged:
        Expect(dealt.about != key || dealt.nudges < 3, "too many nudges");
        return;
      case Step::kTerminated:
        Expect(spec_.action == ForeignAction::kTerminateParent, "a TERM that nobody wanted");
        Expect(dealt.about == key, "TERM, although the nudge helped");
        Expect(dealt.last == Step::kNudged, "TERM without a nudge");
        return;
      case Step::kKilled:
        Expect(spec_.action == ForeignAction::kTerminateParent ||
                   spec_.action == ForeignAction::kKillParent,
               "a KILL that nobody wanted");
        Expect(dealt.about == key, "KILL, although something helped");
        Expect(dealt.last ==
                   (spec_.action == ForeignAction::kKillParent ? Step::kNudged : Step::kTerminated),
               "KILL out of order");
        return;
      case Step::kFound:
      case Step::kGone:
      case Step::kExempt:
      case Step::kFailed:
        return Expect(false, "no step at all");
    }
  }

  void Answer(const ParentStep& step) {
    StepOutcome outcome;
    if (random_.Chance(20)) outcome.kind = static_cast<Outcome>(random_.Below(5));
    if (outcome.kind == Outcome::kFailed) outcome.error = EPERM;
    const auto event = plan_.OnStep(step, outcome, now_us_);
    const Key keeper{step.zombie.parent, step.zombie.parent_start_ticks};
    switch (outcome.kind) {
      case Outcome::kTaken: {
        Dealt& dealt = dealt_[keeper];
        const Key about{step.zombie.pid, step.zombie.start_ticks};
        const bool again = dealt.about == about && step.step == Step::kNudged;
        dealt = {.last = step.step,
                 .at_us = now_us_,
                 .about = about,
                 .nudges = again ? dealt.nudges + 1 : 1};
        Expect(event && event->step == step.step, "does not tell of a step");
        break;
      }
      case Outcome::kGone:
        Expect(!event, "tells of a step that was not taken");
        break;
      case Outcome::kNestedInit:
        nested_.insert(keeper);
        break;
      case Outcome::kSpared:
        break;
      case Outcome::kFailed:
        Expect(event && event->step == Step::kFailed && event->error == EPERM, "hides a failure");
        break;
    }
    if (event) ++seen_.events[event->step];
  }

  void CheckMemory() {
    std::set<Key> keepers;
    for (const auto& [zombie, keeper] : foreign_)
      keepers.insert(keeper);
    const model::ForeignMemory memory = plan_.Save();
    Expect(memory.zombies.size() == foreign_.size(), "remembers other zombies than there are");
    Expect(memory.parents.size() == keepers.size(), "remembers other parents than there are");
    const auto next_us = plan_.NextStep(now_us_);
    Expect(!next_us || *next_us > now_us_, "wants a look in the past");
  }

  Random random_;
  model::ForeignZombieSpec spec_;
  ForeignPlan plan_;
  Seen& seen_;
  Micros now_us_ = 1000 * kSecond;
  std::uint64_t look_ = 0;
  std::uint64_t ticks_ = 1;
  std::map<pid_t, SeenProcess> processes_;
  std::set<pid_t> spared_;
  std::map<Key, Key> foreign_;  ///< zombie -> parent, at the last look
  std::map<std::pair<Key, Key>, Confirmation> confirmed_;
  std::map<Key, Micros> since_;
  std::map<Key, std::uint32_t> held_;
  std::map<Key, std::uint32_t> held_before_;
  std::map<Key, Dealt> dealt_;
  std::set<Key> found_;
  std::set<Key> nested_;
  std::string violation_;
};

TEST(ForeignPlanProperty, KeepsItsPromisesWhateverItSees) {
  const PropertyRun run = PropertyRun::FromEnvironment(kLooks);
  Seen seen;
  for (std::uint64_t seed = run.first_seed; seen.looks < run.steps; ++seed) {
    Life life(seed, seen);
    ASSERT_EQ(life.Live(), "") << PropertyRun::Again(seed);
  }
  if (!run.whole) return;
  for (const Step step : {Step::kFound, Step::kNudged, Step::kTerminated, Step::kKilled,
                          Step::kGone, Step::kExempt, Step::kFailed}) {
    EXPECT_GT(seen.events[step], seen.lives / 20) << static_cast<int>(step);
  }
  EXPECT_GT(seen.growing, seen.lives / 2);
}

}  // namespace
}  // namespace reaperd::reap
