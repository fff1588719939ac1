#include "daemon/blockers.h"

#include <unistd.h>

#include "sys/process_walk.h"

namespace reaperd::daemon {
namespace {

constexpr char kProcRoot[] = "/proc";
constexpr std::size_t kMostNames = 16;
// About 60 us each.
constexpr std::size_t kMostLooks = 32;

}  // namespace

std::vector<Remaining> FindRemaining() {
  std::vector<Remaining> remaining;
  if (!sys::ProcIsOurs(kProcRoot)) return remaining;
  std::vector<pid_t> pids = sys::ChildrenOf(kProcRoot, getpid());
  for (std::size_t at = 0; at < pids.size() && at < kMostLooks; ++at) {
    if (remaining.size() == kMostNames) break;
    const auto process = sys::ReadStat(kProcRoot, pids[at]);
    if (!process || process->IsZombie()) continue;
    remaining.push_back({.pid = process->pid,
                         .comm = process->comm,
                         .state = process->state,
                         .wait_channel = sys::ReadWaitChannel(kProcRoot, process->pid)});
    const std::vector<pid_t> below = sys::ChildrenOf(kProcRoot, process->pid);
    pids.insert(pids.end(), below.begin(), below.end());
  }
  return remaining;
}

}  // namespace reaperd::daemon
