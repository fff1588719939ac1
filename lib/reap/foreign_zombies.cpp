#include "reap/foreign_zombies.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

#include "sys/process_signal.h"
#include "sys/procfs.h"

namespace reaperd::reap {
namespace {

using model::ForeignEvent;
using Step = ForeignEvent::Step;

constexpr int kPart = 16;
/// After a look by interval, in multiples of what it cost: at most 1 % of the time.
constexpr Micros kPauseFactor = 100;

int SignalOf(Step step) {
  switch (step) {
    case Step::kTerminated:
      return SIGTERM;
    case Step::kKilled:
      return SIGKILL;
    case Step::kNudged:
    case Step::kFound:
    case Step::kGone:
    case Step::kExempt:
    case Step::kFailed:
      break;
  }
  return SIGCHLD;
}

std::uint64_t& CounterOf(model::ForeignCounters& counters, Step step) {
  switch (step) {
    case Step::kFound:
      return counters.found;
    case Step::kNudged:
      return counters.nudged;
    case Step::kTerminated:
      return counters.terminated;
    case Step::kKilled:
      return counters.killed;
    case Step::kGone:
      return counters.gone;
    case Step::kExempt:
      return counters.exempt;
    case Step::kFailed:
      break;
  }
  return counters.failed;
}

SeenProcess Seen(sys::ProcStat&& process) {
  return {.pid = process.pid,
          .parent = process.parent,
          .start_ticks = process.start_ticks,
          .comm = std::move(process.comm),
          .state = process.state,
          .threads = process.threads};
}

}  // namespace

ForeignZombies::ForeignZombies(event::EventLoop& loop, sys::ProcessOps& ops,
                               ForeignObserver& observer, ForeignScope scope, std::string proc_root,
                               model::ForeignZombieSpec spec)
    : loop_(loop),
      ops_(ops),
      observer_(observer),
      scope_(scope),
      proc_root_(std::move(proc_root)),
      plan_(std::move(spec)),
      job_(loop.AddJob(event::Priority::kJobs, [this](event::Turn& turn) { return Run(turn); })),
      deadline_(loop.AddDeadline([this] {
        interval_over_ = true;
        loop_.Wake(job_);
      })),
      last_act_us_(ops.Now()) {
  SetDeadline();
}

void ForeignZombies::Look(LookKind kind, std::uint64_t asker, LookHandler handler) {
  if (askers_.Waits(asker)) {
    handler(Error(EAGAIN, "this client waits for foreign zombies already"));
    return;
  }
  askers_.Add(asker, std::move(handler));
  may_act_ = may_act_ || kind == LookKind::kAct;
  loop_.Wake(job_);
}

void ForeignZombies::SetSpec(model::ForeignZombieSpec spec) {
  plan_.SetSpec(std::move(spec));
  SetDeadline();
}

bool ForeignZombies::busy() const {
  return walk_ || judging_ || interval_over_ || askers_.HasNext() || !steps_.empty() ||
         !events_.empty();
}

event::After ForeignZombies::Run(event::Turn& turn) {
  const Micros before_us = ops_.CpuTime();
  const bool done = Advance(turn);
  cost_us_ += ops_.CpuTime() - before_us;
  if (!done) return event::After::kMore;
  // Who asked may have gone before the look: then next to nothing was spent.
  not_before_us_ = std::max(not_before_us_, ops_.Now() + kPauseFactor * std::exchange(cost_us_, 0));
  SetDeadline();
  return event::After::kWait;
}

/// Until everything is done, or the turn is over: then false.
bool ForeignZombies::Advance(event::Turn& turn) {
  for (;;) {
    if (!TellEvents(turn) || !TakeSteps(turn)) return false;
    if (!events_.empty()) continue;
    if (walk_) {
      if (!Walk(turn)) return false;
    } else if (judging_) {
      if (!Judge(turn)) return false;
    } else if (askers_.HasNext() || interval_over_) {
      BeginLook();
    } else {
      return true;
    }
  }
}

bool ForeignZombies::TellEvents(event::Turn& turn) {
  while (events_told_ < events_.size()) {
    Tell(events_[events_told_++]);
    if (turn.Over()) return false;
  }
  events_.clear();
  events_told_ = 0;
  return true;
}

bool ForeignZombies::TakeSteps(event::Turn& turn) {
  while (steps_taken_ < steps_.size()) {
    const ParentStep& step = steps_[steps_taken_++];
    auto event = plan_.OnStep(step, Take(step), ops_.Now());
    if (event) events_.push_back(*std::move(event));
    if (turn.Over()) return false;
  }
  steps_.clear();
  steps_taken_ = 0;
  return true;
}

void ForeignZombies::BeginLook() {
  askers_.BeginNext();
  const bool asked = std::exchange(may_act_, false);
  const bool may_act = std::exchange(interval_over_, false) || asked;
  kind_ = may_act ? LookKind::kAct : LookKind::kList;
  cost_us_ = 0;
  if (may_act) last_act_us_ = ops_.Now();
  snapshot_ = {.self = getpid(), .scope = scope_, .processes = {}, .spared = {}};
  // Another namespace's /proc would name strangers.
  auto walk = sys::ProcIsOurs(proc_root_)
                  ? sys::ProcessWalk::Begin(proc_root_)
                  : Error(ENOENT, proc_root_ + " does not show our pid namespace");
  if (walk) {
    ++counters_.looks;
    walk_ = std::move(walk).value();
  } else {
    ++counters_.failed_looks;
    Answer(walk.error());
  }
}

/// False when the turn was over first.
bool ForeignZombies::Walk(event::Turn& turn) {
  for (bool more = true; more;) {
    part_.clear();
    more = walk_->Next(kPart, part_);
    for (sys::ProcStat& process : part_)
      snapshot_.processes.push_back(Seen(std::move(process)));
    if (more && turn.OverAfter(kPart)) return false;
  }
  walk_.reset();
  snapshot_.spared = observer_.Spared();
  plan_.BeginLook(std::move(snapshot_), kind_, ops_.Now());
  judging_ = true;
  return true;
}

/// The same.
bool ForeignZombies::Judge(event::Turn& turn) {
  auto look = plan_.ContinueLook(kPart);
  while (!look) {
    if (turn.OverAfter(kPart)) return false;
    look = plan_.ContinueLook(kPart);
  }
  judging_ = false;
  events_ = std::move(look->events);
  steps_ = std::move(look->steps);
  Answer(model::ForeignList(
      std::make_shared<const std::vector<model::ForeignZombie>>(std::move(look->zombies))));
  return true;
}

void ForeignZombies::Answer(const Result<model::ForeignList>& zombies) {
  askers_.Tell(zombies);
}

StepOutcome ForeignZombies::Take(const ParentStep& step) const {
  using Kind = StepOutcome::Kind;
  const model::ForeignZombie& zombie = step.zombie;
  const std::vector<pid_t> spared = observer_.Spared();
  if (std::find(spared.begin(), spared.end(), zombie.parent) != spared.end()) {
    return {.kind = Kind::kSpared};
  }
  const auto dead = sys::ReadStat(proc_root_, zombie.pid);
  if (!dead || !dead->IsZombie() || dead->start_ticks != zombie.start_ticks ||
      dead->parent != zombie.parent) {
    return {.kind = Kind::kGone};
  }
  // Killing it would kill its whole namespace. Whoever has the number now: SignalProcess makes sure
  // that it is still the same one, so this was its status, too.
  const auto nested = sys::IsNestedInit(proc_root_, zombie.parent);
  if (!nested) return {.kind = Kind::kGone};
  if (*nested) return {.kind = Kind::kNestedInit};
  sys::ProcStat parent;
  parent.pid = zombie.parent;
  parent.start_ticks = zombie.parent_start_ticks;
  const int error = sys::SignalProcess(ops_, proc_root_, parent, SignalOf(step.step));
  if (error == ESRCH) return {.kind = Kind::kGone};
  if (error != 0) return {.kind = Kind::kFailed, .error = error};
  return {.kind = Kind::kTaken};
}

void ForeignZombies::Tell(const ForeignEvent& event) {
  ++CounterOf(counters_, event.step);
  observer_.OnForeign(event);
}

void ForeignZombies::SetDeadline() {
  const auto& interval_us = plan_.spec().interval_us;
  if (!interval_us) {
    loop_.ClearDeadline(deadline_);
    return;
  }
  // What came of a step, and whether the next is due, is not to wait for a long interval.
  Micros at_us = last_act_us_ + *interval_us;
  if (const auto next_us = plan_.NextStep(ops_.Now())) at_us = std::min(at_us, *next_us);
  loop_.SetDeadline(deadline_, std::max(at_us, not_before_us_));
}

}  // namespace reaperd::reap
