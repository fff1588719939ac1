// ProcessLook: what /proc shows of a child of ours, alive or as a zombie.
//
// Only of unreaped children: their numbers cannot have been given to somebody else. (Living may be
// asked about another process, too: then pidfs_inode and role may be of the number's next owner, all
// else is of one process.) Only files that
// never make the reader wait (docs/kernel-facts.md#reading-about-another-process-may-wait); what
// cannot be read stays empty. Costs, roughly: a living one 60 us, a zombie 20 us (standard) or 45 us
// (full).
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "model/death_record.h"
#include "model/process_info.h"
#include "sys/outsiders.h"
#include "sys/procfs.h"

namespace reaperd::sys {

/// What was read of a zombie. `detail` is what was asked for, or less where /proc is not ours.
struct ZombieFacts {
  model::Detail detail = model::Detail::kMinimal;
  std::optional<ProcStat> stat;
  bool entered = false;  ///< it came from outside our pid namespace (Outsiders)
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

  /// We are PID 1: who came from outside is told from then on, by role kEntered.
  void TellOutsiders(Outsiders::Self self) { outsiders_.emplace(proc_root_, self); }

  /// Everything but service and first sight; of the role only kEntered. nullopt: a zombie, or nothing can be read.
  std::optional<model::ProcessInfo> Living(pid_t pid, Known known = Known::kNothing);
  ZombieFacts Zombie(pid_t pid, model::Detail detail);

 private:
  [[nodiscard]] bool ProcUsable();
  [[nodiscard]] ZombieFacts WholeZombie(pid_t pid) const;
  [[nodiscard]] std::string PathOf(pid_t pid) const;

  std::string proc_root_;
  std::optional<bool> usable_;
  std::optional<Outsiders> outsiders_;
};

/// The effective gid of a status file.
std::optional<gid_t> ParseGid(std::string_view text);
std::optional<model::IoUse> ParseIo(std::string_view text);

}  // namespace reaperd::sys
