// What is being held, as told to whoever asks. Values.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "model/death_record.h"
#include "model/hold_rule.h"

namespace reaperd::model {

struct HoldInfo {
  std::shared_ptr<const DeathRecord> record;
  std::string rule;                ///< "lease" for a lease
  std::string barrier;             ///< empty: none
  Micros since_us = 0;             ///< CLOCK_BOOTTIME
  std::optional<Micros> until_us;  ///< nullopt: no time is set, the limits' excepted
};

/// A barrier as it stands.
struct BarrierView {
  Barrier barrier;
  std::uint64_t dead = 0;             ///< members so far
  std::optional<Micros> deadline_us;  ///< nullopt: it has no member yet
};

/// End of a hold; the reap follows.
struct Release {
  pid_t pid = 0;
  ReleaseReason reason = ReleaseReason::kTimeout;

  bool operator==(const Release&) const = default;
};

/// A barrier that was released, with all that it collected, also those that had to go before.
struct BarrierResult {
  struct Member {
    pid_t pid = 0;
    std::string id;
    ExitStatus end;
    ReleaseReason released_by = ReleaseReason::kBarrier;

    bool operator==(const Member&) const = default;
  };
  std::string barrier;
  bool complete = false;        ///< false: its time was over, or somebody released it
  std::vector<Member> members;  ///< in the order of their deaths
  std::uint64_t unlisted = 0;   ///< more that had to go before: the list of these is bounded
};

struct HoldCounters {
  std::uint64_t held = 0;                                                   ///< in all
  std::array<std::uint64_t, decltype(kReleaseReasons)::size()> released{};  ///< by ReleaseReason

  bool operator==(const HoldCounters&) const = default;
};

/// One readable file of a held zombie.
struct InspectedFile {
  std::string name;  ///< "stat", "ns/pid"
  std::string text;
  int error = 0;           ///< errno when it cannot be read
  bool truncated = false;  ///< there was more
};

struct Inspection {
  std::shared_ptr<const DeathRecord> record;
  std::vector<InspectedFile> files;  ///< empty when it is not held any more
};

}  // namespace reaperd::model
