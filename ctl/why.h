// Why a process died, as a paragraph. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "client/death.h"
#include "client/hold.h"
#include "client/process.h"
#include "ctl/table.h"

namespace reaperd::ctl {

/// What else died is looked at from so long before to so long after.
inline constexpr Micros kBefore_us = 10 * kSecond;
inline constexpr Micros kAfter_us = 2 * kSecond;

struct WhyFacts {
  client::Inspection death;
  /// All that died around it; itself may be among them.
  std::vector<client::Death> around;
  /// The number is another process's by now.
  std::optional<client::Process> successor;
};

std::string WhyText(const WhyFacts& facts, const View& view);

/// It is alive: who it is.
std::string AliveText(const client::Process& process, const View& view);

}  // namespace reaperd::ctl
