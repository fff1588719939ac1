#include "daemon/death_checks.h"

#include <unistd.h>

#include <cerrno>
#include <string>

#include "base/text.h"
#include "sys/children_list.h"
#include "sys/output_file.h"
#include "sys/procfs.h"

namespace reaperd::daemon {
namespace {

constexpr char kProcRoot[] = "/proc";

/// Why /proc is of no use for `option`.
Error WithoutProc(const std::string& option, const std::string& consequence) {
  if (access("/proc/self/stat", R_OK) == 0) {
    return {EOPNOTSUPP, option +
                            " needs a /proc of our own pid namespace, and the one that is mounted "
                            "shows another; mount a new one (unshare --mount-proc)"};
  }
  return {EOPNOTSUPP, option + " needs /proc, and none is mounted: " + consequence};
}

}  // namespace

bool WantsDeathDesk(const model::RunSpec& spec) {
  return spec.records.mode != model::RecordsMode::kOff || spec.records.death_log ||
         !spec.hold.rules.empty() || spec.foreign_zombies.interval_us;
}

Result<UniqueFd> OpenDeathLog(const model::RunSpec& spec) {
  const auto& path = spec.records.death_log;
  if (!path || *path == "-") return UniqueFd();
  auto file = sys::OpenLogFile(*path);
  if (!file) return file.error().WithContext("--death-log '" + Printable(*path) + "'");
  return std::move(file->fd);
}

Status CanHold(model::ReapMode reap, std::string_view what) {
  const std::string who(what);
  if (reap == model::ReapMode::kAuto) {
    return Error(EOPNOTSUPP,
                 who +
                     " and --reap auto contradict each other: what the kernel reaps cannot be "
                     "held; expected one of them");
  }
  if (sys::ChildrenList(kProcRoot).Probe() != sys::ChildrenSource::kNone) return {};
  return WithoutProc(who, "without it the children that die beside a held one cannot be found");
}

Status CheckHolding(const model::RunSpec& spec) {
  if (spec.hold.rules.empty()) return {};
  return CanHold(spec.reap, "--hold");
}

Status CheckWatching(const model::RunSpec& spec) {
  if (!spec.watch_us || sys::ProcIsOurs(kProcRoot)) return {};
  return WithoutProc("--watch", "without it there is nothing to look at");
}

}  // namespace reaperd::daemon
