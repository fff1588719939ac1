// A foreign zombie: a zombie whose living parent is not us. No init can reap it; its parent can, and
// its parent's end makes it ours.
#pragma once

#include <sys/types.h>

#include <cstdint>
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
};

/// What was done about a parent, and what came of it.
struct ForeignEvent {
  enum class Step { kFound, kNudged, kTerminated, kKilled, kGone, kExempt, kFailed };
  Step step = Step::kFound;
  ForeignZombie zombie;
  int error = 0;  ///< kFailed: errno
};

}  // namespace reaperd::model
