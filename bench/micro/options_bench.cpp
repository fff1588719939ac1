// Reading the command line and the environment: part of every start.

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "daemon/options.h"

namespace {

using reaperd::daemon::CommandLine;
using reaperd::daemon::ParseOwnCommandLine;

/// An array of char* as main gets it.
std::vector<char*> Pointers(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (std::string& word : words)
    pointers.push_back(word.data());
  return pointers;
}

void Parse(benchmark::State& state, std::vector<std::string> words) {
  std::vector<std::string> variables;
  for (int i = 0; i < 40; ++i)
    variables.push_back("VARIABLE_" + std::to_string(i) + "=value");
  const std::vector<char*> argv = Pointers(words);
  const std::vector<char*> environment = Pointers(variables);
  while (state.KeepRunning()) {
    const auto parsed =
        ParseOwnCommandLine(CommandLine{.argv = argv, .environment = environment, .pid1 = true});
    benchmark::DoNotOptimize(parsed.exit_code);
  }
}

void OptionsNone(benchmark::State& state) {
  Parse(state, {"reaperd", "--", "/bin/true"});
}
BENCHMARK(OptionsNone);

void OptionsMany(benchmark::State& state) {
  Parse(state, {"reaperd", "--rewrite", "TERM=QUIT", "--stop-timeout", "8s", "--grace", "2s",
                "--map", "143=0", "--env", "A=B", "--signal-target", "group", "--", "/bin/true"});
}
BENCHMARK(OptionsMany);

}  // namespace
