#include "sys/process_limits.h"

#include <sys/resource.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "sys/procfs.h"

namespace reaperd::sys {
namespace {

/// The numbers below are given to the first processes of a namespace and never again
/// (docs/kernel-facts.md#pid_max).
constexpr std::uint64_t kNumbersUsedOnce = 300;

/// nullopt for "max" and for what is not there.
std::optional<std::uint64_t> NumberIn(const std::string& path) {
  const auto text = ReadSmallFile(path);
  if (!text) return std::nullopt;
  return ParseUnsigned(std::string_view(*text).substr(0, text->find('\n')));
}

std::optional<PidsMax> SmallestPidsMax(const CgroupTree& tree) {
  std::optional<PidsMax> smallest;
  for (const std::string& directory : tree.PidsDirectories(tree.own().pids().value_or(""))) {
    const auto value = NumberIn(directory + "/pids.max");
    if (value && (!smallest || *value < smallest->value)) smallest = PidsMax{*value, directory};
  }
  return smallest;
}

}  // namespace

std::optional<ProcessLimit> ProcessLimits::Smallest() const {
  std::array<std::optional<ProcessLimit>, 3> all;
  if (pids_max) {
    all[0] = {ProcessLimitKind::kPidsMax, pids_max->value, "pids.max of " + pids_max->directory};
  }
  if (rlimit_nproc) all[1] = {ProcessLimitKind::kRlimitNproc, *rlimit_nproc, "RLIMIT_NPROC"};
  if (pid_max) {
    const std::uint64_t room = *pid_max - std::min(*pid_max, kNumbersUsedOnce);
    all[2] = {ProcessLimitKind::kPidMax, room, "kernel.pid_max"};
  }
  std::optional<ProcessLimit> smallest;
  for (auto& limit : all) {
    if (limit && (!smallest || limit->value < smallest->value)) smallest = std::move(limit);
  }
  return smallest;
}

ProcessLimits ReadProcessLimits(std::string_view proc_root, const CgroupTree& tree) {
  ProcessLimits limits;
  limits.pids_max = SmallestPidsMax(tree);
  rlimit limit{};
  if (getrlimit(RLIMIT_NPROC, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    limits.rlimit_nproc = limit.rlim_cur;
  }
  limits.pid_max = NumberIn(std::string(proc_root) + "/sys/kernel/pid_max");
  return limits;
}

std::uint64_t OpenFilesLimit() {
  rlimit limit{};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

std::optional<std::uint64_t> ReadPidsCurrent(const CgroupTree& tree) {
  const auto directory = tree.PidsDirectory(tree.own().pids().value_or(""));
  if (!directory) return std::nullopt;
  return NumberIn(*directory + "/pids.current");
}

}  // namespace reaperd::sys
