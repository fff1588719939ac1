// event::Deadlines with others set: arm and cancel, move, take.

#include <benchmark/benchmark.h>

#include "event/deadlines.h"

namespace {

using reaperd::Micros;
using reaperd::event::DeadlineId;
using reaperd::event::Deadlines;

void Fill(Deadlines& deadlines, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i)
    deadlines.Set(deadlines.Make(), 1000 + i * 7 % 1000);
}

void DeadlineArmCancel(benchmark::State& state) {
  Deadlines deadlines;
  Fill(deadlines, state.range(0));
  const DeadlineId id = deadlines.Make();
  while (state.KeepRunning()) {
    deadlines.Set(id, 1);  // the earliest: all the way up and down
    deadlines.Clear(id);
    benchmark::DoNotOptimize(deadlines);
  }
}
BENCHMARK(DeadlineArmCancel)->Arg(0)->Arg(100)->Arg(1000);

void DeadlineTakeDue(benchmark::State& state) {
  Deadlines deadlines;
  Fill(deadlines, state.range(0));
  const DeadlineId id = deadlines.Make();
  while (state.KeepRunning()) {
    deadlines.Set(id, 1);
    benchmark::DoNotOptimize(deadlines.TakeDue(1));
  }
}
BENCHMARK(DeadlineTakeDue)->Arg(0)->Arg(1000);

}  // namespace
