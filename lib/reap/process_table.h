// ProcessTable: the children that we know of, by pid. Owned by reap::Reaper.
//
// Not all that exist: a child that was adopted and has not been discovered yet is missing. An entry
// goes when its zombie is reaped, so a reused number is a new entry.
#pragma once

#include <cstddef>
#include <optional>
#include <unordered_map>
#include <vector>

#include "model/process_info.h"
#include "reap/kin_table.h"

namespace reaperd::reap {

class ProcessTable {
 public:
  /// False if it was there already (and is left as it is).
  bool Insert(const model::ProcessInfo& process);
  bool Erase(pid_t pid) { return processes_.erase(pid) > 0; }
  /// Removes and returns it.
  std::optional<model::ProcessInfo> Take(pid_t pid);
  /// Adds what a look at it told; it must be there. An id that it has does not change.
  void Note(const model::ProcessInfo& seen);
  /// Adds what was known of it before it came to us; it must be there and have been noted.
  void NoteKin(pid_t pid, const KinNote& kin);
  [[nodiscard]] const model::ProcessInfo* Find(pid_t pid) const;
  /// Replaces the shadow by what `change` makes of it. False: it is gone, or another by now.
  template <typename F>
  bool ChangeShadow(pid_t pid, std::uint64_t start_ticks, F change) {
    const auto at = processes_.find(pid);
    if (at == processes_.end() || at->second.start_ticks != start_ticks || !at->second.shadow) {
      return false;
    }
    at->second.shadow = change(*at->second.shadow);
    return true;
  }
  template <typename F>
  void ForEach(F visit) const {
    for (const auto& [pid, process] : processes_)
      visit(process);
  }
  [[nodiscard]] std::size_t size() const { return processes_.size(); }

  /// What outlives an exec of ourselves, ordered by pid, and back.
  [[nodiscard]] std::vector<model::ProcessInfo> Save() const;
  void Load(const std::vector<model::ProcessInfo>& processes);

 private:
  std::unordered_map<pid_t, model::ProcessInfo> processes_;
};

}  // namespace reaperd::reap
