// What a death record costs beside the system calls: the verdict, the ring, its JSON.

#include <benchmark/benchmark.h>
#include <signal.h>

#include "reap/record_ring.h"
#include "reap/sent_signals.h"
#include "reap/verdict.h"
#include "status/status_json.h"

namespace {

using reaperd::model::DeathRecord;
using reaperd::model::ExitStatus;
using reaperd::model::SentSignal;
using reaperd::model::Shadow;

constexpr pid_t kPid = 214;

/// The common one: an orphan that ended by itself.
void JudgeSuccess(benchmark::State& state) {
  const reaperd::reap::VerdictFacts facts{.pid = kPid, .end = ExitStatus::Exited(0)};
  while (state.KeepRunning())
    benchmark::DoNotOptimize(reaperd::reap::Judge(facts));
}
BENCHMARK(JudgeSuccess);

/// The dearest: SIGKILL with a counter that rose.
void JudgeOutOfMemory(benchmark::State& state) {
  reaperd::reap::VerdictFacts facts{.pid = kPid, .end = ExitStatus::Killed(SIGKILL)};
  facts.oom = reaperd::reap::OomFacts{.cgroup = "/svc/web", .before = 3, .after = 4};
  while (state.KeepRunning())
    benchmark::DoNotOptimize(reaperd::reap::Judge(facts));
}
BENCHMARK(JudgeOutOfMemory);

/// A death by signal when the log of sent signals is full of others.
void FindSentSignal(benchmark::State& state) {
  reaperd::reap::SentSignals signals;
  for (pid_t pid = 1; pid <= 64; ++pid)
    signals.Add({.reach = SentSignal::Reach::kGroup, .target = pid, .signal = SIGTERM});
  const reaperd::reap::SignalRecipient recipient{.pid = kPid, .process_group = kPid};
  while (state.KeepRunning())
    benchmark::DoNotOptimize(signals.Find(recipient, SIGTERM, 1));
}
BENCHMARK(FindSentSignal);

DeathRecord FullRecord() {
  Shadow shadow;
  shadow.comm = "worker";
  shadow.cmdline = {{"/usr/bin/worker", "--queue", "a", "--verbose"}};
  shadow.exe = "/usr/bin/worker";
  shadow.cwd = "/srv/app";
  shadow.lineage = {{{.pid = 37, .comm = "sh"}, {.pid = 7, .comm = "supervisor"}}};
  DeathRecord record;
  record.pid = kPid;
  record.id = "i88123";
  record.comm = "worker";
  record.shadow = std::make_shared<const Shadow>(std::move(shadow));
  record.uid = record.gid = 1000;
  record.cgroup = "/svc/web";
  record.session = record.process_group = 30;
  record.started_us = 120'000;
  record.died_us = record.reaped_us.emplace(5'243'456);
  record.end = ExitStatus::Killed(SIGKILL);
  record.verdict = {reaperd::model::Cause::kOomKill,
                    "memory.events oom_kill of /svc/web rose 3→4, the only SIGKILL since the last "
                    "reading"};
  record.usage = {.user_us = 123'456, .system_us = 4567, .max_rss_kb = 123'456};
  record.io = {.read_bytes = 4096, .write_bytes = 1 << 20};
  record.detail = reaperd::model::Detail::kFull;
  return record;
}

/// Into a ring that is full: one is made, one goes.
void RingPush(benchmark::State& state) {
  const DeathRecord record = FullRecord();
  reaperd::reap::RecordRing ring(reaperd::model::RecordsSpec{});
  while (state.KeepRunning())
    benchmark::DoNotOptimize(ring.Push(std::make_shared<DeathRecord>(record)));
}
BENCHMARK(RingPush);

/// A question for one pid that is not there looks at all.
void RingSelect(benchmark::State& state) {
  reaperd::reap::RecordRing ring(reaperd::model::RecordsSpec{});
  const DeathRecord record = FullRecord();
  for (int i = 0; i < 1024; ++i)
    ring.Push(std::make_shared<DeathRecord>(record));
  while (state.KeepRunning())
    benchmark::DoNotOptimize(ring.Select({.pid = kPid + 1}));
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(ring.size()));
}
BENCHMARK(RingSelect);

void RecordJson(benchmark::State& state) {
  const DeathRecord record = FullRecord();
  const reaperd::status::JsonContext context{.instance = "8f2c", .wall_offset_us = 1};
  while (state.KeepRunning())
    benchmark::DoNotOptimize(reaperd::status::DeathRecordJson(record, context));
}
BENCHMARK(RecordJson);

/// 4 KiB of arguments, a third of them not plain ASCII.
void RecordJsonLongCmdline(benchmark::State& state) {
  DeathRecord record = FullRecord();
  Shadow shadow = *record.shadow;
  shadow.cmdline.emplace();
  for (int i = 0; i < 512; ++i)
    shadow.cmdline->emplace_back("ab\"é\xff-");
  record.shadow = std::make_shared<const Shadow>(std::move(shadow));
  const reaperd::status::JsonContext context{.instance = "8f2c", .wall_offset_us = 1};
  while (state.KeepRunning())
    benchmark::DoNotOptimize(reaperd::status::DeathRecordJson(record, context));
}
BENCHMARK(RecordJsonLongCmdline);

}  // namespace
