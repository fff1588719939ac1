// HoldDesk: carries out what reap::HeldQueue decides: tells the reaper whom to keep and whom to let
// go, keeps the one deadline, reads the limits, and tells what happened. Owned by the composition
// root, which asks it about every death and calls Apply after each run of the reaper.
//
// A death whose verdict is still open (reap::Recorder) is kept for that moment, whoever it is: the
// rules ask for the cause. That is no hold; nobody is told of it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "event/event_loop.h"
#include "model/hold_info.h"
#include "model/hold_rule.h"
#include "reap/held_queue.h"
#include "reap/reaper.h"

namespace reaperd::reap {

class HoldObserver {
 public:
  HoldObserver() = default;
  HoldObserver(const HoldObserver&) = delete;
  HoldObserver& operator=(const HoldObserver&) = delete;
  virtual ~HoldObserver() = default;
  virtual void OnHeld(const model::HoldInfo& hold) = 0;
  /// The reap follows in the same turn.
  virtual void OnReleased(const model::HoldInfo& hold, model::ReleaseReason reason) = 0;
  virtual void OnBarrier(const model::BarrierResult& result) = 0;
};

class HoldDesk {
 public:
  using Record = std::shared_ptr<model::DeathRecord>;
  /// What limits holding here, read anew: a few small files.
  using Surroundings = std::function<HoldSurroundings()>;

  /// `loop`, `reaper` and `observer` must outlive it. `wake`: have the reaper run and Apply called.
  HoldDesk(event::EventLoop& loop, Reaper& reaper, const model::HoldSpec& spec,
           HoldObserver& observer, Surroundings surroundings, std::function<void()> wake);

  enum class Judged { kYes, kNotYet };
  Decision OnDeath(const Record& record, Judged judged);
  /// The verdicts that were open are there.
  void OnAllJudged();
  void OnReaped(pid_t pid);
  /// Carries out what became due. True: the reaper has work and is to be run again.
  bool Apply();

  // --- what happens outside; each wakes
  void OnPressure();
  /// The surroundings are not what they were: a process of our own was started.
  void OnSurroundingsChanged();
  /// Something about a living child was learned: a barrier may be waiting for that.
  void OnLearned() {
    if (queue_.WantsLiving()) wake_();
  }
  void Close(model::ReleaseReason reason);

  // --- what clients ask for
  Result<Leased> Hold(const LeaseRequest& request);
  Status Release(pid_t pid, std::string_view id);
  Status ReleaseRule(std::string_view name);
  Status ReleaseBarrier(std::string_view name);
  void ReleaseAll(model::ReleaseReason reason);
  void OnDisconnect(ClientId client);
  Status AddRule(model::HoldRule rule);
  Status RemoveRule(std::string_view name);

  /// What outlives an exec of ourselves, and back. The reaper's own state names the same pids.
  struct State {
    HeldState queue;
    std::vector<Record> held;
    std::vector<Record> open;  ///< not judged yet
  };
  [[nodiscard]] State Save() const;
  void Load(const State& state);

  [[nodiscard]] const HeldQueue& queue() const { return queue_; }
  /// It was let go, and Apply has not told the reaper yet.
  [[nodiscard]] bool IsLeaving(pid_t pid) const {
    return held_.contains(pid) && queue_.Find(pid) == nullptr;
  }
  /// A rule, a lease or a barrier could match.
  [[nodiscard]] bool active() const { return queue_.MayHold() && !queue_.closed(); }

 private:
  Decision Ask(const Record& record);
  void RefreshSurroundings();
  void ShowLiving();
  void Changed();

  event::EventLoop& loop_;
  Reaper& reaper_;
  HeldQueue queue_;
  HoldObserver& observer_;
  Surroundings surroundings_;
  std::function<void()> wake_;
  event::DeadlineId deadline_;
  std::unordered_map<pid_t, Record> held_;     ///< whom the queue holds, for the note in the record
  std::vector<Record> open_;                   ///< kept until they are judged
  std::optional<std::uint64_t> living_asked_;  ///< the discovery that was asked for
  Micros surroundings_until_us_ = 0;
};

}  // namespace reaperd::reap
