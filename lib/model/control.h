// What is asked of a running reaperd, and answered: the words of status::ControlPlane. Values; all
// instants are CLOCK_BOOTTIME.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/enum_names.h"
#include "base/unique_fd.h"
#include "model/counters.h"
#include "model/death_record.h"
#include "model/hold_info.h"
#include "model/hold_rule.h"
#include "model/lease.h"
#include "model/process_info.h"

namespace reaperd::model {

// --- deaths

/// Which death: of this number if it is set, else the last one of the pid, and with that id if one
/// is given.
struct DeathSelector {
  std::optional<std::uint64_t> seq;
  pid_t pid = 0;
  std::string id;
};

struct DeathFinding {
  std::shared_ptr<const DeathRecord> record;
  /// An abnormal death shortly before it that may have led to it; nullptr: none is known.
  std::shared_ptr<const DeathRecord> before;
  std::optional<HoldInfo> hold;  ///< it is being held
};

// --- children

enum class ProcessState {
  kAlive,
  kDead,  ///< its death was seen; it is reaped at once, or when its verdict is there
  kHeld,
};
inline constexpr EnumNames<ProcessState, 3> kProcessStates{{{
    {ProcessState::kAlive, "alive"},
    {ProcessState::kDead, "dead"},
    {ProcessState::kHeld, "held"},
}}};

struct ProcessView {
  ProcessInfo info;
  std::string id;    ///< empty: not known
  pid_t parent = 0;  ///< us: children alone are known
  ProcessState state = ProcessState::kAlive;
  std::optional<Micros> started_us;
};

struct ProcessQuery {
  static constexpr std::size_t kMaxLimit = 1000;

  pid_t after_pid = 0;
  std::size_t limit = kMaxLimit;  ///< 1 to kMaxLimit, as in RecordQuery
};

struct ProcessPage {
  std::vector<ProcessView> processes;  ///< in order of pid
  bool more = false;                   ///< ask for what follows with the last pid as after_pid
};

// --- holds

struct HoldRuleView {
  HoldRule rule;
  std::size_t held = 0;  ///< by it, now
};

struct HoldRulesView {
  std::vector<HoldRuleView> rules;  ///< in their order: the first that matches counts
  std::vector<BarrierView> barriers;
  HoldLimits limits;
  std::size_t cap = 0;     ///< so many may be held now, all limits considered
  std::size_t held = 0;    ///< by rules and leases, now
  std::size_t leases = 0;  ///< on the living and on the held
};

/// Whether the answer to a lease brings a pidfd.
enum class WantPidfd { kNo, kYes };

struct LeaseAnswer {
  Leased lease;
  std::string id;  ///< of the process; empty: not known
  UniqueFd pidfd;  ///< if it was wanted
};

/// Ends the hold of a process, or the leases on one that lives. An empty id is any.
struct ReleaseProcess {
  pid_t pid = 0;
  std::string id;
};
/// All by the rule of this name; "lease": whom leases alone hold.
struct ReleaseRule {
  std::string name;
};
/// Its members, together.
struct ReleaseBarrier {
  std::string name;
};
struct ReleaseAll {};
using ReleaseRequest = std::variant<ReleaseProcess, ReleaseRule, ReleaseBarrier, ReleaseAll>;

struct ReleaseAnswer {
  std::size_t released = 0;  ///< zombies that are reaped for it in this turn
};

struct AddedRule {
  std::string name;                   ///< as given, or made up
  std::vector<std::string> warnings;  ///< most likely not what was meant
};

// --- counters

struct RingCounters {
  std::uint64_t next_seq = 1;  ///< of the next death: one more than there were
  std::uint64_t oldest_seq = 1;
  std::size_t kept = 0;
  std::size_t bytes = 0;
};

struct ControlCounters {
  ReapCounters reap;
  ScribeCounters scribe;
  HoldCounters hold;
  ForeignCounters foreign;
  RingCounters ring;
};

}  // namespace reaperd::model
