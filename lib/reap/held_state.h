// HeldState: all that a HeldQueue knows, as a value, so that the held dead outlive an exec of
// ourselves. Whoever stores it keeps the records of `held` whole.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/hold_info.h"
#include "model/hold_rule.h"
#include "reap/barrier_state.h"
#include "reap/leases.h"

namespace reaperd::reap {

/// What the budget follows from, beside the limits of the configuration.
struct HoldSurroundings {
  bool pid1 = false;
  std::optional<std::uint64_t> process_limit;  ///< the smallest that is visible: pids.max,
                                               ///< RLIMIT_NPROC, pid_max; nullopt: none
  bool pids_max = false;  ///< one is visible, of our cgroup or above: what a container is given
  std::uint32_t own_processes = 0;  ///< ours that live: they count against the limit, too

  bool operator==(const HoldSurroundings&) const = default;
};

struct HeldState {
  struct Rule {
    model::HoldRule rule;
    bool removed = false;  ///< matches nobody any more, but holds somebody
  };
  struct Held {
    model::HoldInfo info;
    std::optional<std::size_t> rule;  ///< index into `rules`; nullopt: by leases alone
  };

  model::HoldLimits limits;
  HoldSurroundings surroundings;
  std::vector<Rule> rules;             ///< in their order, the removed ones last
  std::vector<BarrierState> barriers;  ///< by name
  std::vector<Held> held;              ///< oldest first
  std::vector<Lease> leases;           ///< by pid and client
  bool closed = false;
  model::HoldCounters counters;
  std::vector<model::Release> releases;  ///< not taken yet
  std::vector<model::BarrierResult> results;
};

}  // namespace reaperd::reap
