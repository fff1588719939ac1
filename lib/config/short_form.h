// The short forms of rules on the command line: 'cause=signal+core-dump,for=30s'.
//
// The keys are those of the table in config_keys.h, without their paths; commas separate them, "+"
// the values of one that takes several ("RTMIN+3" is one signal), and a backslash takes a comma, a
// "+" or itself as it is. No effects. Errors are one printable line: the key, the value, what was
// expected.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "model/foreign_zombie.h"
#include "model/hold_rule.h"

namespace reaperd::config {

/// 'comm=worker*,exit_codes=1-125+200,until=barrier:jobs,name=workers,keep=5'. Without a name the
/// rule has none: the caller gives it one.
Result<model::HoldRule> ParseHoldRule(std::string_view text);

/// 'interval=10s,action=nudge,min_age=10s,exempt=sshd+cron*'; 'interval=off'.
Result<model::ForeignZombieSpec> ParseForeignZombies(std::string_view text);

/// The short form of a rule; ParseHoldRule makes the same rule of it.
std::string FormatHoldRule(const model::HoldRule& rule);

}  // namespace reaperd::config
