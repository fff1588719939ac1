// One turn of the loop with the real kernel: what stands between a signal and its handler.

#include <benchmark/benchmark.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <memory>

#include "event/event_loop.h"
#include "sys/linux_process_ops.h"

namespace {

using reaperd::UniqueFd;
using reaperd::event::After;
using reaperd::event::EventLoop;
using reaperd::event::Priority;
using reaperd::event::Turn;
using reaperd::sys::LinuxProcessOps;

std::unique_ptr<EventLoop> MakeLoop(LinuxProcessOps& ops, benchmark::State& state) {
  auto loop = EventLoop::Create(ops);
  if (!loop) {
    state.SkipWithError("no epoll");
    return nullptr;
  }
  return std::move(*loop);
}

/// A turn that a woken job makes: epoll is asked without waiting.
void LoopTurnJob(benchmark::State& state) {
  LinuxProcessOps ops;
  const auto loop = MakeLoop(ops, state);
  if (!loop) return;
  const auto job = loop->AddJob(Priority::kDeaths, [](Turn&) { return After::kWait; });
  while (state.KeepRunning()) {
    loop->Wake(job);
    loop->RunOnce();
  }
}
BENCHMARK(LoopTurnJob);

/// A turn with one ready descriptor among `range(0)` sources.
void LoopTurnIo(benchmark::State& state) {
  LinuxProcessOps ops;
  const auto loop = MakeLoop(ops, state);
  if (!loop) return;
  UniqueFd ready(eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK));
  std::vector<UniqueFd> idle;
  for (std::int64_t i = 1; i < state.range(0); ++i) {
    idle.emplace_back(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    const auto id = loop->AddIo(idle.back().get(), EPOLLIN, Priority::kClients,
                                [](std::uint32_t, Turn&) { return After::kWait; });
    if (!id) state.SkipWithError("no source");
  }
  const auto id = loop->AddIo(ready.get(), EPOLLIN, Priority::kSignals,
                              [](std::uint32_t, Turn&) { return After::kWait; });
  if (!id) state.SkipWithError("no source");
  while (state.KeepRunning())
    loop->RunOnce();
}
BENCHMARK(LoopTurnIo)->Arg(1)->Arg(100);

}  // namespace
