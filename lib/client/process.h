// Processes as the status socket tells them. Values, as in death.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/wall_time.h"

namespace reaperd::client {

/// A descendant of reaperd. state: alive, dead, held, foreign.
struct Process {
  std::int64_t pid = 0;
  std::optional<std::string> id;
  std::int64_t ppid = 0;
  std::optional<std::string> comm;
  std::optional<std::vector<std::string>> cmdline;
  std::optional<std::int64_t> uid;
  std::optional<std::string> role;  ///< of children of reaperd alone
  std::optional<std::string> service;
  std::string state;
  std::optional<std::string> first_seen;
  std::optional<WallMicros> started_at;
  std::string json;  ///< the object as it came
};

/// Who is alive below reaperd: state as the kernel shows it (R, S, D, T ...).
struct Blocker {
  std::int64_t pid = 0;
  std::string comm;
  std::string state;
  std::optional<std::string> wait_channel;
  std::string json;
};

/// The first of them, as many as reaperd tells.
struct Blockers {
  std::vector<Blocker> processes;
  bool more = false;  ///< there are others
};

/// A zombie that only its living parent can reap. growing is empty at the first look.
struct ForeignZombie {
  std::int64_t pid = 0;
  std::optional<std::string> comm;
  std::int64_t age_us = 0;
  std::int64_t parent = 0;
  std::optional<std::string> parent_comm;
  std::int64_t held_by_parent = 0;
  std::optional<bool> growing;
  std::string json;
};

}  // namespace reaperd::client
