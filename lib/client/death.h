// A death record as the status socket tells it. Values; times are wall time. What reaperd did not
// know is empty. Words with a fixed set (role, cause, detail ...) are texts: a newer reaperd may
// have more of them. Texts of strangers are UTF-8, but not fit for a terminal: escape them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/wall_time.h"
#include "model/exit_status.h"
#include "model/resource_use.h"

namespace reaperd::client {

struct Ancestor {
  std::int64_t pid = 0;
  std::string comm;
};

struct Verdict {
  std::string cause;
  std::string evidence;

  /// All but a success, a stop that was asked for, and a signal that came through reaperd.
  [[nodiscard]] bool abnormal() const {
    return cause != "success" && cause != "stopped" && cause != "forwarded-signal";
  }
};

struct IoUse {
  std::int64_t read_bytes = 0;
  std::int64_t write_bytes = 0;
};

struct HoldNote {
  std::string rule;
  std::optional<std::string> released_by;  ///< empty: it is being held
};

struct Death {
  std::int64_t seq = 0;
  std::string instance;
  std::int64_t pid = 0;
  std::optional<std::string> id;
  std::string role;
  std::optional<std::string> service;
  std::optional<std::string> comm;
  std::optional<std::vector<std::string>> cmdline;
  std::optional<bool> cmdline_truncated;
  std::optional<std::string> exe;
  std::optional<std::string> cwd;
  std::optional<std::int64_t> uid;
  std::optional<std::int64_t> gid;
  std::optional<std::string> cgroup;
  std::string first_seen;
  std::optional<std::vector<Ancestor>> lineage;
  std::optional<std::int64_t> session;
  std::optional<std::int64_t> process_group;
  std::optional<WallMicros> started_at;
  WallMicros died_at = 0;
  std::optional<WallMicros> reaped_at;
  std::optional<Micros> run_time_us;
  Micros held_us = 0;
  model::ExitStatus end;
  Verdict verdict;
  std::optional<model::ResourceUse> rusage;
  std::optional<IoUse> io;
  std::string detail;
  std::optional<HoldNote> hold;
  std::string json;  ///< the object as it came
};

/// Which deaths: all that is set must match. In order of seq.
struct DeathQuery {
  std::optional<std::int64_t> after_seq;
  std::optional<std::int64_t> pid;
  std::optional<std::string> service;
  std::optional<std::string> cause;
  std::optional<WallMicros> since;
};

struct DeathPage {
  std::vector<Death> deaths;
  std::int64_t looked_to_seq = 0;
  std::int64_t oldest_seq = 0;  ///< older ones are not kept
  bool more = false;
};

}  // namespace reaperd::client
