// KinWatch: looks at the processes below us again and again, so that of an orphan it is known who
// made it and what it was (--watch). For those who accept the wake-ups.
//
// A look is a walk of /proc in parts, a confirmation of each new parent link and a look at each new
// process: about 20 us a process that /proc shows, and 100 for each new one. It takes at most 1 % of
// the time: where a look is dear the next one comes later than was asked for. Owned by the
// composition root.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "event/event_loop.h"
#include "reap/kin_table.h"
#include "sys/process_ops.h"
#include "sys/process_walk.h"

namespace reaperd::reap {

class KinWatch {
 public:
  /// `loop` and `ops` must outlive it. `looked`: told after each look, in the loop.
  KinWatch(event::EventLoop& loop, sys::ProcessOps& ops, KinTable::Scope scope,
           std::string proc_root, Micros interval_us, std::function<void()> looked);
  KinWatch(const KinWatch&) = delete;
  KinWatch& operator=(const KinWatch&) = delete;
  ~KinWatch();

  [[nodiscard]] const KinTable& table() const { return table_; }
  [[nodiscard]] std::uint64_t looks() const { return looks_; }

 private:
  event::After Run(event::Turn& turn);
  bool Advance(event::Turn& turn);
  bool Walk(event::Turn& turn);
  bool ConfirmLinks(event::Turn& turn);
  bool LookAtNew(event::Turn& turn);
  [[nodiscard]] bool IsThere(const KinLink& link) const;

  event::EventLoop& loop_;
  sys::ProcessOps& ops_;
  std::string proc_root_;
  Micros interval_us_;
  std::function<void()> looked_;
  KinTable table_;
  event::SourceId job_;
  event::DeadlineId deadline_;
  std::optional<sys::ProcessWalk> walk_;
  std::vector<KinSeen> seen_;
  std::vector<KinLink> links_;  ///< to be confirmed, from the back
  std::vector<pid_t> to_look_;  ///< from the back
  Micros began_us_ = 0;
  Micros cost_us_ = 0;
  std::uint64_t looks_ = 0;
};

}  // namespace reaperd::reap
