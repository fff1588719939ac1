// ForeignPlan: decides what is done about foreign zombies (zombies in our tree whose living parent
// is not us). Pure: it is told what a look at all processes saw and what came of each step.
//
// No init can reap them; their parent can, and the parent's end makes them ours. So the steps are
// about the parent, one at a time, by the ladder of the configured action:
//
//   report             –
//   nudge              SIGCHLD, at most three times
//   terminate-parent   SIGCHLD, TERM, KILL
//   kill-parent        SIGCHLD, KILL
//
// Promises, whatever it is told:
//  - a step needs a zombie that two looks saw with the same parent, at least min_age apart, both
//    known by pid and start time;
//  - the next step needs the same zombie to be there still, min_age after the step before (KILL
//    after TERM: 5 s at least); if that zombie has gone, the ladder begins anew for the next one;
//  - never a step against a parent that is spared, exempt, outside of our namespace, or a nested
//    namespace's init; nor against a stopped one, which could not reap and is not to blame;
//  - of each zombie kFound is told at most once, when it is older than min_age, and kGone exactly
//    once after that;
//  - it remembers the zombies of the last look and their parents, no more.
// A look at 25 000 zombies takes some 30 ms, so it can be worked through in parts.
// A dead leader whose threads live is neither dead nor foreign
// (docs/kernel-facts.md#a-dead-leader-with-living-threads).
// One thread. Owned by reap::ForeignZombies.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "model/foreign_zombie.h"

namespace reaperd::reap {

/// What a look saw of a process.
struct SeenProcess {
  pid_t pid = 0;
  pid_t parent = 0;  ///< 0: outside of our namespace
  std::uint64_t start_ticks = 0;
  std::string comm;  ///< raw bytes
  char state = '?';
  int threads = 1;

  [[nodiscard]] bool IsZombie() const { return state == 'Z' && threads == 1; }
  [[nodiscard]] bool IsStopped() const { return state == 'T' || state == 't'; }
};

/// Whose zombies count.
enum class ForeignScope {
  kDescendants,  ///< as subreaper: of who descends from us
  kNamespace,    ///< as PID 1: all of our pid namespace, also of who entered it from outside
};

struct ForeignSnapshot {
  pid_t self = 0;
  ForeignScope scope = ForeignScope::kDescendants;
  std::vector<SeenProcess> processes;  ///< all that /proc shows
  std::vector<pid_t> spared;           ///< main, the services' main processes, helpers
};

enum class LookKind {
  kList,  ///< somebody wants to know: no steps
  kAct,
};

/// A step to be taken against `zombie.parent`, if both it and the zombie are still who they were.
struct ParentStep {
  model::ForeignEvent::Step step = model::ForeignEvent::Step::kNudged;  ///< …, kTerminated, kKilled
  model::ForeignZombie zombie;

  bool operator==(const ParentStep&) const = default;
};

struct StepOutcome {
  enum class Kind {
    kTaken,
    kGone,        ///< the zombie or its parent is not there any more, or somebody else
    kSpared,      ///< the parent must not be touched after all
    kNestedInit,  ///< the same, for ever
    kFailed,      ///< by `error`
  };
  Kind kind = Kind::kTaken;
  int error = 0;
};

struct ForeignLook {
  std::vector<model::ForeignZombie> zombies;  ///< all there are, in the order of the snapshot
  std::vector<model::ForeignEvent> events;
  std::vector<ParentStep> steps;  ///< at most one for each parent
};

class ForeignPlan {
 public:
  static constexpr Micros kKillAfter_us = 5 * kSecond;  ///< from TERM to KILL, at least

  explicit ForeignPlan(model::ForeignZombieSpec spec);
  ForeignPlan(ForeignPlan&& other) noexcept;
  ForeignPlan& operator=(ForeignPlan&& other) noexcept;
  ~ForeignPlan();

  [[nodiscard]] const model::ForeignZombieSpec& spec() const { return spec_; }
  /// With another action the ladders begin anew; the pauses since the last steps stay.
  void SetSpec(model::ForeignZombieSpec spec);

  /// Begins a look; one that is under way is dropped.
  void BeginLook(ForeignSnapshot snapshot, LookKind kind, Micros now_us);
  /// Works on `items` of it, each about 1 µs; the answer when it is complete. Between BeginLook and
  /// the answer nothing but SetSpec is to be called.
  std::optional<ForeignLook> ContinueLook(std::size_t items);
  /// A whole look.
  ForeignLook Look(ForeignSnapshot snapshot, LookKind kind, Micros now_us);

  /// The answer to a step, and what is to be told of it. A step without an answer was not taken.
  std::optional<model::ForeignEvent> OnStep(const ParentStep& step, const StepOutcome& outcome,
                                            Micros now_us);

  /// When the next step could be due that follows one already taken; only what is later than
  /// `now_us`, so that nobody looks again and again for a step that cannot be taken.
  [[nodiscard]] std::optional<Micros> NextStep(Micros now_us) const;

  /// Ordered by pid, and back.
  [[nodiscard]] model::ForeignMemory Save() const;
  void Load(const model::ForeignMemory& memory);

 private:
  struct Zombie : model::ForeignMemory::Zombie {
    std::uint64_t parent_look = 0;  ///< the look that first saw it with this parent
  };
  struct Parent : model::ForeignMemory::Parent {
    std::uint64_t look = 0;  ///< the look that counted its zombies
    std::uint32_t zombies_before = 0;
    const Zombie* first_forked = nullptr;  ///< of those that a step may be about; during a look
  };
  /// A foreign zombie and its parent; nullptr: outside of our namespace.
  struct Sighting {
    const SeenProcess* zombie = nullptr;
    const SeenProcess* parent = nullptr;
  };
  struct Pass;  ///< a look under way

  bool WorkOnItem(Pass& pass);
  static void FindForeign(Pass& pass, const SeenProcess& process);
  static bool IsOurs(Pass& pass, pid_t pid);
  bool ForgetZombieIfGone(Pass& pass);
  bool ForgetParentWithoutZombies(Pass& pass);
  void Count(const Sighting& sighting);
  void Notice(Pass& pass, const Sighting& sighting);
  Zombie& Remember(const Sighting& sighting, Micros now_us);
  [[nodiscard]] bool IsConfirmed(const Zombie& zombie, Micros since_us, Micros now_us) const;
  [[nodiscard]] bool IsThere(const Parent& parent) const;
  void Judge(Pass& pass, const SeenProcess& process);
  [[nodiscard]] bool IsExempt(const SeenProcess& process, const ForeignSnapshot& snapshot) const;
  [[nodiscard]] Micros PauseAfter(model::ForeignEvent::Step step) const;

  model::ForeignZombieSpec spec_;
  std::unordered_map<pid_t, Zombie> zombies_;
  std::unordered_map<pid_t, Parent> parents_;
  std::unique_ptr<Pass> pass_;
  std::uint64_t look_ = 0;
  bool looked_ = false;
};

}  // namespace reaperd::reap
