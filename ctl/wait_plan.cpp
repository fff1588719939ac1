#include "ctl/wait_plan.h"

#include <algorithm>

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
  return process_ ? StepOf(*process_, AskList{}) : AskList{};
}

WaitPlan::Step WaitPlan::StepOf(const client::Process& process, Step when_dead) {
  if (process.state == "alive") {
    foreign_child_ = !process.role;
    return Waiting{};
  }
  if (process.state == "foreign") {
    return Unknown{"it is dead already, and only its parent " + std::to_string(process.ppid) +
                   " can learn how it ended"};
  }
  return when_dead;
}

WaitPlan::Step WaitPlan::UnlessGone() const {
  if (!gone_seq_ || seen_seq_ < *gone_seq_) return Waiting{};
  return Unknown{"it ended while events were lost to us, and its death is no longer on record"};
}

WaitPlan::Step WaitPlan::TakeEvent(const client::Event& event) {
  if (const auto* died = std::get_if<client::DiedEvent>(&event.body)) {
    if (IsMeant(died->pid, died->id)) return Ended{died->end};
  } else if (const auto* reaped = std::get_if<client::ReapedEvent>(&event.body)) {
    if (IsMeant(reaped->death.pid, reaped->death.id)) return Ended{reaped->death.end};
  } else if (const auto* adopted = std::get_if<client::AdoptedEvent>(&event.body)) {
    if (IsMeant(adopted->process.pid, adopted->process.id)) foreign_child_ = false;
  }
  seen_seq_ = event.seq;
  return UnlessGone();
}

WaitPlan::Step WaitPlan::Take(const client::News& news) {
  if (const auto* snapshot = std::get_if<client::Snapshot>(&news.what)) {
    return TakeSnapshot(*snapshot);
  }
  if (const auto* event = std::get_if<client::Event>(&news.what)) return TakeEvent(*event);
  // What was lost may have been the one that we wait for.
  lost_some_ = true;
  seen_seq_ = std::get<client::Gap>(news.what).to;
  return AskList{};
}

WaitPlan::Step WaitPlan::FromList(const std::vector<client::Death>& deaths) {
  for (auto death = deaths.rbegin(); death != deaths.rend(); ++death) {
    // An older bearer of the number, when the ids do not tell.
    const bool older = process_ && process_->started_at && death->died_at < *process_->started_at;
    if (!older && IsMeant(death->pid, death->id)) return Ended{death->end};
  }
  if (!process_) {
    return Unknown{"there is no such process below reaperd, and no death of it on record"};
  }
  if (!lost_some_) return Waiting{};
  return gone_seq_ ? UnlessGone() : AskLook{};
}

WaitPlan::Step WaitPlan::FromLook(const Look& look) {
  const auto found = std::find_if(
      look.processes.begin(), look.processes.end(),
      [this](const client::Process& process) { return IsMeant(process.pid, process.id); });
  if (found != look.processes.end()) {
    process_ = *found;
    return StepOf(*found, Waiting{});
  }
  // Its parent has its status, and the owner watches it.
  if (foreign_child_) return Waiting{};
  // How it ended may be told by an event that did not reach us yet.
  gone_seq_ = look.seq;
  return UnlessGone();
}

}  // namespace reaperd::ctl
