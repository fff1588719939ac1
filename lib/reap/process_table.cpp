#include "reap/process_table.h"

#include <algorithm>

namespace reaperd::reap {

bool ProcessTable::Insert(const model::ProcessInfo& process) {
  // Not emplace, which makes its node before it looks: each scan offers all children again.
  return processes_.try_emplace(process.pid, process).second;
}

const model::ProcessInfo* ProcessTable::Find(pid_t pid) const {
  const auto at = processes_.find(pid);
  return at == processes_.end() ? nullptr : &at->second;
}

std::optional<model::ProcessInfo> ProcessTable::Take(pid_t pid) {
  const auto at = processes_.find(pid);
  if (at == processes_.end()) return std::nullopt;
  std::optional<model::ProcessInfo> taken = std::move(at->second);
  processes_.erase(at);
  return taken;
}

void ProcessTable::Note(const model::ProcessInfo& seen) {
  model::ProcessInfo& known = processes_.at(seen.pid);
  // Whoever was told its id knows it in that form: a pidfd that could not be opened at the first
  // look must not change it at the second.
  if (known.Id().empty()) known.pidfs_inode = seen.pidfs_inode;
  known.start_ticks = seen.start_ticks;
  known.session = seen.session;
  const bool entered = seen.role == model::Role::kEntered;
  if (entered && known.role == model::Role::kAdopted) known.role = seen.role;
  if (!seen.shadow) return;
  if (!known.shadow) {
    known.shadow = seen.shadow;
    return;
  }
  auto merged = std::make_shared<model::Shadow>(*seen.shadow);
  merged->lineage = known.shadow->lineage;
  // What we gave it when we made it is better than what it made of that. Of others, another program
  // has other words; also one of the same file under another name: a script, busybox.
  const bool spawned = known.first_sight == model::FirstSight::kSpawn;
  const bool same_file = known.shadow->exe == seen.shadow->exe;
  if (spawned || same_file) merged->uid = known.shadow->uid;  // perhaps no exec, but a prctl
  if (spawned || (same_file && known.shadow->comm == seen.shadow->comm)) {
    merged->cmdline = known.shadow->cmdline;
    merged->cmdline_truncated = known.shadow->cmdline_truncated;
    merged->environ = known.shadow->environ;
    merged->environ_truncated = known.shadow->environ_truncated;
  }
  known.shadow = std::move(merged);
}

void ProcessTable::NoteKin(pid_t pid, const KinNote& kin) {
  model::ProcessInfo& known = processes_.at(pid);
  known.first_seen_us = std::min(known.first_seen_us, kin.first_seen_us);
  if (kin.entered && known.role == model::Role::kAdopted) known.role = model::Role::kEntered;
  if (!known.shadow) {
    known.shadow = kin.shadow;
  } else if (!known.shadow->lineage && kin.shadow->lineage) {
    auto shadow = std::make_shared<model::Shadow>(*known.shadow);
    shadow->lineage = kin.shadow->lineage;
    known.shadow = std::move(shadow);
  }
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
