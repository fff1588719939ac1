#include "reap/hold_desk.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "reap/hold_match.h"

namespace reaperd::reap {
namespace {

/// A limit can be changed from outside (docker update --pids-limit).
constexpr Micros kSurroundingsAge_us = 10 * kSecond;

}  // namespace

HoldDesk::HoldDesk(event::EventLoop& loop, Reaper& reaper, const model::HoldSpec& spec,
                   HoldObserver& observer, Surroundings surroundings, std::function<void()> wake)
    : loop_(loop),
      reaper_(reaper),
      queue_(spec),
      observer_(observer),
      surroundings_(std::move(surroundings)),
      wake_(std::move(wake)),
      deadline_(loop.AddDeadline([this] {
        queue_.OnTime(loop_.Now());
        wake_();
      })) {
  reaper_.SetMayHold(active());
}

Decision HoldDesk::OnDeath(const Record& record, Judged judged) {
  if (!active()) return Decision::kReap;
  if (judged == Judged::kYes) return Ask(record);
  open_.push_back(record);
  return Decision::kHold;
}

Decision HoldDesk::Ask(const Record& record) {
  RefreshSurroundings();
  if (!queue_.OnDeath(record, loop_.Now())) return Decision::kReap;
  const model::HoldInfo* const found = queue_.Find(record->pid);
  model::HoldInfo hold = found != nullptr ? *found : model::HoldInfo{.record = record};
  if (found == nullptr) {
    // The barrier that it was the last of has let it go already.
    const auto index = FirstMatch(queue_.rules(), *record);
    if (index) hold.rule = queue_.rules()[*index].name;
    if (index) hold.barrier = queue_.rules()[*index].barrier;
  }
  record->hold = model::HoldNote{.rule = hold.rule, .released_by = std::nullopt};
  held_[record->pid] = record;
  observer_.OnHeld(hold);
  return Decision::kHold;
}

void HoldDesk::OnAllJudged() {
  for (const Record& record : std::exchange(open_, {})) {
    if (Ask(record) == Decision::kReap) reaper_.OnRelease(record->pid);
  }
}

void HoldDesk::OnReaped(pid_t pid) {
  if (queue_.IsIdle() && open_.empty() && held_.empty()) return;
  queue_.Forget(pid);
  std::erase_if(open_, [pid](const Record& record) { return record->pid == pid; });
  if (held_.contains(pid)) wake_();  // the plan had to let it go: the queue tells of it
}

bool HoldDesk::Apply() {
  ShowLiving();
  bool released = false;
  std::vector<pid_t> to_reap;
  for (const model::Release& release : queue_.TakeReleases()) {
    released = true;
    const auto at = held_.find(release.pid);
    if (at == held_.end()) continue;
    const Record record = std::move(at->second);
    held_.erase(at);
    record->hold->released_by = release.reason;
    observer_.OnReleased(
        {.record = record, .rule = record->hold->rule, .since_us = record->died_us},
        release.reason);
    to_reap.push_back(release.pid);
  }
  // The reaper takes the last first.
  for (auto pid = to_reap.rbegin(); pid != to_reap.rend(); ++pid)
    reaper_.OnRelease(*pid);
  for (const model::BarrierResult& result : queue_.TakeBarrierResults())
    observer_.OnBarrier(result);
  reaper_.SetMayHold(active());
  if (const auto next_us = queue_.NextDeadline()) {
    loop_.SetDeadline(deadline_, *next_us);
  } else {
    loop_.ClearDeadline(deadline_);
  }
  return released || living_asked_.has_value();
}

/// A barrier that waits for the last of those who match can be complete only if no child matches
/// that we have not seen yet, or has come to match since: so all are looked for, and looked at.
void HoldDesk::ShowLiving() {
  if (!queue_.WantsLiving()) {
    living_asked_.reset();
    return;
  }
  if (!living_asked_) living_asked_ = reaper_.RequestLookAgain();
  // With many children it takes more than a turn.
  if (!reaper_.IsDiscovered(*living_asked_)) return;
  living_asked_.reset();
  bool enough = false;
  reaper_.table().ForEach([&](const model::ProcessInfo& process) {
    if (enough || reaper_.plan().IsHeld(process.pid)) return;
    enough = !queue_.OnLivingSeen(process);
  });
  queue_.OnAllSeen(loop_.Now());
}

void HoldDesk::RefreshSurroundings() {
  const Micros now_us = loop_.Now();
  if (now_us < surroundings_until_us_) return;
  surroundings_until_us_ = now_us + kSurroundingsAge_us;
  queue_.SetSurroundings(surroundings_());
}

void HoldDesk::Changed() {
  reaper_.SetMayHold(active());
  wake_();
}

void HoldDesk::OnPressure() {
  surroundings_until_us_ = 0;
  queue_.OnPressure();
  wake_();
}

void HoldDesk::OnSurroundingsChanged() {
  surroundings_until_us_ = 0;
  if (queue_.size() == 0) return;  // the next death asks
  RefreshSurroundings();
  wake_();
}

void HoldDesk::Close(model::ReleaseReason reason) {
  if (queue_.closed()) return;
  queue_.Close(reason);
  // Those whose verdict is open go, too: nothing waits for a judgement from here on.
  for (const Record& record : std::exchange(open_, {}))
    reaper_.OnRelease(record->pid);
  Changed();
}

HoldDesk::State HoldDesk::Save() const {
  State state{.queue = queue_.Save(), .held = {}, .open = open_};
  for (const auto& [pid, record] : held_)
    state.held.push_back(record);
  return state;
}

void HoldDesk::Load(const State& state) {
  queue_.Load(state.queue);
  held_.clear();
  for (const Record& record : state.held)
    held_[record->pid] = record;
  open_ = state.open;
  living_asked_.reset();
  surroundings_until_us_ = 0;
  Changed();
}

Result<Leased> HoldDesk::Hold(const LeaseRequest& request) {
  if (IsLeaving(request.pid)) {
    return Error(ESRCH,
                 "pid " + std::to_string(request.pid) + " is released and about to be reaped");
  }
  RefreshSurroundings();
  auto leased = queue_.Hold(request, loop_.Now());
  Changed();
  return leased;
}

Status HoldDesk::Release(pid_t pid, std::string_view id) {
  Status done = queue_.Release(pid, id);
  Changed();
  return done;
}

Status HoldDesk::ReleaseRule(std::string_view name) {
  Status done = queue_.ReleaseRule(name, loop_.Now());
  Changed();
  return done;
}

Status HoldDesk::ReleaseBarrier(std::string_view name) {
  Status done = queue_.ReleaseBarrier(name, loop_.Now());
  Changed();
  return done;
}

void HoldDesk::ReleaseAll(model::ReleaseReason reason) {
  queue_.ReleaseAll(reason);
  Changed();
}

void HoldDesk::OnDisconnect(ClientId client) {
  queue_.OnDisconnect(client, loop_.Now());
  Changed();
}

Status HoldDesk::AddRule(model::HoldRule rule) {
  Status done = queue_.AddRule(std::move(rule));
  Changed();
  return done;
}

Status HoldDesk::RemoveRule(std::string_view name) {
  Status done = queue_.RemoveRule(name);
  Changed();
  return done;
}

}  // namespace reaperd::reap
