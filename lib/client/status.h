// The state of a run of reaperd in one value, as GetStatus tells it. Members as in the interface.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/wall_time.h"
#include "model/exit_status.h"

namespace reaperd::client {

struct ReapCounters {
  std::int64_t sigchld_received = 0;
  std::int64_t deaths = 0;
  std::int64_t reaped = 0;
  std::int64_t errors = 0;
};

struct ScribeCounters {
  std::int64_t lines = 0;
  std::int64_t dropped = 0;
  std::int64_t restarts = 0;
};

struct SocketCounters {
  std::int64_t clients = 0;
  std::int64_t monitors = 0;
  std::int64_t accepted = 0;
  std::int64_t refused = 0;
  std::int64_t turned_away = 0;
  std::int64_t requests = 0;
  std::int64_t errors = 0;
  std::int64_t bad_messages = 0;
  std::int64_t gaps = 0;
};

struct Ring {
  std::int64_t next_seq = 1;
  std::int64_t oldest_seq = 1;
  std::int64_t kept = 0;
  std::int64_t bytes = 0;
};

struct HoldState {
  std::int64_t held = 0;
  std::int64_t max_held = 0;
  std::int64_t leases = 0;
  std::int64_t rules = 0;
  std::int64_t barriers = 0;
};

/// state: alive, held, ended.
struct Main {
  std::int64_t pid = 0;
  std::string name;
  std::string state;
  WallMicros started_at = 0;
  std::optional<model::ExitStatus> end;
};

struct RunStatus {
  std::string version;
  std::string instance;
  std::int64_t pid = 0;
  std::string mode;  ///< command, services
  bool pid1 = false;
  bool subreaper = false;
  std::string reap;   ///< wait, auto
  std::string phase;  ///< running, draining, stopping, grace, killed, done
  WallMicros started_at = 0;
  Micros uptime_us = 0;
  std::optional<Main> main;
  std::string log_level;
  std::int64_t children = 0;
  ReapCounters reaping;
  HoldState hold;
  Ring ring;
  ScribeCounters scribe;
  SocketCounters socket;
  std::string json;
};

}  // namespace reaperd::client
