#include "model_kernel/random_world.h"

#include <cerrno>
#include <csignal>

namespace reaperd::test {

using model::ExitStatus;
using model::WaitOutcome;
using reap::Action;
using reap::Decision;
using reap::PlanLimits;

namespace {

constexpr int kMaxQuietWakeUps = 4;

}  // namespace

RandomWorld::RandomWorld(std::uint64_t seed)
    : random_(seed),
      harness_(DrawKernel(Random(~seed)), DrawLimits(Random(seed + 1))),
      kernel_(harness_.kernel()) {
  DrawRegime();
  harness_.set_decide(
      [this](pid_t pid, const WaitOutcome& outcome) { return Decide(pid, outcome); });
  harness_.set_list_part(static_cast<std::size_t>(random_.Between(1, 12)));
  PopulateBeforeStart();
}

ModelKernel RandomWorld::DrawKernel(Random random) {
  // Walks and lists cost as if each process stood for many, so that a few dozen already make P_ALL
  // dear and pauses long.
  KernelCosts costs;
  costs.walk_per_child = 40 << random.Below(10);
  costs.list_per_child = 700 << random.Below(6);
  const pid_t numbers = static_cast<pid_t>(4 + (1 << random.Between(1, 6)) + random.Between(0, 8));
  return ModelKernel(numbers, costs);
}

PlanLimits RandomWorld::DrawLimits(Random random) {
  PlanLimits limits;
  limits.may_hold = random.Chance(60);
  limits.peek_first = random.Chance(30);
  limits.can_list = !random.Chance(10);
  limits.can_peek = !random.Chance(10);
  limits.dear_walks_for_scan = static_cast<int>(random.Between(1, 4));
  limits.barren_waits = static_cast<int>(random.Between(1, 30));
  return limits;
}

void RandomWorld::DrawRegime() {
  const auto sometimes = [&](int percent, int high) {
    return random_.Chance(percent) ? static_cast<int>(random_.Between(1, high)) : 0;
  };
  events_of_ = {
      {static_cast<int>(random_.Between(5, 40)), &RandomWorld::ForkOurs},
      {sometimes(80, 40), &RandomWorld::ForkDeeper},
      {static_cast<int>(random_.Between(5, 40)), &RandomWorld::ExitAny},
      {sometimes(70, 20), &RandomWorld::ExitParent},
      {sometimes(50, 10), &RandomWorld::ExitTogether},
      {sometimes(50, 10), &RandomWorld::ReapByParent},
      {sometimes(40, 10), &RandomWorld::TraceAny},
      {sometimes(60, 10), &RandomWorld::UntraceAny},
      {sometimes(30, 5), &RandomWorld::ExitLeaderAny},
      {sometimes(40, 10), &RandomWorld::StopAny},
      {sometimes(40, 10), &RandomWorld::ContinueAny},
      {sometimes(80, 15), &RandomWorld::ReleaseAny},
      {sometimes(40, 10), &RandomWorld::StaleHint},
      {sometimes(30, 3), &RandomWorld::WantSweep},
      {sometimes(30, 3), &RandomWorld::SwitchLimits},
      {sometimes(15, 2), &RandomWorld::FailList},
      {sometimes(15, 2), &RandomWorld::Reload},
      {sometimes(30, 3), &RandomWorld::FailWaits},
  };
  for (const Weighted& weighted : events_of_)
    total_weight_ += weighted.weight;
  hold_percent_ = static_cast<int>(random_.Below(101));
  hold_by_rule_ = random_.Chance(30);
  keep_ = static_cast<int>(random_.Chance(30) ? random_.Between(1, 5) : 0);
  look_percent_ = random_.Chance(50) ? static_cast<int>(random_.Between(1, 99)) : 0;
  signal_percent_ = static_cast<int>(random_.Between(1, 100));
  gap_ns_ = Nanos{500} << random_.Below(18);
}

void RandomWorld::PopulateBeforeStart() {
  const auto count = random_.Below(static_cast<std::uint64_t>(kernel_.pid_limit()));
  for (std::uint64_t i = 0; i < count; ++i) {
    random_.Chance(50) ? ForkOurs() : ForkDeeper();
    if (random_.Chance(30)) ExitAny();
  }
  // Who was here before us has taken the signals with it (exec keeps children, not what was read).
  if (random_.Chance(50)) kernel_.TakeSigchld();
}

Decision RandomWorld::Decide(pid_t pid, const WaitOutcome& outcome) {
  const bool hold = hold_by_rule_ ? outcome.status.value % 2 == 1 : random_.Chance(hold_percent_);
  if (!hold || !harness_.limits().may_hold) return Decision::kReap;
  const auto held = static_cast<int>(harness_.held().size());
  if (keep_ > 0 && held >= keep_) harness_.Release(harness_.held().front());
  if (random_.Chance(2)) harness_.Hint(pid);
  return Decision::kHold;
}

std::string RandomWorld::Live(std::uint64_t steps) {
  next_event_ns_ = kernel_.now_ns();
  while (this->steps() < steps && harness_.violation().empty())
    Step();
  if (!harness_.violation().empty()) return harness_.violation();
  for (const auto call :
       {ModelKernel::Call::kWaitPid, ModelKernel::Call::kWaitAny, ModelKernel::Call::kList}) {
    kernel_.Fail(call, 0, 0);
  }
  if (!Quiet("quiet")) return trouble_;
  EndAllTraces();
  if (!Quiet("tracers gone")) return trouble_;
  ReleaseAll();
  if (!Quiet("all released")) return trouble_;
  if (!harness_.held().empty() || kernel_.waitable_count() > 0) return "released ones stay";
  ExitAll();
  if (!Quiet("all dead")) return trouble_;
  ReleaseAll();
  if (!Quiet("all dead and released")) return trouble_;
  return kernel_.child_count() == 0 ? "" : "children are left";
}

bool RandomWorld::Quiet(const char* phase) {
  harness_.NoteEvent();
  if (harness_.Settle(kMaxQuietWakeUps)) {
    for (pid_t pid = 1; pid < kernel_.pid_limit() && trouble_.empty(); ++pid) {
      if (kernel_.HasUntoldStop(pid)) {
        trouble_ = std::string(phase) + ": rests beside an untold stop of " + std::to_string(pid);
      }
    }
    return trouble_.empty();
  }
  trouble_ = std::string(phase) + ": " +
             (harness_.violation().empty() ? "does not come to rest" : harness_.violation());
  return false;
}

void RandomWorld::Step() {
  CatchUp();
  if (kernel_.sigchld_pending() && random_.Chance(signal_percent_)) harness_.TakeSignal();
  if (look_percent_ > 0) harness_.SetPeekFirst(random_.Chance(look_percent_));
  const Action action = harness_.Act();
  if (action.kind != Action::Kind::kRest) return;
  if (kernel_.sigchld_pending()) {
    harness_.TakeSignal();
    return;
  }
  const Micros event_us = next_event_ns_ / 1000 + 1;
  harness_.Sleep(action.until_us ? std::min(*action.until_us, event_us) : event_us);
}

void RandomWorld::CatchUp() {
  // A limit: events faster than our calls must not keep the plan from its turn.
  for (int i = 0; i < 8 && next_event_ns_ <= kernel_.now_ns(); ++i) {
    next_event_ns_ += DrawGap();
    Happen();
  }
  next_event_ns_ = std::max(next_event_ns_, kernel_.now_ns());
}

Nanos RandomWorld::DrawGap() {
  const Nanos gap = random_.Between(0, 2 * gap_ns_);
  return random_.Chance(2) ? 100 * gap : gap;
}

void RandomWorld::Happen() {
  ++events_;
  auto at = static_cast<int>(random_.Below(static_cast<std::uint64_t>(total_weight_)));
  for (const Weighted& weighted : events_of_) {
    at -= weighted.weight;
    if (at >= 0) continue;
    (this->*weighted.event)();
    break;
  }
  harness_.NoteEvent();
}

pid_t RandomWorld::Pick() {
  for (int tried = 0; tried < 8; ++tried) {
    const auto pid = static_cast<pid_t>(random_.Between(2, kernel_.pid_limit() - 1));
    if (kernel_.Alive(pid)) return pid;
  }
  return 0;
}

void RandomWorld::Exit(pid_t pid) {
  if (kernel_.Traced(pid)) ++traced_deaths_;
  const bool killed = random_.Chance(30);
  kernel_.Exit(pid, killed ? ExitStatus::Killed(SIGKILL)
                           : ExitStatus::Exited(static_cast<int>(random_.Below(256))));
}

void RandomWorld::ForkOurs() {
  kernel_.Fork(ModelKernel::kSelf);
}

void RandomWorld::ForkDeeper() {
  const pid_t parent = Pick();
  if (parent != 0) kernel_.Fork(parent);
}

void RandomWorld::ExitAny() {
  if (const pid_t pid = Pick(); pid != 0) Exit(pid);
}

void RandomWorld::ExitParent() {
  const pid_t child = Pick();
  if (child == 0) return;
  if (const pid_t parent = kernel_.ParentOf(child); parent != ModelKernel::kSelf) {
    // Often the child is a zombie that its parent never asked for.
    if (random_.Chance(50)) Exit(child);
    Exit(parent);
  }
}

void RandomWorld::ExitTogether() {
  for (auto count = random_.Below(16); count > 0; --count)
    ExitAny();
}

void RandomWorld::ReapByParent() {
  const auto pid = static_cast<pid_t>(random_.Between(2, kernel_.pid_limit() - 1));
  if (!kernel_.Exists(pid) || kernel_.Alive(pid) || kernel_.Traced(pid)) return;
  if (kernel_.ParentOf(pid) != ModelKernel::kSelf) kernel_.ReapByParent(pid);
}

void RandomWorld::TraceAny() {
  if (const pid_t pid = Pick(); pid != 0) kernel_.Trace(pid);
}

void RandomWorld::UntraceAny() {
  kernel_.Untrace(static_cast<pid_t>(random_.Between(2, kernel_.pid_limit() - 1)));
}

void RandomWorld::ExitLeaderAny() {
  if (const pid_t pid = Pick(); pid != 0) kernel_.ExitLeader(pid);
}

void RandomWorld::StopAny() {
  if (const pid_t pid = Pick(); pid != 0) kernel_.Stop(pid, SIGSTOP);
}

void RandomWorld::ContinueAny() {
  if (const pid_t pid = Pick(); pid != 0) kernel_.Continue(pid);
}

void RandomWorld::ReleaseAny() {
  const auto& held = harness_.held();
  if (held.empty() || random_.Chance(5)) {  // also of what is not held: must be no harm
    harness_.Release(static_cast<pid_t>(random_.Between(2, kernel_.pid_limit() - 1)));
  } else {
    harness_.Release(held[random_.Below(held.size())]);
  }
}

void RandomWorld::StaleHint() {
  // Numbers that nobody has, too: a record may be older than the reap of the process it names.
  harness_.Hint(static_cast<pid_t>(random_.Between(-1, kernel_.pid_limit() + 3)));
}

void RandomWorld::WantSweep() {
  harness_.WantSweep();
}

void RandomWorld::SwitchLimits() {
  harness_.SetLimits(DrawLimits(Random(random_.Next())));
}

void RandomWorld::Reload() {
  harness_.Reload();
}

void RandomWorld::FailList() {
  kernel_.Fail(ModelKernel::Call::kList, ENOMEM, static_cast<int>(random_.Between(1, 4)));
}

void RandomWorld::FailWaits() {
  static constexpr int kErrors[] = {EINTR, EAGAIN, ENOMEM, EPERM};
  const auto call = random_.Chance(50) ? ModelKernel::Call::kWaitPid : ModelKernel::Call::kWaitAny;
  kernel_.Fail(call, kErrors[random_.Below(4)], static_cast<int>(random_.Between(1, 20)));
}

void RandomWorld::EndAllTraces() {
  for (pid_t pid = 2; pid < kernel_.pid_limit(); ++pid)
    kernel_.Untrace(pid);
}

void RandomWorld::ReleaseAll() {
  while (!harness_.held().empty())
    harness_.Release(harness_.held().back());
}

void RandomWorld::ExitAll() {
  for (pid_t pid = 2; pid < kernel_.pid_limit(); ++pid) {
    if (kernel_.Alive(pid)) Exit(pid);
  }
}

}  // namespace reaperd::test
