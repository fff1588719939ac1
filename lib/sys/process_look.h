// ProcessLook: what /proc shows of a child of ours, alive or as a zombie.
//
// Only of unreaped children: their numbers cannot have been given to somebody else. Only files that
// never make the reader wait (docs/kernel-facts.md#reading-about-another-process-may-wait); what
// cannot be read stays empty. Costs, roughly: a living one 60 us, a zombie 20 us (standard) or 45 us
// (full).
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "model/death_record.h"
#include "model/process_info.h"
#include "sys/procfs.h"

namespace reaperd::sys {

/// What was read of a zombie. `detail` is what was asked for, or less where /proc is not ours.
struct ZombieFacts {
  model::Detail detail = model::Detail::kMinimal;
  std::optional<ProcStat> stat;
  // Detail::kFull:
  std::optional<gid_t> gid;
  std::optional<model::IoUse> io;  ///< not readable without privileges, nor in a user namespace
  std::optional<std::string> cgroup;
  std::uint64_t pidfs_inode = 0;
};

/// What of it is known already and need not be read.
enum class Known { kNothing, kInode };

class ProcessLook {
 public:
  explicit ProcessLook(std::string proc_root) : proc_root_(std::move(proc_root)) {}

  /// Everything but role, service and first sight. nullopt: a zombie, or nothing can be read.
  std::optional<model::ProcessInfo> Living(pid_t pid, Known known = Known::kNothing);
  ZombieFacts Zombie(pid_t pid, model::Detail detail);

 private:
  [[nodiscard]] bool ProcUsable();
  [[nodiscard]] std::string PathOf(pid_t pid) const;

  std::string proc_root_;
  std::optional<bool> usable_;
};

/// The effective gid of a status file.
std::optional<gid_t> ParseGid(std::string_view text);
std::optional<model::IoUse> ParseIo(std::string_view text);

}  // namespace reaperd::sys
