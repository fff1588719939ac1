#include "reap/kin_watch.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "sys/procfs.h"

namespace reaperd::reap {
namespace {

constexpr int kPart = 16;
/// On a machine with more processes, those that come after are not seen.
constexpr std::size_t kMostSeen = 16384;
constexpr Micros kPauseFactor = 100;

KinSeen Seen(sys::ProcStat&& process) {
  return {.pid = process.pid,
          .parent = process.parent,
          .start_ticks = process.start_ticks,
          .comm = std::move(process.comm),
          .alive = !process.IsZombie()};
}

/// While a process goes away its stat shows parent 0 and session -1
/// (docs/kernel-facts.md#who-came-from-outside).
bool IsWhole(const sys::ProcStat& process) {
  return process.session >= 0;
}

}  // namespace

KinWatch::KinWatch(event::EventLoop& loop, sys::ProcessOps& ops, KinTable::Scope scope,
                   std::string proc_root, Micros interval_us, std::function<void()> looked)
    : loop_(loop),
      ops_(ops),
      proc_root_(std::move(proc_root)),
      interval_us_(interval_us),
      looked_(std::move(looked)),
      table_(getpid(), scope),
      job_(loop.AddJob(event::Priority::kJobs, [this](event::Turn& turn) { return Run(turn); })),
      deadline_(loop.AddDeadline([this] {
        began_us_ = ops_.Now();
        cost_us_ = 0;
        auto walk = sys::ProcessWalk::Begin(proc_root_);
        if (walk) walk_ = std::move(walk).value();
        loop_.Wake(job_);
      })) {
  loop_.SetDeadline(deadline_, ops_.Now() + interval_us_);
}

KinWatch::~KinWatch() {
  loop_.ClearDeadline(deadline_);
  loop_.RemoveIo(job_);
}

event::After KinWatch::Run(event::Turn& turn) {
  const Micros before_us = ops_.CpuTime();
  const bool done = Advance(turn);
  cost_us_ += ops_.CpuTime() - before_us;
  if (!done) return event::After::kMore;
  ++looks_;
  loop_.SetDeadline(deadline_,
                    std::max(began_us_ + interval_us_, ops_.Now() + kPauseFactor * cost_us_));
  looked_();
  return event::After::kWait;
}

/// Until the look is over, or the turn: then false.
bool KinWatch::Advance(event::Turn& turn) {
  return Walk(turn) && ConfirmLinks(turn) && LookAtNew(turn);
}

bool KinWatch::Walk(event::Turn& turn) {
  if (!walk_) return true;
  std::vector<sys::ProcStat> part;
  for (bool more = true; more;) {
    part.clear();
    more = walk_->Next(kPart, part) && seen_.size() < kMostSeen;
    for (sys::ProcStat& process : part) {
      if (IsWhole(process)) seen_.push_back(Seen(std::move(process)));
    }
    if (more && turn.OverAfter(kPart)) return false;
  }
  walk_.reset();
  table_.OnWalk(std::exchange(seen_, {}), ops_.Now());
  links_ = table_.TakeNewLinks();
  to_look_ = table_.TakeToLook();
  return true;
}

bool KinWatch::IsThere(const KinLink& link) const {
  const auto process = sys::ReadStat(proc_root_, link.pid);
  if (!process || !IsWhole(*process) || process->start_ticks != link.start_ticks ||
      process->parent != link.parent) {
    return false;
  }
  const auto parent = sys::ReadStat(proc_root_, link.parent);
  return parent && parent->start_ticks == link.parent_start_ticks;
}

bool KinWatch::ConfirmLinks(event::Turn& turn) {
  while (!links_.empty()) {
    if (IsThere(links_.back())) table_.OnLinkConfirmed(links_.back());
    links_.pop_back();
    if (turn.Over()) return false;
  }
  return true;
}

bool KinWatch::LookAtNew(event::Turn& turn) {
  while (!to_look_.empty()) {
    if (const auto look = ops_.LookAtLiving(to_look_.back(), sys::Known::kNothing))
      table_.OnLook(*look);
    to_look_.pop_back();
    if (turn.Over()) return false;
  }
  return true;
}

}  // namespace reaperd::reap
