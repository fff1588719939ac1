// A child that we know of: what was noted about it while it lived.
//
// Most of what tells who a process was is gone from /proc when it is a zombie
// (docs/kernel-facts.md#what-a-zombie-still-shows): so it is noted at first sight, in a Shadow. A
// field that was not learned is empty, never guessed.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "model/process_id.h"

namespace reaperd::model {

/// How we learned that a process exists. Adoption itself is silent
/// (docs/kernel-facts.md#adoption-is-silent).
enum class FirstSight {
  kSpawn,      ///< we made it
  kDiscovery,  ///< a search for new children found it
  kList,       ///< it stood in a list of children that was read for another reason
  kDeath,      ///< only its death told us
};

/// What a process is to us.
enum class Role {
  kMain,     ///< the command of command mode
  kService,  ///< the main process of a service
  kHook,     ///< a command that we run beside: drain, stop, probe
  kHelper,   ///< a part of ourselves: the scribe
  kAdopted,  ///< an orphan that came to us
  kEntered,  ///< came from outside our pid namespace (docker exec)
};

struct Ancestor {
  pid_t pid = 0;
  std::string comm;  ///< raw bytes

  bool operator==(const Ancestor&) const = default;
};

/// What /proc showed of a living process. All texts are raw bytes chosen by strangers.
struct Shadow {
  static constexpr std::size_t kCmdlineBytes = 4096;
  static constexpr std::size_t kPathBytes = 1024;  ///< exe, cwd, cgroup
  static constexpr std::size_t kEnvironBytes = 8192;
  static constexpr std::size_t kLineage = 8;

  std::string comm;
  /// Whose process it was when its words were looked for; they are no other user's to read, also
  /// when the process becomes his. nullopt: not looked.
  std::optional<uid_t> uid;
  std::optional<std::vector<std::string>> cmdline;
  bool cmdline_truncated = false;
  std::optional<std::string> exe;
  std::optional<std::string> cwd;
  std::optional<std::string> cgroup;  ///< path in the unified hierarchy, else of v1's memory
  std::optional<gid_t> gid;
  /// Parents upwards, nearest first, ourselves excluded; nullopt: nobody saw them alive.
  std::optional<std::vector<Ancestor>> lineage;
  std::optional<std::vector<std::string>> environ;
  bool environ_truncated = false;

  bool operator==(const Shadow&) const = default;
};

/// What is known of a process that was just made to run `command`: its words, within the caps, and
/// its name, which the kernel takes from the file that is executed.
std::shared_ptr<const Shadow> ShadowOfCommand(const std::vector<std::string>& command);

/// The user who may read the words of a shadow whose process is `now`'s: nobody when it was another
/// user's before.
std::optional<uid_t> OwnerOfWords(const Shadow* shadow, const std::optional<uid_t>& now);

struct ProcessInfo {
  pid_t pid = 0;
  FirstSight first_sight = FirstSight::kDiscovery;
  Role role = Role::kAdopted;
  Micros first_seen_us = 0;              ///< CLOCK_BOOTTIME
  std::uint64_t start_ticks = 0;         ///< field 22 of stat: clock ticks after boot; 0: not read
  std::uint64_t pidfs_inode = 0;         ///< unique since boot; 0: no pidfd was opened
  pid_t session = 0;                     ///< 0: not read
  std::shared_ptr<const Shadow> shadow;  ///< nullptr: not looked at yet
  std::string service;                   ///< name of the service whose process it is; empty: none

  [[nodiscard]] ProcessIdentity identity() const {
    return {.pid = pid, .pidfs_inode = pidfs_inode, .start_ticks = start_ticks};
  }
  /// As in its records; empty: not known yet.
  [[nodiscard]] std::string Id() const { return identity().Id(); }
};

}  // namespace reaperd::model
