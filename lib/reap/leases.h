// Leases: who has asked that somebody's zombie be kept, by pid and client. Decides nothing about
// the hold itself; owned by HeldQueue. Pure.
//
// A lease on a process that lives waits for its death: its time begins there, so it has no deadline
// before. One client has one lease on a process; asking again never makes it shorter.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "model/lease.h"

namespace reaperd::reap {

using model::ClientId;

struct Lease {
  pid_t pid = 0;
  std::string id;  ///< of the process; empty: not known
  ClientId client = 0;
  std::optional<Micros> for_us;   ///< from the death, or from the request if it is dead;
                                  ///< nullopt: as long as the limits allow
  bool until_disconnect = false;  ///< the client's going ends it, too
  std::optional<Micros> end_us;   ///< nullopt: the process lives

  bool operator==(const Lease&) const = default;
};

/// The last end of all leases on one process.
struct LeaseEnd {
  Micros end_us = 0;
  bool timed = true;  ///< false: only the limits set this time
};

class Leases {
 public:
  static constexpr std::size_t kMax = 4096;  ///< clients must not fill our memory

  /// False: there are too many.
  bool Put(const Lease& lease);
  /// On the process of this pid and id. An id that is not known, here or there, is no difference: a
  /// child's number is not used again before it is reaped.
  [[nodiscard]] bool Has(pid_t pid, std::string_view id) const;
  /// It is held from now on: its leases end at their time, but not after `latest_us`.
  void Start(pid_t pid, Micros now_us, Micros latest_us);
  /// Of somebody who is held; nullopt: no lease.
  [[nodiscard]] std::optional<LeaseEnd> EndOf(pid_t pid) const;
  /// How many leases on it there were.
  std::size_t Drop(pid_t pid);
  /// Ends the leases that are tied to this client; their pids.
  std::vector<pid_t> OnDisconnect(ClientId client);
  void Clear();

  [[nodiscard]] std::size_t size() const { return by_pid_.size(); }
  /// Of these, on processes that live.
  [[nodiscard]] std::size_t living() const { return living_; }

  [[nodiscard]] std::vector<Lease> Save() const;
  void Load(const std::vector<Lease>& leases);

 private:
  using ByPid = std::map<std::pair<pid_t, ClientId>, Lease>;

  [[nodiscard]] ByPid::const_iterator FirstOf(pid_t pid) const;
  ByPid::const_iterator Erase(ByPid::const_iterator at);

  ByPid by_pid_;
  std::set<std::pair<ClientId, pid_t>> by_client_;
  std::size_t living_ = 0;
};

}  // namespace reaperd::reap
