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
#include "model/event.h"
#include "model/exit_status.h"
#include "model/hold_info.h"
#include "model/hold_rule.h"
#include "model/lease.h"
#include "model/process_info.h"
#include "model/run_spec.h"
#include "model/sent_signal.h"

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
  kForeign,  ///< a zombie that only its living parent, who is not us, can reap
};
inline constexpr EnumNames<ProcessState, 4> kProcessStates{{{
    {ProcessState::kAlive, "alive"},
    {ProcessState::kDead, "dead"},
    {ProcessState::kHeld, "held"},
    {ProcessState::kForeign, "foreign"},
}}};

/// A descendant of ours, as it is now.
struct ProcessView {
  pid_t pid = 0;
  std::string id;  ///< empty: not known
  pid_t parent = 0;
  std::string comm;  ///< raw bytes; empty: not known
  std::optional<uid_t> uid;
  ProcessState state = ProcessState::kAlive;
  std::optional<Micros> started_us;
  /// What we know of children of ours; nullptr: it is somebody else's child.
  std::shared_ptr<const ProcessInfo> child;
};
/// In order of pid. Shared by all that asked before the look for it began.
using ProcessList = std::shared_ptr<const std::vector<ProcessView>>;

// --- holds

struct HoldRuleView {
  HoldRule rule;
  std::string text;      ///< as on the command line (config/short_form.h)
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

// --- the run as a whole

struct MainView {
  enum class State {
    kAlive,
    kHeld,   ///< dead, and kept by a rule
    kEnded,  ///< reaped
  };
  pid_t pid = 0;
  std::string name;
  State state = State::kAlive;
  Micros started_us = 0;
  std::optional<ExitStatus> end;  ///< nullopt: it is alive
};

struct StatusView {
  std::string version;
  std::string instance;  ///< names this run; hexadecimal
  pid_t pid = 0;
  bool pid1 = false;
  bool subreaper = false;
  ReapMode reap = ReapMode::kWait;
  RunPhase phase = RunPhase::kRunning;
  Micros started_us = 0;
  std::optional<MainView> main;  ///< nullopt: a run without a command
  std::string log_level;         ///< empty: the voice of another program
  std::size_t children = 0;      ///< that are known and not reaped
  std::size_t held = 0;
  std::size_t max_held = 0;  ///< as it stands now, all limits considered
  std::size_t leases = 0;
  std::size_t rules = 0;
  std::size_t barriers = 0;
  ControlCounters counters;
};

/// Who is alive below us.
struct Remaining {
  pid_t pid = 0;
  std::string comm;  ///< raw bytes
  char state = '?';  ///< as the kernel shows it
  std::string wait_channel;
};

struct RemainingList {
  std::vector<Remaining> processes;
  bool more = false;  ///< there are others that were not looked at, or are not told
};

/// To one process, which is that of `id` or nobody.
struct SignalProcessRequest {
  pid_t pid = 0;
  std::string id;
};
/// To the main process of a service; "main" is the command.
struct SignalServiceRequest {
  std::string name;
};
struct SignalRequest {
  std::variant<SignalProcessRequest, SignalServiceRequest> to;
  int signal = 0;
  SignalSender sender;  ///< who asks, for the verdict
};

}  // namespace reaperd::model
