// Event: something that happened to the processes or to the run, as a value, for those who follow.
//
// Given to an EventSink (daemon to status) as it happens, in order. Instants are CLOCK_BOOTTIME.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <variant>

#include "base/clock.h"
#include "base/enum_names.h"
#include "model/death_record.h"
#include "model/exit_status.h"
#include "model/foreign_zombie.h"
#include "model/hold_info.h"
#include "model/process_info.h"
#include "model/sent_signal.h"

namespace reaperd::model {

/// What became of a signal that reached us.
enum class SignalOutcome {
  kForwarded,     ///< sent on
  kDropped,       ///< rewritten to none, or swallowed
  kDrainStarted,  ///< a stop signal: kept until the drain is over
  kDrainEnded,    ///< a second stop signal ended the drain; also forwarded
  kKilledAll,     ///< a second stop signal under --force-on-second
  kNobodyLeft,    ///< nobody was there to get it
  kFailed,        ///< sending it on failed
  kIgnored,       ///< the kernel's HUP or CONT after we gave up the terminal
};
inline constexpr EnumNames<SignalOutcome, 8> kSignalOutcomes{{{
    {SignalOutcome::kForwarded, "forwarded"},
    {SignalOutcome::kDropped, "dropped"},
    {SignalOutcome::kDrainStarted, "drain_started"},
    {SignalOutcome::kDrainEnded, "drain_ended"},
    {SignalOutcome::kKilledAll, "killed_all"},
    {SignalOutcome::kNobodyLeft, "nobody_left"},
    {SignalOutcome::kFailed, "failed"},
    {SignalOutcome::kIgnored, "ignored"},
}}};

/// How far a run has come.
enum class RunPhase { kRunning, kDraining, kStopping, kGrace, kKilled, kDone };
inline constexpr EnumNames<RunPhase, 6> kRunPhases{{{
    {RunPhase::kRunning, "running"},
    {RunPhase::kDraining, "draining"},
    {RunPhase::kStopping, "stopping"},
    {RunPhase::kGrace, "grace"},
    {RunPhase::kKilled, "killed"},
    {RunPhase::kDone, "done"},
}}};

struct SpawnedEvent {
  ProcessInfo process;
  pid_t parent = 0;  ///< us
};
struct AdoptedEvent {
  ProcessInfo process;
  pid_t parent = 0;  ///< us
};
/// Its zombie was seen. Why it died may not be known yet.
struct DiedEvent {
  std::shared_ptr<const DeathRecord> record;
};
struct HeldEvent {
  HoldInfo hold;
};
struct ReleasedEvent {
  pid_t pid = 0;
  std::string id;
  std::string rule;
  ReleaseReason reason = ReleaseReason::kTimeout;
};
/// The record is complete.
struct ReapedEvent {
  std::shared_ptr<const DeathRecord> record;
};
struct BarrierEvent {
  BarrierResult result;
};
struct SignalEvent {
  int received = 0;
  int sent = 0;  ///< 0: nothing
  SignalSender sender;
  SignalOutcome outcome = SignalOutcome::kForwarded;
};
struct StoppingEvent {
  RunPhase phase = RunPhase::kStopping;
};

using EventBody = std::variant<SpawnedEvent, AdoptedEvent, DiedEvent, HeldEvent, ReleasedEvent,
                               ReapedEvent, BarrierEvent, ForeignEvent, SignalEvent, StoppingEvent>;

struct Event {
  std::uint64_t seq = 0;  ///< 1, 2, 3 … without gaps, given by who keeps them
  Micros at_us = 0;
  EventBody body;
};

}  // namespace reaperd::model
