// ChildrenList: our children, living and dead, listed in parts.
//
// Two sources, probed at the first use, the first that works is kept:
//  - /proc/self/task/<tid>/children: complete for our one thread, about 0.7 µs a child; needs
//    CONFIG_PROC_CHILDREN and a /proc of our own pid namespace;
//  - a walk of /proc by parent pid: about 20 µs a process of the whole namespace; needs the entries
//    visible (hidepid hides those of other users from us when we are not root).
// Without either, kFailed.
//
// The list is complete if nothing goes away while its parts are read; an entry may be skipped when
// one before it does (docs/kernel-facts.md#the-children-file).
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"
#include "sys/process_walk.h"

namespace reaperd::sys {

enum class ListPart {
  kMore,    ///< call again for the rest
  kEnd,     ///< that was all
  kFailed,  ///< children cannot be listed here
};

enum class ChildrenSource { kUnknown, kChildrenFile, kProcWalk, kNone };

class ChildrenList {
 public:
  explicit ChildrenList(std::string proc_root) : proc_root_(std::move(proc_root)) {}

  /// Appends a part (at most about 700 pids, or 16 processes of a walk) to `pids`.
  ListPart Read(bool first_part, std::vector<pid_t>& pids);

  /// Finds out which source works, without listing.
  ChildrenSource Probe();

  /// For tests and for --explain: never use the children file.
  void ForbidChildrenFile() { children_file_allowed_ = false; }

 private:
  ListPart ReadChildrenFile(bool first_part, std::vector<pid_t>& pids);
  ListPart ReadWalk(bool first_part, std::vector<pid_t>& pids);
  bool OpenChildrenFile();

  std::string proc_root_;
  bool children_file_allowed_ = true;
  ChildrenSource source_ = ChildrenSource::kUnknown;
  UniqueFd file_;
  bool fresh_ = false;   ///< file_ was not read yet
  std::string partial_;  ///< digits cut off at the end of a part
  std::optional<ProcessWalk> walk_;
};

/// Takes the pids out of `text` ("12 13 14 "); what follows the last blank stays in `text`.
void TakePids(std::string& text, std::vector<pid_t>& pids);

}  // namespace reaperd::sys
