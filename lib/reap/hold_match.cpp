#include "reap/hold_match.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/glob.h"

namespace reaperd::reap {
namespace {

using model::HoldMatch;
using model::Role;
using model::Shadow;
using Globs = std::vector<std::string>;

template <typename T>
bool Contains(const std::vector<T>& values, const T& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

/// For values that are always known: a key that is not there asks for nothing.
template <typename T>
bool Allows(const std::vector<T>& values, const T& value) {
  return values.empty() || Contains(values, value);
}

bool AllowsRole(const std::vector<Role>& roles, Role role) {
  if (role == Role::kHelper) return false;
  if (role == Role::kMain) return Contains(roles, role);
  return Allows(roles, role);
}

bool AllowsText(const Globs& globs, std::string_view text) {
  if (globs.empty()) return true;
  return std::any_of(globs.begin(), globs.end(),
                     [&](const std::string& glob) { return MatchesGlob(glob, text); });
}

/// Of comm and service, an empty text is one that is not known or not there.
bool AllowsName(const Globs& globs, std::string_view name) {
  return globs.empty() || (!name.empty() && AllowsText(globs, name));
}

bool AllowsFact(const Globs& globs, const std::optional<std::string>& fact) {
  return globs.empty() || (fact && AllowsText(globs, *fact));
}

bool AllowsCmdline(const Globs& globs, const std::optional<std::vector<std::string>>& words) {
  if (globs.empty()) return true;
  if (!words) return false;
  std::string line;
  for (const std::string& word : *words) {
    if (&word != &words->front()) line += ' ';
    line += word;
  }
  return AllowsText(globs, line);
}

bool AllowsShadow(const HoldMatch& match, const Shadow& shadow) {
  return AllowsFact(match.exe, shadow.exe) && AllowsFact(match.cwd, shadow.cwd) &&
         AllowsCmdline(match.cmdline, shadow.cmdline);
}

bool AllowsEnd(const HoldMatch& match, const model::ExitStatus& end) {
  if (end.how == model::ExitStatus::How::kSignal) {
    return match.exit_codes.empty() && Allows(match.signals, end.value) &&
           !Contains(match.exclude_signals, end.value);
  }
  const auto& codes = match.exit_codes;
  return match.signals.empty() &&
         (codes.empty() || std::any_of(codes.begin(), codes.end(), [&](model::CodeRange range) {
            return range.low <= end.value && end.value <= range.high;
          }));
}

bool AllowsRunTime(const HoldMatch& match, std::optional<Micros> run_time_us) {
  if (!match.min_run_time_us && !match.max_run_time_us) return true;
  return run_time_us && *run_time_us >= match.min_run_time_us.value_or(*run_time_us) &&
         *run_time_us <= match.max_run_time_us.value_or(*run_time_us);
}

bool AllowsCgroup(const Globs& globs, const model::DeathRecord& record) {
  if (record.cgroup || !record.shadow) return AllowsFact(globs, record.cgroup);
  return AllowsFact(globs, record.shadow->cgroup);
}

/// The cheap keys first.
bool Matches(const HoldMatch& match, const model::DeathRecord& record) {
  if (!AllowsRole(match.roles, record.role)) return false;
  if (!Allows(match.causes, record.verdict.cause) || !AllowsEnd(match, record.end)) return false;
  if (!match.uids.empty() && !(record.uid && Contains(match.uids, *record.uid))) return false;
  if (!AllowsRunTime(match, record.run_time_us())) return false;
  if (!AllowsName(match.services, record.service)) return false;
  if (!AllowsName(match.comm, record.comm) || !AllowsCgroup(match.cgroup, record)) return false;
  return !AsksForShadow(match) || (record.shadow && AllowsShadow(match, *record.shadow));
}

}  // namespace

std::optional<std::size_t> FirstMatch(std::span<const model::HoldRule> rules,
                                      const model::DeathRecord& record) {
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (Matches(rules[i].match, record)) return i;
  }
  return std::nullopt;
}

bool CouldMatch(const model::HoldRule& rule, const model::ProcessInfo& process) {
  const HoldMatch& match = rule.match;
  if (!AllowsRole(match.roles, process.role)) return false;
  if (!AllowsName(match.services, process.service)) return false;
  if (!process.shadow) return true;
  const Shadow& shadow = *process.shadow;
  return AllowsName(match.comm, shadow.comm) && AllowsShadow(match, shadow) &&
         (!shadow.cgroup || AllowsFact(match.cgroup, shadow.cgroup));
}

bool AsksForShadow(const HoldMatch& match) {
  return !match.exe.empty() || !match.cmdline.empty() || !match.cwd.empty();
}

bool NeedsCmdline(const model::HoldSpec& spec) {
  return std::any_of(spec.rules.begin(), spec.rules.end(),
                     [](const model::HoldRule& rule) { return !rule.match.cmdline.empty(); });
}

}  // namespace reaperd::reap
