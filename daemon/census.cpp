#include "daemon/census.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <unordered_set>
#include <utility>

#include "model/process_id.h"

namespace reaperd::daemon {
namespace {

constexpr char kProcRoot[] = "/proc";
constexpr int kPart = 16;

}  // namespace

Census::Census(event::EventLoop& loop, reap::Reaper& reaper, const DeathDesk& deaths, bool pid1,
               std::function<void()> wake)
    : loop_(loop),
      reaper_(reaper),
      deaths_(deaths),
      pid1_(pid1),
      wake_(std::move(wake)),
      job_(loop.AddJob(event::Priority::kJobs, [this](event::Turn& turn) { return Walk(turn); })) {}

void Census::Look(model::ClientId client, Handler handler) {
  if (askers_.Waits(client)) {
    handler(Error(EAGAIN, "this client waits for a list of processes already"));
    return;
  }
  askers_.Add(client, std::move(handler));
  if (!looking_) Begin();
}

void Census::Begin() {
  askers_.BeginNext();
  looking_ = true;
  discovery_ = reaper_.RequestDiscovery();
  wake_();
}

void Census::AfterRun() {
  if (!discovery_ || !reaper_.IsDiscovered(*discovery_)) return;
  discovery_.reset();
  seen_.clear();
  if (sys::ProcIsOurs(kProcRoot)) {
    if (auto walk = sys::ProcessWalk::Begin(kProcRoot)) walk_ = std::move(walk).value();
  }
  loop_.Wake(job_);
}

event::After Census::Walk(event::Turn& turn) {
  if (!looking_ || discovery_) return event::After::kWait;
  while (walk_) {
    part_.clear();
    const bool more = walk_->Next(kPart, part_);
    for (sys::ProcStat& stat : part_) {
      const auto uid = sys::OwnerOf(kProcRoot, stat.pid);
      if (uid && !stat.IsKernelThread()) seen_.push_back({std::move(stat), uid});
    }
    if (!more) {
      walk_.reset();
    } else if (turn.OverAfter(kPart)) {
      return event::After::kMore;
    }
  }
  Answer();
  return event::After::kWait;
}

void Census::Answer() {
  const model::ProcessList list = MakeList();
  seen_ = {};
  looking_ = false;
  askers_.Tell(Result<model::ProcessList>(list));
  if (askers_.HasNext() && !looking_) Begin();
}

model::ProcessList Census::MakeList() {
  const pid_t self = getpid();
  std::unordered_set<pid_t> below;
  if (!pid1_) {
    std::vector<sys::ProcStat> all;
    all.reserve(seen_.size());
    for (const Seen& seen : seen_)
      all.push_back(seen.stat);
    for (const sys::ProcStat& stat : sys::DescendantsOf(self, all))
      below.insert(stat.pid);
  }
  auto list = std::make_shared<std::vector<model::ProcessView>>();
  std::unordered_set<pid_t> listed;
  for (const Seen& seen : seen_) {
    if (pid1_ ? seen.stat.pid == self : !below.contains(seen.stat.pid)) continue;
    list->push_back(ViewOf(seen));
    listed.insert(seen.stat.pid);
  }
  // Those that came, or were missed, since the walk was there.
  reaper_.table().ForEach([&](const model::ProcessInfo& child) {
    if (!listed.contains(child.pid)) list->push_back(ViewOf(child));
  });
  std::sort(list->begin(), list->end(),
            [](const auto& one, const auto& other) { return one.pid < other.pid; });
  return list;
}

void Census::AddChild(model::ProcessView& view, const model::ProcessInfo& child) {
  auto known = std::make_shared<model::ProcessInfo>(child);
  if (child.shadow && !view.comm.empty() && child.shadow->comm != view.comm) {
    // It runs another program since it was looked at: what it was called with then is past. Who asks
    // next is told what it is now.
    reaper_.RequestLookAt(child.pid);
    wake_();
    auto shadow = std::make_shared<model::Shadow>(*child.shadow);
    shadow->cmdline.reset();
    shadow->exe.reset();
    known->shadow = std::move(shadow);
  }
  view.child = std::move(known);
  view.id = child.Id();
  view.started_us = sys::StartOf(child);
  if (const auto record = deaths_.recorder().FindUnreaped(child.pid)) {
    if (!record->id.empty()) view.id = record->id;
    if (view.comm.empty()) view.comm = record->comm;
    view.uid = record->uid;
  }
  if (view.comm.empty() && child.shadow) view.comm = child.shadow->comm;
  if (deaths_.holds().queue().Find(child.pid) != nullptr) {
    view.state = model::ProcessState::kHeld;
  } else if (reaper_.plan().WasSeen(child.pid)) {
    view.state = model::ProcessState::kDead;
  }
}

model::ProcessView Census::ViewOf(const model::ProcessInfo& child) {
  model::ProcessView view{.pid = child.pid, .parent = getpid()};
  AddChild(view, child);
  return view;
}

model::ProcessView Census::ViewOf(const Seen& seen) {
  const sys::ProcStat& stat = seen.stat;
  const model::ProcessIdentity identity{
      .pid = stat.pid, .pidfs_inode = 0, .start_ticks = stat.start_ticks};
  model::ProcessView view{.pid = stat.pid,
                          .id = identity.Id(),
                          .parent = stat.parent,
                          .comm = stat.comm,
                          .uid = seen.uid};
  view.started_us = sys::InstantOf(stat.start_ticks);
  if (stat.IsZombie()) {
    view.state =
        stat.parent == getpid() ? model::ProcessState::kDead : model::ProcessState::kForeign;
  }
  const model::ProcessInfo* const child = reaper_.table().Find(stat.pid);
  const bool same = child != nullptr && stat.parent == getpid() &&
                    (child->start_ticks == 0 || child->start_ticks == stat.start_ticks);
  if (same) AddChild(view, *child);
  if (view.id.empty()) view.id = identity.Id();
  return view;
}

}  // namespace reaperd::daemon
