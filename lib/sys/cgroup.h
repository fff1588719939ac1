// Control groups as far as we read them: where a process lives, which directory shows that, and the
// counters in it. Never writes.
//
// A path as in /proc/<pid>/cgroup is seen from our cgroup namespace; a directory is seen through our
// mounts, which may show a part of the tree only (docs/kernel-facts.md#paths-of-cgroups). What
// cannot be mapped for certain has no directory. Reading mountinfo takes the lock of the mount
// table: CgroupTree::Read is for the start, everything else for the loop.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace reaperd::sys {

/// Of one process. A controller is bound to one hierarchy: v1's if there is a line for it there.
struct CgroupPaths {
  std::optional<std::string> unified;
  std::optional<std::string> v1_memory;
  std::optional<std::string> v1_pids;

  bool operator==(const CgroupPaths&) const = default;

  /// The path that the memory controller knows, and so the OOM killer; nullopt: none is.
  [[nodiscard]] const std::optional<std::string>& memory() const {
    return v1_memory ? v1_memory : unified;
  }
  [[nodiscard]] const std::optional<std::string>& pids() const {
    return v1_pids ? v1_pids : unified;
  }
};

/// Lines that are cut, of other controllers or unknown are skipped. Of a zombie all v1 paths are
/// "/", and mean nothing (docs/kernel-facts.md#cgroups-of-a-zombie).
CgroupPaths ParseCgroupPaths(std::string_view text);

/// `pid` 0: our own.
Result<CgroupPaths> ReadCgroupPaths(std::string_view proc_root, pid_t pid);

/// A mount of one hierarchy: `root` is the cgroup that `point` shows.
struct CgroupMount {
  bool v2 = false;
  std::string root;
  std::string point;

  bool operator==(const CgroupMount&) const = default;
};

/// The value of a line "key value", as in memory.events.
std::optional<std::uint64_t> FlatKeyedValue(std::string_view text, std::string_view key);

/// A file that counts something about a cgroup.
struct CgroupCounter {
  std::string path;
  std::string key;
  bool v2 = false;
  /// It counts what befell the groups below, too.
  bool hierarchical = false;

  bool operator==(const CgroupCounter&) const = default;
};

/// One reading. A group that was removed and made anew has another identity, and began at 0.
struct CgroupCount {
  std::uint64_t value = 0;
  std::uint64_t identity = 0;  ///< inode of the file

  bool operator==(const CgroupCount&) const = default;
};

/// Opens, reads, closes: some 10 µs. ENOENT: the group is gone.
Result<CgroupCount> ReadCgroupCounter(const CgroupCounter& counter);

class CgroupTree {
 public:
  /// Of our mount and cgroup namespace. Without /proc, or without cgroups: an empty tree.
  static CgroupTree Read(std::string_view proc_root);
  /// `own`: where we are ourselves.
  static CgroupTree Parse(std::string_view mountinfo, CgroupPaths own);

  [[nodiscard]] const CgroupPaths& own() const { return own_; }
  [[nodiscard]] const std::optional<CgroupMount>& memory() const { return memory_; }
  [[nodiscard]] const std::optional<CgroupMount>& pids() const { return pids_; }

  /// The directory of a path as CgroupPaths::memory and pids give it; nullopt: not visible here.
  [[nodiscard]] std::optional<std::string> MemoryDirectory(std::string_view path) const;
  [[nodiscard]] std::optional<std::string> PidsDirectory(std::string_view path) const;

  /// How often the kernel killed a process of that group for want of memory. On v2 a group without
  /// the controller is accounted to the nearest one above that has it.
  [[nodiscard]] std::optional<CgroupCounter> OomCounter(std::string_view path) const;

  /// How often a fork failed because of pids.max; kernels before 6.11 count in the group of the one
  /// that forks only, later v2 ones in that of the limit and those above it.
  [[nodiscard]] std::optional<CgroupCounter> PidsCounter(std::string_view path) const;

  /// The directory of `path` and those above it as far as the mount shows them, nearest first.
  [[nodiscard]] std::vector<std::string> PidsDirectories(std::string_view path) const;

 private:
  CgroupPaths own_;
  std::optional<CgroupMount> memory_;
  std::optional<CgroupMount> pids_;
};

}  // namespace reaperd::sys
