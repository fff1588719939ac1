#include "daemon/control_desk.h"

#include <unistd.h>

#include <cerrno>

#include "base/text.h"
#include "model/process_id.h"
#include "reap/termination_note.h"
#include "sys/zombie_inspect.h"

namespace reaperd::daemon {
namespace {

constexpr char kProcRoot[] = "/proc";

std::string Named(pid_t pid) {
  return "pid " + std::to_string(pid);
}

}  // namespace

ControlDesk::ControlDesk(Surroundings around)
    : around_(std::move(around)),
      pidfds_(around_.loop,
              [this](pid_t pid) {
                around_.reaper.OnPidfdReadable(pid);
                around_.wake();
              }),
      census_(around_.loop, around_.reaper, around_.deaths, around_.pid1, around_.wake) {}

model::StatusView ControlDesk::GetStatus() const {
  model::StatusView view;
  around_.run.AddRun(view);
  view.instance = around_.deaths.Json().instance;
  view.pid = getpid();
  view.reap = around_.reap;
  view.children = around_.reaper.table().size();
  view.held = queue().size();
  view.max_held = queue().cap();
  view.leases = queue().lease_count();
  view.rules = queue().rules().size();
  view.barriers = queue().Barriers().size();
  view.counters = Counters();
  if (view.main && queue().Find(view.main->pid) != nullptr) {
    view.main->state = model::MainView::State::kHeld;
    view.main->end = queue().Find(view.main->pid)->record->end;
  }
  return view;
}

model::ControlCounters ControlDesk::Counters() const {
  return {.reap = around_.reaper.counters(),
          .scribe = around_.deaths.scribe_counters(),
          .hold = queue().counters(),
          .foreign = around_.deaths.foreign().counters(),
          .ring = {.next_seq = ring().next_seq(),
                   .oldest_seq = ring().oldest_seq(),
                   .kept = ring().size(),
                   .bytes = ring().bytes()}};
}

// --- deaths

model::RecordPage ControlDesk::ListDeaths(const model::RecordQuery& query) const {
  return ring().Select(query);
}

reap::RecordRing::Record ControlDesk::FindRecord(const model::DeathSelector& which) const {
  if (which.seq) return ring().Find(*which.seq);
  const auto matches = [&](const model::DeathRecord& record) {
    return record.pid == which.pid && (which.id.empty() || record.id == which.id);
  };
  // Of a zombie that is not reaped yet there is a record, even where none are kept.
  auto unreaped = around_.deaths.recorder().FindUnreaped(which.pid);
  if (unreaped && matches(*unreaped)) return unreaped;
  return ring().FindNewest(matches);
}

Result<model::DeathFinding> ControlDesk::FindDeath(const model::DeathSelector& which) const {
  const auto record = FindRecord(which);
  if (!record) {
    const std::string what = which.seq ? "number " + std::to_string(*which.seq) : Named(which.pid);
    const bool alive = !which.seq && around_.reaper.table().Find(which.pid) != nullptr;
    return Error(ENOENT, "no death record of " + what + (alive ? ", which is alive" : ""));
  }
  model::DeathFinding finding{.record = record, .before = nullptr, .hold = std::nullopt};
  finding.before = ring().FindNewest(
      [&](const model::DeathRecord& other) { return reap::MayHaveLedTo(other, *record); });
  const model::HoldInfo* const hold = queue().Find(record->pid);
  if (hold != nullptr && hold->record->seq == record->seq) finding.hold = *hold;
  return finding;
}

Result<model::Inspection> ControlDesk::Inspect(const model::DeathSelector& which) const {
  auto found = FindDeath(which);
  if (!found) return found.error();
  model::Inspection inspection{.record = found->record, .files = {}};
  const pid_t pid = found->record->pid;
  const auto unreaped = around_.deaths.recorder().FindUnreaped(pid);
  if (!unreaped || unreaped->seq != found->record->seq) return inspection;
  const model::ProcessInfo* const known = around_.reaper.table().Find(pid);
  auto files = sys::InspectZombie(kProcRoot, pid, known != nullptr ? known->start_ticks : 0);
  if (!files) return files.error();
  inspection.files = std::move(files).value();
  return inspection;
}

// --- processes

void ControlDesk::ListZombies(model::ClientId client, ZombiesHandler handler) {
  around_.deaths.foreign().Look(reap::LookKind::kList, client, std::move(handler));
}

// --- who is meant

Status ControlDesk::Open() const {
  if (!queue().closed()) return {};
  return Error(ESHUTDOWN, "nobody is held any more: the run ends");
}

Status ControlDesk::CheckPid(pid_t pid) const {
  if (pid <= 0) return Error(EINVAL, "a pid is a number above 0");
  if (!around_.deaths.IsHelper(pid)) return {};
  return Error(EPERM, Named(pid) + " is a part of reaperd itself");
}

Result<model::ProcessIdentity> ControlDesk::ParseId(std::string_view id) {
  if (const auto asked = model::ParseProcessId(id)) return *asked;
  return Error(EINVAL, "'" + Printable(id) +
                           "' is no process id: expected i<inode of the pidfd> or s<pid>:<start "
                           "ticks>, as in the list of processes");
}

Result<std::string> ControlDesk::Identify(pid_t pid, std::string_view id) {
  if (Status other = CheckPid(pid); !other) return other.error();
  const auto standing = around_.reaper.Examine(pid);
  if (!standing) return Error(EAGAIN, Named(pid) + ": " + standing.error().message());
  const reap::Plan& plan = around_.reaper.plan();
  const bool leaving = plan.WasSeen(pid) && !plan.IsHeld(pid);
  if (*standing == reap::Reaper::Standing::kStranger) {
    return Error(ESRCH, Named(pid) + " is no child of reaperd");
  }
  if (leaving || around_.deaths.holds().IsLeaving(pid)) {
    return Error(ESRCH, Named(pid) + " is about to be reaped");
  }
  const auto record = around_.deaths.recorder().FindUnreaped(pid);
  const model::ProcessInfo* const known = around_.reaper.table().Find(pid);
  std::string own_id = record ? record->id : known != nullptr ? known->Id() : std::string();
  if (Status same = CheckId(pid, id, own_id); !same) return same.error();
  return own_id;
}

Status ControlDesk::CheckId(pid_t pid, std::string_view id, const std::string& own_id) const {
  if (id.empty() || id == own_id) return {};
  const auto asked = ParseId(id);
  if (!asked) return asked.error();
  // Known by the other form, or not looked at: the child itself tells. It is not reaped, so its
  // number is its own.
  const sys::ZombieFacts facts = around_.ops.LookAtZombie(pid, model::Detail::kFull);
  const model::ProcessIdentity known{.pid = pid,
                                     .pidfs_inode = facts.pidfs_inode,
                                     .start_ticks = facts.stat ? facts.stat->start_ticks : 0};
  switch (model::IsNamedBy(known, *asked)) {
    case model::SameProcess::kYes:
      return {};
    case model::SameProcess::kNo:
      return Error(ESRCH, Named(pid) + " is another process than '" + std::string(id) + "'" +
                              (own_id.empty() ? "" : ": it is '" + own_id + "'"));
    case model::SameProcess::kUnknown:
      break;
  }
  return Error(ESRCH,
               "whether " + Named(pid) + " is '" + std::string(id) + "' cannot be told here");
}

}  // namespace reaperd::daemon
