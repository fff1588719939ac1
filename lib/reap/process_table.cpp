#include "reap/process_table.h"

#include <algorithm>

namespace reaperd::reap {

bool ProcessTable::Insert(const model::ProcessInfo& process) {
  return processes_.emplace(process.pid, process).second;
}

const model::ProcessInfo* ProcessTable::Find(pid_t pid) const {
  const auto at = processes_.find(pid);
  return at == processes_.end() ? nullptr : &at->second;
}

std::vector<model::ProcessInfo> ProcessTable::Save() const {
  std::vector<model::ProcessInfo> saved;
  saved.reserve(processes_.size());
  for (const auto& [pid, process] : processes_)
    saved.push_back(process);
  std::sort(saved.begin(), saved.end(), [](const auto& a, const auto& b) { return a.pid < b.pid; });
  return saved;
}

void ProcessTable::Load(const std::vector<model::ProcessInfo>& processes) {
  processes_.clear();
  for (const model::ProcessInfo& process : processes)
    Insert(process);
}

}  // namespace reaperd::reap
