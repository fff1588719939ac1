// What is to be held, for how long, and how much at most: the object `hold` of the configuration.
// Values only; reap/hold_match decides which rule matches, reap/held_queue when a hold ends.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "model/death_record.h"
#include "model/verdict.h"

namespace reaperd::model {

struct CodeRange {
  int low = 0;  ///< both included
  int high = 0;

  bool operator==(const CodeRange&) const = default;
};

/// All keys that are not empty must match; a key with several values matches by any of them. Texts
/// are globs: * any bytes, ? any byte, [a-z] one of them; nothing is special about "/".
struct HoldMatch {
  std::vector<Cause> causes;  ///< "abnormal" stands here as what it means
  std::vector<CodeRange> exit_codes;
  std::vector<int> signals;
  std::vector<int> exclude_signals;  ///< a death by one of these does not match
  std::vector<Role> roles;           ///< main is matched only by a rule that says so
  std::vector<std::string> services;
  std::vector<std::string> comm;
  std::vector<std::string> exe;      ///< this and the next two: only of processes seen alive
  std::vector<std::string> cmdline;  ///< of the words joined by blanks
  std::vector<std::string> cwd;
  std::vector<uid_t> uids;
  std::vector<std::string> cgroup;
  std::optional<Micros> min_run_time_us;
  std::optional<Micros> max_run_time_us;

  bool operator==(const HoldMatch&) const = default;
};

enum class HoldEnd {
  kTime,      ///< after HoldRule::for_us, or the limits' time
  kReleased,  ///< when somebody asks
  kReplaced,  ///< when the service's successor runs
  kBarrier,   ///< together with the others of HoldRule::barrier
};

struct HoldRule {
  std::string name;
  HoldMatch match;
  HoldEnd end = HoldEnd::kTime;
  std::optional<Micros> for_us;       ///< kTime; nullopt: HoldLimits::max_time_us
  std::string barrier;                ///< kBarrier
  std::optional<std::uint32_t> keep;  ///< at most so many by this rule, the oldest goes

  bool operator==(const HoldRule&) const = default;
};

struct Barrier {
  std::string name;
  std::optional<std::uint32_t> count;  ///< complete with so many dead
  bool all = false;                    ///< complete when no living process matches any more
  std::optional<Micros> timeout_us;    ///< from the first of them; nullopt: the limits' time

  bool operator==(const Barrier&) const = default;
};

struct HoldLimits {
  std::optional<std::uint32_t> max_held;  ///< nullopt: 64; 16 as PID 1 when no limit is visible
  double max_share_of_pids = 0.25;        ///< of the smallest visible limit on processes
  Micros max_time_us = 15 * 60 * kSecond;

  bool operator==(const HoldLimits&) const = default;
};

struct HoldSpec {
  std::vector<HoldRule> rules;  ///< the first that matches counts
  std::vector<Barrier> barriers;
  HoldLimits limits;

  bool operator==(const HoldSpec&) const = default;
};

}  // namespace reaperd::model
