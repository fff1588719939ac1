#include "reap/kin_table.h"

#include <algorithm>

namespace reaperd::reap {
namespace {

/// Parents upwards that are asked whether they came from outside.
constexpr int kMostLinks = 64;

}  // namespace

void KinTable::OnWalk(const std::vector<KinSeen>& seen, Micros now_us) {
  new_links_.clear();
  to_look_.clear();
  const Met met = Members(seen);
  KeepLineages(met);
  Drop(met);
  for (const auto& [pid, process] : met)
    Add(*process, now_us);
  for (const auto& [pid, process] : met)
    Link(*process);
}

KinTable::Met KinTable::Members(const std::vector<KinSeen>& seen) const {
  Met all;
  for (const KinSeen& process : seen)
    all.emplace(process.pid, &process);
  all.erase(self_);
  if (scope_ == Scope::kNamespace) return all;
  std::unordered_map<pid_t, bool> ours{{self_, true}};
  std::vector<pid_t> path;
  for (const auto& [pid, process] : all) {
    pid_t at = pid;
    // A circle, which a walk can show while numbers are reused, ends at the first of it.
    while (ours.emplace(at, false).second) {
      path.push_back(at);
      const auto found = all.find(at);
      if (found == all.end()) break;
      at = found->second->parent;
    }
    const bool is_ours = ours.at(at);
    for (const pid_t below : path)
      ours[below] = is_ours;
    path.clear();
  }
  std::erase_if(all, [&](const auto& process) { return !ours.at(process.first); });
  return all;
}

/// Before those that are gone are dropped: who has lost its parent keeps what is known of it.
void KinTable::KeepLineages(const Met& met) {
  for (auto& [pid, kin] : kin_) {
    if (kin.parent == 0 || kin.lineage) continue;
    const auto here = met.find(pid);
    const auto parent = met.find(kin.parent);
    const bool parent_here =
        parent != met.end() && parent->second->start_ticks == kin.parent_start_ticks;
    const bool still_its_child =
        here != met.end() && (!here->second->alive || here->second->parent == kin.parent);
    if (parent_here && still_its_child) continue;
    kin.entered = IsEntered(kin);
    kin.lineage = LineageOf(kin);
    if (!kin.lineage) kin.parent = 0;  // it was never confirmed
  }
}

void KinTable::Drop(const Met& met) {
  std::erase_if(kin_, [&](const auto& entry) {
    const auto here = met.find(entry.first);
    return here == met.end() || here->second->start_ticks != entry.second.start_ticks;
  });
}

void KinTable::Add(const KinSeen& seen, Micros now_us) {
  if (!seen.alive) return;
  auto at = kin_.find(seen.pid);
  if (at == kin_.end()) {
    if (kin_.size() >= kMost) return;
    at = kin_.emplace(seen.pid, Kin{}).first;
    at->second.start_ticks = seen.start_ticks;
    at->second.first_seen_us = now_us;
  } else if (at->second.comm == seen.comm) {
    return;
  }
  at->second.comm = seen.comm;
  to_look_.push_back(seen.pid);
}

void KinTable::Link(const KinSeen& seen) {
  const auto at = kin_.find(seen.pid);
  if (at == kin_.end() || !seen.alive) return;
  Kin& kin = at->second;
  if (seen.parent == 0) kin.entered = true;
  if (kin.confirmed || kin.lineage || seen.parent == 0 || seen.parent == self_) return;
  const auto parent = kin_.find(seen.parent);
  if (parent == kin_.end()) return;
  kin.parent = seen.parent;
  kin.parent_start_ticks = parent->second.start_ticks;
  new_links_.push_back({.pid = seen.pid,
                        .start_ticks = kin.start_ticks,
                        .parent = kin.parent,
                        .parent_start_ticks = kin.parent_start_ticks});
}

void KinTable::OnLinkConfirmed(const KinLink& link) {
  const auto at = kin_.find(link.pid);
  if (at == kin_.end()) return;
  Kin& kin = at->second;
  const KinLink known{.pid = link.pid,
                      .start_ticks = kin.start_ticks,
                      .parent = kin.parent,
                      .parent_start_ticks = kin.parent_start_ticks};
  if (known == link) kin.confirmed = true;
}

void KinTable::OnLook(const model::ProcessInfo& look) {
  const auto at = kin_.find(look.pid);
  if (at == kin_.end() || at->second.start_ticks != look.start_ticks || !look.shadow) return;
  at->second.comm = look.shadow->comm;
  at->second.shadow = look.shadow;
}

const KinTable::Kin* KinTable::ParentOf(const Kin& kin) const {
  if (!kin.confirmed) return nullptr;
  const auto at = kin_.find(kin.parent);
  const bool same = at != kin_.end() && at->second.start_ticks == kin.parent_start_ticks;
  return same ? &at->second : nullptr;
}

std::optional<KinTable::Lineage> KinTable::LineageOf(const Kin& kin) const {
  Lineage lineage;
  for (const Kin* at = &kin; at != nullptr;) {
    if (at->lineage) {
      lineage.insert(lineage.end(), at->lineage->begin(), at->lineage->end());
      break;
    }
    if (lineage.size() >= model::Shadow::kLineage) break;
    const Kin* const parent = ParentOf(*at);
    if (parent != nullptr) lineage.push_back({.pid = at->parent, .comm = parent->comm});
    at = parent;
  }
  if (lineage.empty()) return std::nullopt;
  lineage.resize(std::min(lineage.size(), model::Shadow::kLineage));
  return lineage;
}

bool KinTable::IsEntered(const Kin& kin) const {
  const Kin* at = &kin;
  for (int link = 0; link < kMostLinks && at != nullptr; ++link) {
    if (at->entered) return true;
    if (at->lineage) return false;
    at = ParentOf(*at);
  }
  return false;
}

std::optional<KinNote> KinTable::Find(pid_t pid, std::uint64_t start_ticks) const {
  const auto at = kin_.find(pid);
  if (at == kin_.end() || at->second.start_ticks != start_ticks) return std::nullopt;
  const Kin& kin = at->second;
  auto shadow = std::make_shared<model::Shadow>();
  if (kin.shadow) *shadow = *kin.shadow;
  shadow->comm = kin.comm;
  shadow->lineage = LineageOf(kin);
  return KinNote{
      .first_seen_us = kin.first_seen_us, .entered = IsEntered(kin), .shadow = std::move(shadow)};
}

}  // namespace reaperd::reap
