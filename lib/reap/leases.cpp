#include "reap/leases.h"

#include <algorithm>
#include <limits>

namespace reaperd::reap {

bool Leases::Put(const Lease& lease) {
  const auto at = by_pid_.find({lease.pid, lease.client});
  if (at == by_pid_.end()) {
    if (by_pid_.size() >= kMax) return false;
    by_pid_.emplace(std::pair{lease.pid, lease.client}, lease);
    by_client_.emplace(lease.client, lease.pid);
    if (!lease.end_us) ++living_;
    return true;
  }
  Lease& old = at->second;
  old.id = lease.id.empty() ? old.id : lease.id;
  old.until_disconnect = old.until_disconnect && lease.until_disconnect;
  old.for_us = old.for_us && lease.for_us ? std::optional(std::max(*old.for_us, *lease.for_us))
                                          : std::nullopt;
  if (old.end_us && lease.end_us) old.end_us = std::max(*old.end_us, *lease.end_us);
  return true;
}

bool Leases::Has(pid_t pid, std::string_view id) const {
  for (auto at = FirstOf(pid); at != by_pid_.end() && at->first.first == pid; ++at) {
    const std::string& known = at->second.id;
    if (known.empty() || id.empty() || known == id) return true;
  }
  return false;
}

void Leases::Start(pid_t pid, Micros now_us, Micros latest_us) {
  for (auto at = by_pid_.lower_bound({pid, 0}); at != by_pid_.end() && at->first.first == pid;
       ++at) {
    Lease& lease = at->second;
    if (lease.end_us) continue;
    --living_;
    lease.end_us = lease.for_us ? std::min(AddTime(now_us, *lease.for_us), latest_us) : latest_us;
  }
}

std::optional<LeaseEnd> Leases::EndOf(pid_t pid) const {
  std::optional<LeaseEnd> end;
  for (auto at = FirstOf(pid); at != by_pid_.end() && at->first.first == pid; ++at) {
    const Lease& lease = at->second;
    const Micros end_us = std::max(lease.end_us.value_or(0), end ? end->end_us : 0);
    end = LeaseEnd{.end_us = end_us, .timed = lease.for_us.has_value() && (!end || end->timed)};
  }
  return end;
}

std::size_t Leases::Drop(pid_t pid) {
  std::size_t count = 0;
  for (auto at = FirstOf(pid); at != by_pid_.end() && at->first.first == pid; ++count)
    at = Erase(at);
  return count;
}

std::vector<pid_t> Leases::OnDisconnect(ClientId client) {
  std::vector<pid_t> ended;
  for (auto at = by_client_.lower_bound({client, std::numeric_limits<pid_t>::min()});
       at != by_client_.end() && at->first == client;) {
    const auto lease = by_pid_.find({at->second, client});
    ++at;  // Erase takes the entry away
    if (!lease->second.until_disconnect) continue;
    ended.push_back(lease->second.pid);
    Erase(lease);
  }
  return ended;
}

void Leases::Clear() {
  by_pid_.clear();
  by_client_.clear();
  living_ = 0;
}

std::vector<Lease> Leases::Save() const {
  std::vector<Lease> saved;
  saved.reserve(by_pid_.size());
  for (const auto& [key, lease] : by_pid_)
    saved.push_back(lease);
  return saved;
}

void Leases::Load(const std::vector<Lease>& leases) {
  Clear();
  for (const Lease& lease : leases)
    Put(lease);
}

Leases::ByPid::const_iterator Leases::FirstOf(pid_t pid) const {
  return by_pid_.lower_bound({pid, 0});
}

Leases::ByPid::const_iterator Leases::Erase(ByPid::const_iterator at) {
  by_client_.erase({at->second.client, at->second.pid});
  if (!at->second.end_us) --living_;
  return by_pid_.erase(at);
}

}  // namespace reaperd::reap
