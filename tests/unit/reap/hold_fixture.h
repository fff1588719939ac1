// What tests of holding share: records and rules in a line, and a queue that counts the deaths.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "reap/held_queue.h"

namespace reaperd::reap {

using model::HoldEnd;
using model::HoldRule;
using model::HoldSpec;
using model::ReleaseReason;
using model::Role;

inline model::DeathRecord Record(pid_t pid, std::string comm = "worker") {
  model::DeathRecord record;
  record.pid = pid;
  record.id = "i" + std::to_string(pid);
  record.comm = std::move(comm);
  record.end = model::ExitStatus::Exited(1);
  record.verdict.cause = model::Cause::kExitError;
  return record;
}

inline HoldRule RuleFor(std::string name, std::string comm, HoldEnd end = HoldEnd::kReleased) {
  HoldRule rule;
  rule.name = std::move(name);
  rule.match.comm = {std::move(comm)};
  rule.end = end;
  return rule;
}

inline HoldRule TimedRule(std::string name, std::string comm, Micros for_us) {
  HoldRule rule = RuleFor(std::move(name), std::move(comm), HoldEnd::kTime);
  rule.for_us = for_us;
  return rule;
}

inline HoldRule BarrierRule(std::string name, std::string comm, std::string barrier) {
  HoldRule rule = RuleFor(std::move(name), std::move(comm), HoldEnd::kBarrier);
  rule.barrier = std::move(barrier);
  return rule;
}

class HeldQueueTest : public ::testing::Test {
 protected:
  static constexpr Micros kNow = 1000 * kSecond;
  static constexpr Micros kMaxTime = 15 * 60 * kSecond;

  /// A queue over what `spec` says by now.
  HeldQueue& Queue() {
    if (!queue_) queue_ = std::make_unique<HeldQueue>(spec);
    return *queue_;
  }

  bool Die(pid_t pid, std::string comm = "worker", Micros at_us = kNow) {
    return Die(Record(pid, std::move(comm)), at_us);
  }
  bool Die(model::DeathRecord record, Micros at_us = kNow) {
    record.seq = ++last_seq_;
    return Queue().OnDeath(std::make_shared<const model::DeathRecord>(std::move(record)), at_us);
  }

  Result<Leased> Lease(pid_t pid, std::optional<Micros> for_us, Micros at_us = kNow,
                       ClientId client = 1, bool until_disconnect = false) {
    return Queue().Hold({.pid = pid,
                         .id = "i" + std::to_string(pid),
                         .client = client,
                         .for_us = for_us,
                         .until_disconnect = until_disconnect},
                        at_us);
  }

  /// "5 timeout, 6 keep": what was released since.
  std::string Released() {
    std::string text;
    for (const model::Release& release : Queue().TakeReleases()) {
      text += (text.empty() ? "" : ", ") + std::to_string(release.pid) + " " +
              std::string(model::kReleaseReasons.Name(release.reason));
    }
    return text;
  }

  /// "jobs complete: 5 barrier, 6 keep": what barriers told since.
  std::string Results() {
    std::string text;
    for (const model::BarrierResult& result : Queue().TakeBarrierResults()) {
      text += (text.empty() ? "" : "; ") + result.barrier;
      text += result.complete ? " complete:" : " incomplete:";
      for (const auto& member : result.members) {
        text += " " + std::to_string(member.pid) + " " +
                std::string(model::kReleaseReasons.Name(member.released_by));
      }
    }
    return text;
  }

  std::string HeldPids() {
    std::string text;
    for (const model::HoldInfo& info : Queue().List())
      text += (text.empty() ? "" : " ") + std::to_string(info.record->pid);
    return text;
  }

  HoldSpec spec;

 private:
  std::unique_ptr<HeldQueue> queue_;
  std::uint64_t last_seq_ = 0;
};

}  // namespace reaperd::reap
