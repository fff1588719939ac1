// Taking the pids out of one part of /proc/self/task/<tid>/children, a page of text.

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "sys/children_list.h"

namespace {

void ChildrenListParse(benchmark::State& state) {
  std::string page;
  for (int pid = 20'000; page.size() + 6 <= 4096; ++pid)
    page += std::to_string(pid) + ' ';
  std::vector<pid_t> pids;
  while (state.KeepRunning()) {
    std::string text = page;
    pids.clear();
    reaperd::sys::TakePids(text, pids);
    benchmark::DoNotOptimize(pids.data());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(pids.size()));
}
BENCHMARK(ChildrenListParse);

}  // namespace
