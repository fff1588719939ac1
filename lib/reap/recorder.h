// Recorder: makes the record of each death: what the wait call told, what was known of the living,
// what the zombie still shows, and why it died. Owned by the composition root; told by the reaper.
//
// A record has its number and its place in the ring from the moment the death is seen. Its verdict
// may follow a little later: a SIGKILL is judged when all that died with it have been seen (Settle),
// since the OOM killer's counter does not say whom it counted. Once it is judged and the zombie is
// reaped the record is complete and told, once.
//
// One thread. Reads only what never waits (sys::ProcessLook, cgroup files, the kernel log).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "model/counters.h"
#include "model/death.h"
#include "model/death_record.h"
#include "model/process_info.h"
#include "model/records_spec.h"
#include "reap/detail.h"
#include "reap/kin_table.h"
#include "reap/record_ring.h"
#include "reap/sent_signals.h"
#include "reap/verdict.h"
#include "sys/process_ops.h"

namespace reaperd::reap {

/// Whether memory had run out. The real one is OomDesk; a test brings its own.
class OomJudge {
 public:
  OomJudge() = default;
  OomJudge(const OomJudge&) = delete;
  OomJudge& operator=(const OomJudge&) = delete;
  virtual ~OomJudge() = default;
  /// A living process of this cgroup is known.
  virtual void OnSeen(const std::string& cgroup, Micros now_us) = 0;
  /// One died of a SIGKILL, perhaps ours. All that died together are told before the first Facts.
  virtual void OnSigkill(const model::DeathRecord& record, Micros now_us) = 0;
  virtual OomFacts Facts(const model::DeathRecord& record, Micros now_us) = 0;
};

class RecordObserver {
 public:
  RecordObserver() = default;
  RecordObserver(const RecordObserver&) = delete;
  RecordObserver& operator=(const RecordObserver&) = delete;
  virtual ~RecordObserver() = default;
  /// Its death was seen, and has its number; the verdict may follow.
  virtual void OnDied([[maybe_unused]] const std::shared_ptr<const model::DeathRecord>& record) {}
  /// Judged and reaped: nothing changes any more.
  virtual void OnRecorded(const std::shared_ptr<const model::DeathRecord>& record) = 0;
};

class Recorder {
 public:
  using Record = std::shared_ptr<model::DeathRecord>;

  /// All must outlive it. `oom` may be nullptr: SIGKILLs are then judged without it.
  Recorder(sys::ProcessOps& ops, const model::RecordsSpec& spec, OomJudge* oom,
           RecordObserver& observer);

  /// The next death can be looked at as a zombie.
  bool WantsLook(Micros now_us);

  /// A zombie was seen; it is not reaped before this returns. `need_name`: a hold rule asks for what
  /// only /proc tells, whatever the budget says.
  enum class Need { kBudget, kName };
  Record OnDeath(const model::Death& death, const model::ProcessInfo* known, Need need);
  /// Its hold was decided: reads what is still there and was left out.
  void Complete(const Record& record);
  /// The zombie is gone. Also for one that was never shown (OnDeath), whose record is made now.
  Record OnReaped(const model::Death& death, const model::ProcessInfo* known);
  /// No more deaths are at hand: judges those that waited for it. True if there were any.
  bool Settle(Micros now_us);
  /// It was not judged yet.
  [[nodiscard]] bool IsOpen(const model::DeathRecord& record) const;
  /// The longest that a verdict waits for others while deaths go on.
  static constexpr Micros kLongestWait_us = 50 * kMillisecond;
  static constexpr std::size_t kMostOpen = 256;
  [[nodiscard]] bool SettleIsDue(Micros now_us) const {
    return open_.size() >= kMostOpen ||
           (!open_.empty() && now_us - open_.front().record->died_us >= kLongestWait_us);
  }

  /// We sent a signal, or are about to.
  void OnSent(model::SentSignal sent) { sent_.Add(std::move(sent)); }
  /// The child that will die, or has died, of this; its record is made later.
  void OnExecFailed(pid_t pid, ExecFailure failure) { exec_failures_[pid] = std::move(failure); }
  void OnAdopted(const model::ProcessInfo& process);
  /// What is known of those that died before they were noticed; must outlive the recorder's use.
  void ConsultKin(const KinTable* kin) { kin_ = kin; }

  /// Not judged.
  struct Open {
    Record record;
    VerdictFacts facts;  ///< as they were at the death: what we sent is forgotten with the reap
  };
  /// What outlives an exec of ourselves, and back; the records are shared, not copied. A held zombie
  /// keeps its record and its number.
  struct State {
    DetailBudget::State budget;
    RecordRing::State ring;
    std::vector<model::SentSignal> sent;
    std::vector<Record> unreaped;  ///< of those seen dead; some may have left the ring
    std::vector<Open> open;        ///< in order of their deaths
    std::unordered_map<pid_t, ExecFailure> exec_failures;
  };
  [[nodiscard]] State Save() const;
  void Load(const State& state);

  [[nodiscard]] const RecordRing& ring() const { return ring_; }
  [[nodiscard]] const SentSignals& sent() const { return sent_; }
  /// The record of a zombie that is not reaped yet; nullptr: it was not shown.
  [[nodiscard]] Record FindUnreaped(pid_t pid) const;

 private:
  Record Make(const model::Death& death, const model::ProcessInfo* known,
              const sys::ZombieFacts& facts);
  void Fill(model::DeathRecord& record, const sys::ZombieFacts& facts) const;
  void AddKin(model::DeathRecord& record, std::uint64_t start_ticks) const;
  void JudgeOrWait(const Record& record);
  [[nodiscard]] VerdictFacts FactsOf(const model::DeathRecord& record) const;
  void TellIfComplete(const Record& record);

  sys::ProcessOps& ops_;
  OomJudge* oom_;
  RecordObserver& observer_;
  const KinTable* kin_ = nullptr;
  DetailBudget budget_;
  std::optional<DetailChoice> choice_;  ///< for the next death
  RecordRing ring_;
  SentSignals sent_;
  std::unordered_map<pid_t, Record> unreaped_;
  std::unordered_map<pid_t, ExecFailure> exec_failures_;
  std::vector<Open> open_;  ///< in order of their deaths
};

}  // namespace reaperd::reap
