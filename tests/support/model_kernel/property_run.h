// How long property tests run and from which seed, by environment, the same for all of them:
//
//   REAPERD_PROPERTY_SEED=N|random   the first life's seed (a failure prints the one that failed)
//   REAPERD_PROPERTY_STEPS=N         calls, events or news in all
#pragma once

#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>

#include "base/text.h"

namespace reaperd::test {

struct PropertyRun {
  std::uint64_t first_seed = 20'261'122;
  std::uint64_t steps = 0;
  bool whole = true;  ///< at least as many steps as by default

  static PropertyRun FromEnvironment(std::uint64_t default_steps) {
    PropertyRun run;
    run.first_seed = Read("REAPERD_PROPERTY_SEED", run.first_seed);
    run.steps = Read("REAPERD_PROPERTY_STEPS", default_steps);
    run.whole = run.steps >= default_steps;
    return run;
  }

  /// What a failed life of `seed` says for whoever wants to see it again.
  static std::string Again(std::uint64_t seed) {
    return "again by: REAPERD_PROPERTY_SEED=" + std::to_string(seed) +
           " REAPERD_PROPERTY_STEPS=1\n";
  }

 private:
  static std::uint64_t Read(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    if (text == nullptr) return otherwise;
    if (std::string_view(text) == "random") return std::random_device{}();
    return ParseUnsigned(text).value_or(otherwise);
  }
};

}  // namespace reaperd::test
