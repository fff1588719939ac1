// Values as the daemon gives them, for the tests of what the status server makes of them.
#pragma once

#include <signal.h>

#include <memory>
#include <string>
#include <vector>

#include "model/control.h"
#include "model/event.h"

namespace reaperd::status {

inline std::shared_ptr<const model::Shadow> ShadowOf(const std::string& comm,
                                                     std::size_t extra_bytes = 0) {
  model::Shadow shadow;
  shadow.comm = comm;
  shadow.cmdline = {{comm, "--password=" + std::string(extra_bytes, 'x')}};
  shadow.environ = {{"SECRET=1"}};
  shadow.lineage = {{{.pid = 3, .comm = "sh"}}};
  return std::make_shared<const model::Shadow>(std::move(shadow));
}

inline std::shared_ptr<const model::DeathRecord> Death(std::uint64_t seq, uid_t uid = 1000,
                                                       std::size_t extra_bytes = 0) {
  model::DeathRecord record;
  record.seq = seq;
  record.pid = static_cast<pid_t>(100 + seq);
  record.id = "i" + std::to_string(seq);
  record.comm = "worker";
  record.shadow = ShadowOf("worker", extra_bytes);
  record.uid = uid;
  record.died_us = static_cast<Micros>(seq) * kSecond;
  record.started_us = kSecond / 2;
  record.reaped_us = record.died_us + kMillisecond;
  record.end = model::ExitStatus::Killed(SIGKILL);
  record.verdict = {model::Cause::kUnknownSigkill, "nobody said who"};
  record.usage = model::ResourceUse{};
  record.io = model::IoUse{};
  return std::make_shared<const model::DeathRecord>(std::move(record));
}

inline model::HoldInfo HoldOf(std::shared_ptr<const model::DeathRecord> record) {
  return {.record = std::move(record),
          .rule = "crashes",
          .barrier = "jobs",
          .since_us = kSecond,
          .until_us = 2 * kSecond};
}

inline model::ProcessInfo Child(pid_t pid) {
  model::ProcessInfo child{.pid = pid, .start_ticks = 700, .pidfs_inode = 5};
  child.shadow = ShadowOf("worker");
  return child;
}

/// A child of ours, of this user.
inline model::ProcessView Process(pid_t pid, uid_t uid = 1000) {
  return {.pid = pid,
          .id = "i" + std::to_string(pid),
          .parent = 1,
          .comm = "worker",
          .uid = uid,
          .state = model::ProcessState::kAlive,
          .started_us = kSecond,
          .child = std::make_shared<const model::ProcessInfo>(Child(pid))};
}

/// One of every kind.
inline std::vector<model::EventBody> AllEvents() {
  const model::ForeignZombie zombie{.pid = 9, .comm = "z", .parent = 8, .parent_comm = "p"};
  return {
      model::SpawnedEvent{.process = Child(7), .parent = 1},
      model::AdoptedEvent{.process = model::ProcessInfo{.pid = 8}, .parent = 1},
      model::DiedEvent{.record = Death(1)},
      model::HeldEvent{.hold = HoldOf(Death(2))},
      model::ReleasedEvent{
          .pid = 7, .id = "", .rule = "crashes", .reason = model::ReleaseReason::kLeaseEnd},
      model::ReapedEvent{.record = Death(3)},
      model::BarrierEvent{.result = {.barrier = "jobs",
                                     .complete = true,
                                     .members = {{.pid = 7, .end = model::ExitStatus::Exited(0)}},
                                     .unlisted = 2}},
      model::ForeignEvent{.step = model::ForeignEvent::Step::kFailed, .zombie = zombie, .error = 1},
      model::ForeignEvent{.step = model::ForeignEvent::Step::kGone,
                          .zombie = {.pid = 9, .growing = true}},
      model::SignalEvent{.received = SIGTERM, .sent = SIGQUIT, .sender = {.pid = 5, .uid = 6}},
      model::SignalEvent{.received = SIGUSR1, .outcome = model::SignalOutcome::kKilledAll},
      model::StoppingEvent{.phase = model::RunPhase::kGrace},
  };
}

}  // namespace reaperd::status
