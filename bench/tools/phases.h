// The phases of a reaping measurement. Each makes deaths in one shape, watches the reaper from
// outside and reports one result. A phase never outlasts its deadline: a reaper that falls behind
// is reported with what it had reaped by then.

#pragma once

#include <sys/types.h>

#include <cstdint>

#include "orphans.h"

namespace reaperd::bench {

struct PhaseResult {
  int error = 0;  // errno of what could not be made; then nothing else holds
  int deaths = 0;
  int reaped = 0;               // by the deadline
  std::int64_t cpu_ns = -1;     // of the reaper, in this phase
  std::int64_t elapsed_ns = 0;  // first death → last reap seen
  std::int64_t p50_ns = -1;     // death → reaped; -1: this kernel does not report reaps
  std::int64_t p99_ns = -1;
  std::int64_t max_ns = -1;
  int samples = 0;
};

struct PhaseContext {
  pid_t reaper;
  int reaper_cpu;  // where the reaper runs, -1: anywhere
  Crowd* crowd;
};

/// `count` zombies become the reaper's at one moment, because their parent dies.
PhaseResult RunBurst(const PhaseContext& context, int count, std::int64_t limit_ns);

/// `count` deaths, one every `interval_ns`, each with this exit code.
PhaseResult RunTrickle(const PhaseContext& context, int count, std::int64_t interval_ns,
                       std::int64_t limit_ns, int code = 0);

/// `count` deaths, each `gap_ns` after the one before was reaped and the reaper asleep again:
/// however busy the machine is, no two share a wake-up.
PhaseResult RunSingles(const PhaseContext& context, int count, std::int64_t gap_ns,
                       std::int64_t limit_ns);

/// `count` live orphans are killed by one signal to their process group.
PhaseResult RunStorm(const PhaseContext& context, int count, std::int64_t limit_ns);

/// What became of those that a rule is to hold.
struct HeldResult {
  int error = 0;
  int held = 0;
  std::int64_t release_ns = -1;  ///< kill(reaper, SIGTERM) → the last is reaped; -1: not by then
};

/// `count` more deaths that the rule takes; `held` of them are there when the reaper is quiet.
HeldResult RunHeld(const PhaseContext& context, int count);

/// A stop signal lets all go that RunHeld made last.
HeldResult RunRelease(const PhaseContext& context, std::int64_t limit_ns);

struct FloodResult {
  int error = 0;
  int zombies = 0;
  std::int64_t stop_ns = -1;  // kill(reaper, SIGTERM) → we got it; -1: not by the deadline
};

/// A stop signal is sent to the reaper when it has reaped the first of `count` zombies.
FloodResult RunFlood(const PhaseContext& context, int count, std::int64_t limit_ns);

}  // namespace reaperd::bench
