// What is held, and why, as the status socket tells it. Values, as in death.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/wall_time.h"
#include "client/death.h"
#include "model/exit_status.h"

namespace reaperd::client {

struct Hold {
  Death record;
  std::string rule;
  std::optional<std::string> barrier;
  WallMicros since = 0;
  std::optional<WallMicros> until;  ///< empty: until the limit on all holds
  std::string json;
};

struct HoldRule {
  std::string name;
  std::string rule;  ///< as on the command line
  std::int64_t held = 0;
  std::string json;
};

struct Barrier {
  std::string name;
  std::optional<std::int64_t> count;
  bool all = false;
  std::optional<Micros> timeout_us;
  std::int64_t dead = 0;
  std::optional<WallMicros> deadline;
  std::string json;
};

struct HoldLimits {
  std::int64_t max_held = 0;
  double max_share_of_pids = 0;
  Micros max_time_us = 0;
};

struct HoldRules {
  std::vector<HoldRule> rules;
  std::vector<Barrier> barriers;
  HoldLimits limits;
  std::int64_t held = 0;
  std::int64_t leases = 0;
};

struct BarrierMember {
  std::int64_t pid = 0;
  std::optional<std::string> id;
  model::ExitStatus end;
  std::string released_by;
};

struct BarrierResult {
  std::string barrier;
  bool complete = false;
  std::vector<BarrierMember> members;
  std::int64_t unlisted = 0;
};

/// A file of a held zombie's /proc: its text, or an errno.
struct InspectedFile {
  std::string name;
  std::optional<std::string> text;
  std::optional<std::int64_t> error;
  std::optional<bool> truncated;
};

struct Inspection {
  Death record;
  std::optional<Death> before;  ///< an abnormal death shortly before that may have led to it
  std::optional<Hold> hold;
  std::vector<InspectedFile> files;
  std::string json;
};

/// What came of asking for a hold.
struct Lease {
  std::optional<std::string> id;
  bool held = false;  ///< false: it lives, and is held when it dies
  std::optional<WallMicros> until;
  std::string json;
};

struct AddedRule {
  std::string name;
  std::vector<std::string> warnings;
  std::string json;
};

struct Released {
  std::int64_t released = 0;
  std::string json;
};

}  // namespace reaperd::client
