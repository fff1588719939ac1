#include "daemon/blockers.h"

#include <unistd.h>

#include "sys/process_walk.h"

namespace reaperd::daemon {
namespace {

constexpr char kProcRoot[] = "/proc";
// About 2 ms of reading, a turn's time: more names are not worth the delay.
constexpr std::size_t kMostProcesses = 100;

}  // namespace

std::vector<Remaining> FindRemaining(std::size_t limit) {
  std::vector<Remaining> remaining;
  if (!sys::ProcIsOurs(kProcRoot)) return remaining;
  auto walk = sys::ProcessWalk::Begin(kProcRoot);
  if (!walk) return remaining;
  std::vector<sys::ProcStat> all;
  walk->Next(kMostProcesses, all);
  for (const sys::ProcStat& process : sys::DescendantsOf(getpid(), all)) {
    if (remaining.size() == limit) break;
    if (process.IsZombie()) continue;
    remaining.push_back({.pid = process.pid,
                         .comm = process.comm,
                         .state = process.state,
                         .wait_channel = sys::ReadWaitChannel(kProcRoot, process.pid)});
  }
  return remaining;
}

}  // namespace reaperd::daemon
