#include "ctl/wait_plan.h"

namespace reaperd::ctl {

bool WaitPlan::IsMeant(std::int64_t pid, const std::optional<std::string>& id) const {
  if (pid != pid_) return false;
  const bool both = id && process_ && process_->id;
  return !both || *id == *process_->id;
}

WaitPlan::Step WaitPlan::TakeSnapshot(const client::Snapshot& snapshot) {
  for (const client::Process& process : snapshot.processes) {
    if (process.pid == pid_) process_ = process;
  }
  for (const client::Hold& hold : snapshot.held) {
    if (hold.record.pid == pid_) return Ended{hold.record.end};
  }
  if (snapshot.more) return Waiting{};
  if (process_ && process_->state == "alive") {
    foreign_child_ = !process_->role;
    return Waiting{};
  }
  if (process_ && process_->state == "foreign") {
    return Unknown{"it is dead already, and only its parent " + std::to_string(process_->ppid) +
                   " can learn how it ended"};
  }
  return AskList{};
}

WaitPlan::Step WaitPlan::TakeEvent(const client::Event& event) {
  if (const auto* died = std::get_if<client::DiedEvent>(&event.body)) {
    if (IsMeant(died->pid, died->id)) return Ended{died->end};
  } else if (const auto* reaped = std::get_if<client::ReapedEvent>(&event.body)) {
    if (IsMeant(reaped->death.pid, reaped->death.id)) return Ended{reaped->death.end};
  } else if (const auto* adopted = std::get_if<client::AdoptedEvent>(&event.body)) {
    if (IsMeant(adopted->process.pid, adopted->process.id)) foreign_child_ = false;
  }
  return Waiting{};
}

WaitPlan::Step WaitPlan::Take(const client::News& news) {
  if (const auto* snapshot = std::get_if<client::Snapshot>(&news.what)) {
    return TakeSnapshot(*snapshot);
  }
  if (const auto* event = std::get_if<client::Event>(&news.what)) return TakeEvent(*event);
  // What was lost may have been the one that we wait for.
  return AskList{};
}

WaitPlan::Step WaitPlan::FromList(const std::vector<client::Death>& deaths) {
  for (auto death = deaths.rbegin(); death != deaths.rend(); ++death) {
    // An older bearer of the number, when the ids do not tell.
    const bool older = process_ && process_->started_at && death->died_at < *process_->started_at;
    if (!older && IsMeant(death->pid, death->id)) return Ended{death->end};
  }
  if (process_) return Waiting{};
  return Unknown{"there is no such process below reaperd, and no death of it on record"};
}

}  // namespace reaperd::ctl
