// A foreign zombie: a zombie whose living parent is not us. No init can reap it; its parent can, and
// its parent's end makes it ours.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/enum_names.h"

namespace reaperd::model {

enum class ForeignAction {
  kReport,           ///< tell, no more
  kNudge,            ///< send SIGCHLD to the parent
  kTerminateParent,  ///< and when that did not help: TERM, then KILL to the parent
  kKillParent,       ///< the same with KILL at once
};
inline constexpr EnumNames<ForeignAction, 4> kForeignActions{{{
    {ForeignAction::kReport, "report"},
    {ForeignAction::kNudge, "nudge"},
    {ForeignAction::kTerminateParent, "terminate-parent"},
    {ForeignAction::kKillParent, "kill-parent"},
}}};

struct ForeignZombieSpec {
  std::optional<Micros> interval_us;  ///< nullopt: only when somebody asks
  Micros min_age_us = 10 * kSecond;  ///< since we first saw it; also the pause before the next step
  ForeignAction action = ForeignAction::kReport;
  std::vector<std::string> exempt;  ///< globs of the parent's comm: never acted upon

  bool operator==(const ForeignZombieSpec&) const = default;
};

struct ForeignZombie {
  pid_t pid = 0;
  std::uint64_t start_ticks = 0;
  std::string comm;   ///< raw bytes
  Micros age_us = 0;  ///< since we first saw it dead
  pid_t parent = 0;
  std::uint64_t parent_start_ticks = 0;
  std::string parent_comm;
  std::uint32_t held_by_parent = 0;  ///< zombies that this parent keeps now
  std::optional<bool> growing;       ///< more of them than at the last look; nullopt: first look

  bool operator==(const ForeignZombie&) const = default;
};

/// In order of pid, as /proc has them. Shared by all that asked before the look for it began.
using ForeignList = std::shared_ptr<const std::vector<ForeignZombie>>;

/// What was done about a parent, and what came of it.
struct ForeignEvent {
  enum class Step {
    kFound,       ///< it is older than min_age; told once
    kNudged,      ///< its parent got SIGCHLD
    kTerminated,  ///< its parent got TERM
    kKilled,      ///< its parent got KILL
    kGone,        ///< no foreign zombie any more: its parent reaped it, or it came to us; told once
    kExempt,      ///< its parent is to be left alone; told once for each parent
    kFailed,      ///< a step failed, or the last step did not help: `error`
  };
  Step step = Step::kFound;
  ForeignZombie zombie;  ///< kGone: as it was seen last
  int error = 0;         ///< kFailed: errno; ETIMEDOUT: all steps were taken and it is still there
  /// kGone: the last that was done about its parent since it was found; kFound: nothing.
  Step after = Step::kFound;

  bool operator==(const ForeignEvent&) const = default;
};

/// What is known between two looks, to be saved and loaded. Not for clients.
struct ForeignMemory {
  struct Zombie {
    ForeignZombie last;         ///< as the last look saw it
    Micros first_seen_us = 0;   ///< CLOCK_BOOTTIME
    Micros with_parent_us = 0;  ///< since when we know it with this parent
    bool told = false;          ///< kFound was told

    bool operator==(const Zombie&) const = default;
  };
  struct Parent {
    pid_t pid = 0;
    std::uint64_t start_ticks = 0;
    std::uint32_t zombies = 0;                                  ///< at the last look
    std::uint32_t steps_taken = 0;                              ///< about the zombie below
    ForeignEvent::Step last_step = ForeignEvent::Step::kFound;  ///< kFound: none so far
    Micros step_us = 0;                                         ///< when that was
    pid_t step_zombie = 0;                                      ///< whom it was about
    std::uint64_t step_zombie_ticks = 0;
    bool given_up = false;     ///< no further step about that zombie
    bool exempt_told = false;  ///< kExempt was told
    bool nested_init = false;  ///< found to be PID 1 of a pid namespace below ours

    bool operator==(const Parent&) const = default;
  };

  bool looked = false;  ///< there was a look before
  std::vector<Zombie> zombies;
  std::vector<Parent> parents;

  bool operator==(const ForeignMemory&) const = default;
};

}  // namespace reaperd::model
