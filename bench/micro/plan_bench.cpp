// What reap::Plan itself costs per death, the kernel's answers given for free.

#include <benchmark/benchmark.h>

#include <numeric>
#include <vector>

#include "reap/plan.h"

namespace {

using reaperd::Micros;
using reaperd::model::WaitOutcome;
using reaperd::reap::Action;
using reaperd::reap::Plan;

constexpr pid_t kFirstPid = 1000;

WaitOutcome Dead(pid_t pid) {
  return {.kind = WaitOutcome::Kind::kDead, .pid = pid};
}

/// One SIGCHLD, its death, and the probe that finds no other: a trickle.
void PlanSingleDeath(benchmark::State& state) {
  Plan plan({});
  Micros now_us = 1;
  while (state.KeepRunning()) {
    plan.OnHint(kFirstPid);
    for (Action action = plan.Next(now_us); action.kind != Action::Kind::kRest;
         action = plan.Next(now_us)) {
      ++now_us;
      const bool hinted = action.kind == Action::Kind::kReap;
      plan.OnWaited(action, hinted ? Dead(kFirstPid) : WaitOutcome{}, 1, now_us);
    }
  }
}
BENCHMARK(PlanSingleDeath);

/// P_ALL gives one dead after the other, cheaply: a burst with nobody alive.
void PlanBurst(benchmark::State& state) {
  Plan plan({});
  plan.OnHint(kFirstPid);
  Micros now_us = 1;
  while (state.KeepRunning()) {
    const Action action = plan.Next(now_us);
    ++now_us;
    plan.OnWaited(action, Dead(kFirstPid), 1, now_us);
    benchmark::DoNotOptimize(plan);
  }
}
BENCHMARK(PlanBurst);

/// The answers of a kernel with children of which every tenth is dead, until it was reaped.
void Answer(Plan& plan, const Action& action, const std::vector<pid_t>& children, bool& listed,
            Micros now_us) {
  if (action.kind == Action::Kind::kList) {
    plan.OnListed(listed ? std::vector<pid_t>{} : children, false, 1);
    listed = true;
    return;
  }
  const bool dead = action.pid != 0 && action.pid % 10 == 0;
  plan.OnWaited(action, dead ? Dead(action.pid) : WaitOutcome{}, 1, now_us);
  if (dead && action.kind == Action::Kind::kPeek) {
    plan.OnDecided(action.pid, reaperd::reap::Decision::kReap);
  }
}

/// A sweep by scan over `range(0)` children where something might be held; the time is per child.
void PlanScan(benchmark::State& state) {
  std::vector<pid_t> children(static_cast<std::size_t>(state.range(0)));
  std::iota(children.begin(), children.end(), kFirstPid);
  Micros now_us = 1;
  while (state.KeepRunning()) {
    Plan plan({.may_hold = true});
    bool listed = false;
    for (Action action = plan.Next(now_us); action.kind != Action::Kind::kRest;
         action = plan.Next(now_us)) {
      Answer(plan, action, children, listed, ++now_us);
    }
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(PlanScan)->Arg(100)->Arg(5000);

}  // namespace
