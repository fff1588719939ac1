// DeathRecord: the value made when a death is seen. Who it was, how it ended, why, with evidence.
//
// A field that is not known is empty, never invented. Texts are raw bytes chosen by strangers;
// whoever prints them escapes them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/enum_names.h"
#include "model/exit_status.h"
#include "model/process_info.h"
#include "model/resource_use.h"
#include "model/verdict.h"

namespace reaperd::model {

/// How much was read of the zombie before it was reaped.
enum class Detail {
  kMinimal,   ///< what waitid tells, and the shadow
  kStandard,  ///< and /proc/<pid>/stat
  kFull,      ///< and status, io and cgroup
};

// TABLES: the words of records, in JSON, rules and documents.
inline constexpr EnumNames<Detail, 3> kDetails{{{
    {Detail::kMinimal, "minimal"},
    {Detail::kStandard, "standard"},
    {Detail::kFull, "full"},
}}};
inline constexpr EnumNames<Role, 6> kRoles{{{
    {Role::kMain, "main"},
    {Role::kService, "service"},
    {Role::kHook, "hook"},
    {Role::kHelper, "helper"},
    {Role::kAdopted, "adopted"},
    {Role::kEntered, "entered"},
}}};
inline constexpr EnumNames<FirstSight, 4> kFirstSights{{{
    {FirstSight::kSpawn, "spawn"},
    {FirstSight::kDiscovery, "discovery"},
    {FirstSight::kList, "list"},
    {FirstSight::kDeath, "death"},
}}};

/// Why a hold ended.
enum class ReleaseReason {
  kTimeout,   ///< its time was over
  kRequest,   ///< somebody asked
  kLeaseEnd,  ///< the lease ended
  kBarrier,   ///< its barrier was complete, or timed out
  kKeep,      ///< a newer one of the same rule took its place
  kBudget,    ///< more than may be held at all
  kPressure,  ///< process numbers became scarce
  kReplaced,  ///< the service's successor runs
  kShutdown,  ///< a stop, or the end of the run
};
inline constexpr EnumNames<ReleaseReason, 9> kReleaseReasons{{{
    {ReleaseReason::kTimeout, "timeout"},
    {ReleaseReason::kRequest, "request"},
    {ReleaseReason::kLeaseEnd, "lease-end"},
    {ReleaseReason::kBarrier, "barrier"},
    {ReleaseReason::kKeep, "keep"},
    {ReleaseReason::kBudget, "budget"},
    {ReleaseReason::kPressure, "pressure"},
    {ReleaseReason::kReplaced, "replaced"},
    {ReleaseReason::kShutdown, "shutdown"},
}}};

struct IoUse {
  std::uint64_t read_bytes = 0;   ///< from the storage layer
  std::uint64_t write_bytes = 0;  ///< to the storage layer

  bool operator==(const IoUse&) const = default;
};

/// How a record's process was held, if it was.
struct HoldNote {
  std::string rule;                          ///< name of the rule, "lease" for a lease
  std::optional<ReleaseReason> released_by;  ///< nullopt: it is being held
};

struct DeathRecord {
  std::uint64_t seq = 0;  ///< 1, 2, 3 … without gaps
  pid_t pid = 0;
  std::string id;  ///< "i<pidfs inode>", else "s<pid>:<start ticks>"; empty: neither was read
  Role role = Role::kAdopted;
  std::string service;  ///< empty: none
  std::string comm;     ///< empty: not known
  FirstSight first_sight = FirstSight::kDeath;
  std::shared_ptr<const Shadow> shadow;  ///< nullptr: never seen alive
  std::optional<uid_t> uid;
  std::optional<gid_t> gid;
  std::optional<std::string> cgroup;
  std::optional<pid_t> session;
  std::optional<pid_t> process_group;
  std::optional<Micros> started_us;  ///< CLOCK_BOOTTIME, as all instants here
  Micros died_us = 0;                ///< when we saw it
  std::optional<Micros> reaped_us;   ///< nullopt: not yet
  ExitStatus end;
  Verdict verdict;
  std::optional<ResourceUse> usage;
  std::optional<IoUse> io;
  Detail detail = Detail::kMinimal;
  std::optional<HoldNote> hold;

  [[nodiscard]] std::optional<Micros> run_time_us() const {
    if (!started_us) return std::nullopt;
    return died_us - *started_us;
  }
  [[nodiscard]] Micros held_us() const { return hold && reaped_us ? *reaped_us - died_us : 0; }
};

}  // namespace reaperd::model
