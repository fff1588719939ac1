// What Monitor tells: a snapshot in parts, then events, and gaps. Values, as in death.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/wall_time.h"
#include "client/death.h"
#include "client/hold.h"
#include "client/process.h"
#include "model/exit_status.h"

namespace reaperd::client {

struct SpawnedEvent {
  Process process;
};
struct AdoptedEvent {
  Process process;
};
/// How it ended is known at once; why, with the reap.
struct DiedEvent {
  std::int64_t death_seq = 0;
  std::int64_t pid = 0;
  std::optional<std::string> id;
  std::optional<std::string> comm;
  model::ExitStatus end;
};
struct HeldEvent {
  Hold hold;
};
struct ReleasedEvent {
  std::int64_t pid = 0;
  std::optional<std::string> id;
  std::string rule;
  std::string released_by;
};
struct ReapedEvent {
  Death death;
};
struct BarrierEvent {
  BarrierResult result;
};
struct ForeignEvent {
  std::string step;
  ForeignZombie zombie;
  std::optional<std::int64_t> error;
};
struct Sender {
  bool kernel = false;
  std::int64_t pid = 0;
  std::int64_t uid = 0;
};
struct SignalEvent {
  std::string received;
  std::optional<std::string> sent;
  Sender sender;
  std::string outcome;
};
struct ServiceEvent {
  std::string name;
  std::string state;
};
struct StoppingEvent {
  std::string phase;
};
/// Of a newer reaperd: this client does not know it.
struct UnknownEvent {};

using EventBody =
    std::variant<UnknownEvent, SpawnedEvent, AdoptedEvent, DiedEvent, HeldEvent, ReleasedEvent,
                 ReapedEvent, BarrierEvent, ForeignEvent, SignalEvent, ServiceEvent, StoppingEvent>;

struct Event {
  std::int64_t seq = 0;
  WallMicros at = 0;
  EventBody body;
};

/// What there was at seq, in parts.
struct Snapshot {
  std::int64_t seq = 0;
  std::vector<Process> processes;
  std::vector<Hold> held;
  bool more = false;  ///< another part follows
};

/// Events that are lost to this reader, both included.
struct Gap {
  std::int64_t from = 0;
  std::int64_t to = 0;
};

struct News {
  std::variant<Snapshot, Event, Gap> what;
  std::string json;  ///< the object of the snapshot, event or gap, as it came
};

}  // namespace reaperd::client
