// reap::ProcessTable with many children known: one comes, one goes.

#include <benchmark/benchmark.h>

#include "reap/process_table.h"

namespace {

using reaperd::reap::ProcessTable;

void TableInsertErase(benchmark::State& state) {
  ProcessTable table;
  for (pid_t pid = 1; pid <= state.range(0); ++pid)
    table.Insert({.pid = pid});
  const auto fresh = static_cast<pid_t>(state.range(0) + 1);
  while (state.KeepRunning()) {
    benchmark::DoNotOptimize(table.Insert({.pid = fresh}));
    benchmark::DoNotOptimize(table.Erase(fresh));
  }
}
BENCHMARK(TableInsertErase)->Arg(0)->Arg(1000)->Arg(20'000);

/// The discovery of one adopted child that is known already: the common case of a list.
void TableFind(benchmark::State& state) {
  ProcessTable table;
  for (pid_t pid = 1; pid <= state.range(0); ++pid)
    table.Insert({.pid = pid});
  pid_t pid = 0;
  while (state.KeepRunning()) {
    pid = pid % static_cast<pid_t>(state.range(0)) + 1;
    benchmark::DoNotOptimize(table.Find(pid));
  }
}
BENCHMARK(TableFind)->Arg(1000)->Arg(20'000);

}  // namespace
