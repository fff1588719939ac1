// ProcessWalk: all processes that /proc shows, in parts. Reading the stat of one costs about 20 µs,
// so the caller says how many it can afford now and comes back for the rest.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <dirent.h>

#include "base/result.h"
#include "sys/procfs.h"

namespace reaperd::sys {

class ProcessWalk {
 public:
  static Result<ProcessWalk> Begin(const std::string& proc_root);

  /// Appends at most `count` processes. False when there are no more. Processes that end during the
  /// walk may be missing, and new ones may or may not be there.
  bool Next(std::size_t count, std::vector<ProcStat>& found);

 private:
  struct CloseDir {
    void operator()(DIR* dir) const { closedir(dir); }
  };
  ProcessWalk(std::string proc_root, DIR* dir) : proc_root_(std::move(proc_root)), dir_(dir) {}

  std::string proc_root_;
  std::unique_ptr<DIR, CloseDir> dir_;
};

/// The children of any process that we may look at, from the children files of its threads. Empty
/// where the kernel has no such files.
std::vector<pid_t> ChildrenOf(const std::string& proc_root, pid_t pid);

/// Those of `all` that descend from `ancestor` by parent links, itself excluded.
std::vector<ProcStat> DescendantsOf(pid_t ancestor, const std::vector<ProcStat>& all);

}  // namespace reaperd::sys
