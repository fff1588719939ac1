#include "sys/outsiders.h"

#include <algorithm>

namespace reaperd::sys {
namespace {

/// Parents upwards, at most. Deeper chains are rare, and finding nothing is no wrong answer.
constexpr int kMostLinks = 32;

/// While a process goes away its stat shows parent 0 and session -1
/// (docs/kernel-facts.md#who-came-from-outside).
bool IsWhole(const ProcStat& process) {
  return process.session >= 0;
}

bool SameLink(const ProcStat& before, const ProcStat& after) {
  return IsWhole(after) && after.start_ticks == before.start_ticks && after.parent == before.parent;
}

}  // namespace

bool Outsiders::IsKnownInside(pid_t session) const {
  return std::find(inside_.begin(), inside_.end(), session) != inside_.end();
}

bool Outsiders::CameFromOutside(const ProcStat& process) {
  const pid_t session = process.session;
  if (session == 0) return self_.had_no_child && self_.session != 0;
  const bool own = session == process.pid || session == self_.session || session == self_.pid;
  if (session < 0 || own || IsKnownInside(session)) return false;
  if (LeaderCameFromOutside(session)) return true;
  inside_[next_] = session;
  next_ = (next_ + 1) % inside_.size();
  return false;
}

bool Outsiders::LeaderCameFromOutside(pid_t leader) const {
  auto at = ReadStat(proc_root_, leader);
  for (int link = 0; link < kMostLinks; ++link) {
    if (!at || !IsWhole(*at) || at->pid == self_.pid || at->parent == self_.pid) return false;
    if (at->parent == 0) return true;
    auto parent = ReadStat(proc_root_, at->parent);
    const auto again = ReadStat(proc_root_, at->pid);
    if (!again || !SameLink(*at, *again)) return false;
    at = std::move(parent);
  }
  return false;
}

}  // namespace reaperd::sys
