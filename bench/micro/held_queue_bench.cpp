// reap::HeldQueue with others held: a death that no rule matches, one that is held and released by
// its time, and one that takes the place of the oldest.

#include <benchmark/benchmark.h>

#include <memory>
#include <vector>

#include "reap/held_queue.h"

namespace {

using reaperd::kSecond;
using reaperd::Micros;
using reaperd::model::DeathRecord;
using reaperd::model::HoldRule;
using reaperd::model::HoldSpec;
using reaperd::reap::HeldQueue;
using RecordPtr = std::shared_ptr<const DeathRecord>;

constexpr pid_t kFirstPid = 1000;

RecordPtr Death(pid_t pid, const char* comm) {
  DeathRecord record{.seq = static_cast<std::uint64_t>(pid), .pid = pid};
  record.comm = comm;
  return std::make_shared<const DeathRecord>(std::move(record));
}

HoldRule Rule(const char* name, const char* comm, Micros for_us) {
  HoldRule rule;
  rule.name = name;
  rule.match.comm = {comm};
  rule.for_us = for_us;
  return rule;
}

HoldSpec Spec(std::int64_t held, std::uint32_t spare) {
  HoldSpec spec;
  spec.rules = {Rule("long", "work*", 600 * kSecond), Rule("short", "job-?", 1)};
  spec.limits.max_held = static_cast<std::uint32_t>(held) + spare;
  return spec;
}

void Fill(HeldQueue& queue, std::int64_t held) {
  for (std::int64_t i = 0; i < held; ++i)
    queue.OnDeath(Death(kFirstPid + static_cast<pid_t>(i), "worker"), 1 + i);
}

void HeldQueueDeathThatPasses(benchmark::State& state) {
  HeldQueue queue(Spec(state.range(0), 1));
  Fill(queue, state.range(0));
  const RecordPtr record = Death(1, "other");
  Micros now_us = kSecond;
  while (state.KeepRunning()) {
    benchmark::DoNotOptimize(queue.OnDeath(record, ++now_us));
    queue.OnTime(now_us);
  }
}
BENCHMARK(HeldQueueDeathThatPasses)->Arg(0)->Arg(64)->Arg(1000)->Arg(10000);

void HeldQueueHoldAndTimeOut(benchmark::State& state) {
  HeldQueue queue(Spec(state.range(0), 1));
  Fill(queue, state.range(0));
  const RecordPtr record = Death(1, "job-1");
  Micros now_us = kSecond;
  while (state.KeepRunning()) {
    queue.OnDeath(record, ++now_us);
    queue.OnTime(++now_us);
    benchmark::DoNotOptimize(queue.TakeReleases());
  }
}
BENCHMARK(HeldQueueHoldAndTimeOut)->Arg(0)->Arg(64)->Arg(1000)->Arg(10000);

void HeldQueueTakesTheOldestsPlace(benchmark::State& state) {
  HeldQueue queue(Spec(state.range(0), 0));
  Fill(queue, state.range(0));
  std::vector<RecordPtr> records;
  for (pid_t pid = 0; pid <= static_cast<pid_t>(state.range(0)); ++pid)
    records.push_back(Death(kFirstPid + pid, "worker"));
  auto next = static_cast<std::size_t>(state.range(0));
  Micros now_us = kSecond;
  while (state.KeepRunning()) {
    queue.OnDeath(records[next], ++now_us);
    queue.OnTime(++now_us);
    benchmark::DoNotOptimize(queue.TakeReleases());
    next = next + 1 == records.size() ? 0 : next + 1;
  }
}
BENCHMARK(HeldQueueTakesTheOldestsPlace)->Arg(64)->Arg(1000)->Arg(10000);

}  // namespace
