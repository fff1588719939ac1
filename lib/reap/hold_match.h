// Which hold rule matches a death, and which might match somebody who still lives. Pure.
//
// Promises: main is matched only by a rule that names the role, a part of ourselves never; a fact
// that is not known does not match a key that asks for it.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "model/death_record.h"
#include "model/hold_rule.h"
#include "model/process_info.h"

namespace reaperd::reap {

/// The index of the first rule that matches.
std::optional<std::size_t> FirstMatch(std::span<const model::HoldRule> rules,
                                      const model::DeathRecord& record);

/// Whether the rule might match when `process`, which lives, dies: by role, service, comm, exe,
/// cmdline, cwd and cgroup. True as well while nobody has looked at it; what a look did not find
/// out will not be in its record either and does not match, the cgroup excepted, which a zombie
/// still shows.
bool CouldMatch(const model::HoldRule& rule, const model::ProcessInfo& process);

/// By what only a look at the living tells: exe, cmdline or cwd.
bool AsksForShadow(const model::HoldMatch& match);

/// A rule asks for the cmdline, which is dear to read (and gone when the process is dead).
bool NeedsCmdline(const model::HoldSpec& spec);

}  // namespace reaperd::reap
