#include "daemon/blockers.h"

#include <unistd.h>

#include <algorithm>

#include "sys/process_walk.h"

namespace reaperd::daemon {
namespace {

constexpr char kProcRoot[] = "/proc";

}  // namespace

model::RemainingList FindRemaining(const std::function<bool(pid_t pid)>& skip) {
  model::RemainingList remaining;
  if (!sys::ProcIsOurs(kProcRoot)) return remaining;
  std::vector<Remaining>& found = remaining.processes;
  std::vector<pid_t> pids = sys::ChildrenOf(kProcRoot, getpid());
  std::size_t looks = 0;
  std::size_t at = 0;
  for (; at < pids.size() && looks < kMostBlockerLooks; ++at) {
    if (skip(pids[at])) continue;
    ++looks;
    const auto process = sys::ReadStat(kProcRoot, pids[at]);
    if (!process || process->IsZombie()) continue;
    found.push_back({.pid = process->pid,
                     .comm = process->comm,
                     .state = process->state,
                     .wait_channel = sys::ReadWaitChannel(kProcRoot, process->pid)});
    const std::vector<pid_t> below = sys::ChildrenOf(kProcRoot, process->pid);
    pids.insert(pids.end(), below.begin(), below.end());
  }
  const auto rest = pids.begin() + static_cast<std::ptrdiff_t>(at);
  remaining.more = found.size() > kMostBlockers || !std::all_of(rest, pids.end(), skip);
  std::stable_partition(found.begin(), found.end(),
                        [](const Remaining& process) { return process.state == 'D'; });
  if (found.size() > kMostBlockers) found.resize(kMostBlockers);
  return remaining;
}

}  // namespace reaperd::daemon
