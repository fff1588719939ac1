#include "reap/recorder.h"

#include <signal.h>

#include <algorithm>
#include <utility>

#include "sys/procfs.h"

namespace reaperd::reap {
namespace {

using model::Detail;

}  // namespace

Recorder::Recorder(sys::ProcessOps& ops, const model::RecordsSpec& spec, OomJudge* oom,
                   RecordObserver& observer)
    : ops_(ops), oom_(oom), observer_(observer), budget_(spec.mode), ring_(spec) {}

bool Recorder::WantsLook(Micros now_us) {
  // A token is taken for a death, not for the question.
  if (!choice_ || !choice_->MayLook()) choice_ = budget_.Take(now_us);
  return choice_->MayLook();
}

Recorder::Record Recorder::OnDeath(const model::Death& death, const model::ProcessInfo* known,
                                   Need need) {
  WantsLook(death.seen_us);
  const DetailChoice choice = *std::exchange(choice_, std::nullopt);
  Detail detail = death.status.success() ? choice.ordinary : choice.notable;
  const bool unnamed = known == nullptr || !known->shadow;
  if (detail == Detail::kMinimal && need == Need::kName && unnamed) detail = Detail::kStandard;
  Record record = Make(death, known, ops_.LookAtZombie(death.pid, detail));
  unreaped_[death.pid] = record;
  JudgeOrWait(record);
  return record;
}

void Recorder::Complete(const Record& record) {
  if (record->detail == Detail::kFull || record->reaped_us) return;
  Fill(*record, ops_.LookAtZombie(record->pid, Detail::kFull));
}

Recorder::Record Recorder::OnReaped(const model::Death& death, const model::ProcessInfo* known) {
  Record record;
  if (const auto at = unreaped_.find(death.pid); at != unreaped_.end()) {
    record = std::move(at->second);
    unreaped_.erase(at);
  } else {
    record = Make(death, known, {});
    JudgeOrWait(record);
  }
  record->reaped_us = death.seen_us;
  sent_.OnReaped(death.pid);
  exec_failures_.erase(death.pid);
  TellIfComplete(record);
  return record;
}

Recorder::Record Recorder::Make(const model::Death& death, const model::ProcessInfo* known,
                                const sys::ZombieFacts& facts) {
  auto record = std::make_shared<model::DeathRecord>();
  record->pid = death.pid;
  record->uid = death.uid;
  record->end = death.status;
  record->died_us = death.seen_us;
  record->usage = death.usage;
  if (known != nullptr) {
    record->role = known->role;
    record->service = known->service;
    record->first_sight = known->first_sight;
    record->shadow = known->shadow;
    record->id = known->Id();
    if (known->session != 0) record->session = known->session;
    record->started_us = sys::StartOf(*known);
  }
  // Without its start nobody knows whether it is the one that was seen.
  if (!record->shadow && facts.stat) AddKin(*record, facts.stat->start_ticks);
  if (record->shadow) {
    record->comm = record->shadow->comm;
    record->cgroup = record->shadow->cgroup;
    record->gid = record->shadow->gid;
  }
  Fill(*record, facts);
  ring_.Push(record);
  observer_.OnDied(record);
  return record;
}

void Recorder::AddKin(model::DeathRecord& record, std::uint64_t start_ticks) const {
  const auto kin = kin_ != nullptr ? kin_->Find(record.pid, start_ticks) : std::nullopt;
  if (!kin) return;
  record.shadow = kin->shadow;
  record.first_sight = model::FirstSight::kDiscovery;
  if (kin->entered && record.role == model::Role::kAdopted) record.role = model::Role::kEntered;
}

void Recorder::Fill(model::DeathRecord& record, const sys::ZombieFacts& facts) const {
  record.detail = std::max(record.detail, facts.detail);
  if (facts.stat) {
    record.comm = facts.stat->comm;  // of its end: exec and prctl change it
    record.session = facts.stat->session;
    record.process_group = facts.stat->process_group;
    if (!record.started_us) {
      record.started_us = sys::InstantOf(facts.stat->start_ticks);
    }
    if (record.id.empty()) {
      const model::ProcessIdentity identity{.pid = record.pid,
                                            .pidfs_inode = facts.pidfs_inode,
                                            .start_ticks = facts.stat->start_ticks};
      record.id = identity.Id();
    }
  }
  if (facts.entered && record.role == model::Role::kAdopted) record.role = model::Role::kEntered;
  if (facts.gid) record.gid = facts.gid;
  if (facts.io) record.io = facts.io;
  if (!record.cgroup) record.cgroup = facts.cgroup;
}

VerdictFacts Recorder::FactsOf(const model::DeathRecord& record) const {
  VerdictFacts facts{.pid = record.pid, .end = record.end, .died_us = record.died_us};
  if (sent_.size() == 0 && exec_failures_.empty()) return facts;
  const SignalRecipient recipient{.pid = record.pid,
                                  .process_group = record.process_group,
                                  .session = record.session,
                                  .started_us = record.started_us};
  const model::SentSignal* sent = nullptr;
  if (record.end.how == model::ExitStatus::How::kSignal) {
    sent = sent_.Find(recipient, record.end.value, record.died_us);
  }
  if (sent == nullptr) sent = sent_.FindAny(recipient, record.died_us);
  if (sent != nullptr) facts.sent = *sent;
  if (const auto at = exec_failures_.find(record.pid); at != exec_failures_.end()) {
    facts.exec_failure = at->second;
  }
  return facts;
}

void Recorder::JudgeOrWait(const Record& record) {
  VerdictFacts facts = FactsOf(*record);
  record->verdict = Judge(facts);
  const bool killed =
      record->end.how == model::ExitStatus::How::kSignal && record->end.value == SIGKILL;
  // One that our own KILL explains is told, too: it may be whom a counter counted.
  if (oom_ == nullptr || !killed) return;
  oom_->OnSigkill(*record, record->died_us);
  open_.push_back({.record = record, .facts = std::move(facts)});
}

bool Recorder::IsOpen(const model::DeathRecord& record) const {
  return std::any_of(open_.begin(), open_.end(),
                     [&](const Open& open) { return open.record.get() == &record; });
}

bool Recorder::Settle(Micros now_us) {
  if (open_.empty()) return false;
  std::vector<Open> judged = std::exchange(open_, {});
  for (Open& open : judged) {
    open.facts.oom = oom_->Facts(*open.record, now_us);
    open.record->verdict = Judge(open.facts);
  }
  for (const Open& open : judged)
    TellIfComplete(open.record);
  return true;
}

void Recorder::TellIfComplete(const Record& record) {
  if (record->reaped_us && (open_.empty() || !IsOpen(*record))) observer_.OnRecorded(record);
}

void Recorder::OnAdopted(const model::ProcessInfo& process) {
  if (oom_ != nullptr && process.shadow && process.shadow->cgroup) {
    oom_->OnSeen(*process.shadow->cgroup, ops_.Now());
  }
}

Recorder::State Recorder::Save() const {
  State state{.budget = budget_.Save(),
              .ring = ring_.Save(),
              .sent = sent_.Save(),
              .unreaped = {},
              .open = open_,
              .exec_failures = exec_failures_};
  for (const auto& [pid, record] : unreaped_)
    state.unreaped.push_back(record);
  return state;
}

void Recorder::Load(const State& state) {
  budget_.Load(state.budget);
  choice_.reset();
  ring_.Load(state.ring);
  sent_.Load(state.sent);
  unreaped_.clear();
  for (const Record& record : state.unreaped)
    unreaped_[record->pid] = record;
  open_ = state.open;
  exec_failures_ = state.exec_failures;
}

Recorder::Record Recorder::FindUnreaped(pid_t pid) const {
  const auto at = unreaped_.find(pid);
  return at == unreaped_.end() ? nullptr : at->second;
}

}  // namespace reaperd::reap
