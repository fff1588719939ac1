// The command that the init under measurement runs. It obeys one-line commands on stdin and answers
// each with one line of JSON on stdout, so that the driver can attach a tracer between two phases.
//
//   workload [--cpu N]      run ourselves (and what we make) on CPU N; the reaper stays where it is
//
//   live N                  N more sleeping orphans
//   burst N MS              phases.h; MS is the phase's deadline
//   trickle N US MS         one death every US microseconds
//   singles N US MS         each death US microseconds after the one before was reaped
//   storm N MS
//   flood N MS
//   held N                  N deaths that a hold rule takes; answers how many are held then
//   timed N US MS           trickle of such deaths, for a rule that lets them go by itself
//   release MS              a stop signal, until all of the last `held` are reaped
//   memory | switches       of the reaper
//   quit                    exit 0
//
// The reaper is our parent. Linked static against the C library only: a fork of this program is
// what every sleeping orphan costs.

#include <sched.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "clock.h"
#include "phases.h"
#include "reaper_stats.h"

namespace reaperd::bench {

namespace {

constexpr int kMaxArgs = 3;

void Print(const PhaseResult& r) {
  std::printf(
      "{\"error\":%d,\"deaths\":%d,\"reaped\":%d,\"cpu_ns\":%lld,\"elapsed_ns\":%lld,"
      "\"p50_ns\":%lld,\"p99_ns\":%lld,\"max_ns\":%lld,\"samples\":%d}\n",
      r.error, r.deaths, r.reaped, static_cast<long long>(r.cpu_ns),
      static_cast<long long>(r.elapsed_ns), static_cast<long long>(r.p50_ns),
      static_cast<long long>(r.p99_ns), static_cast<long long>(r.max_ns), r.samples);
}

void Live(const PhaseContext& context, const long* args) {
  const int count = static_cast<int>(args[0]);
  const pid_t group = count > 0 ? MakeSleepers(context.crowd, count) : 0;
  std::printf("{\"error\":%d,\"made\":%d}\n", context.crowd->error,
              group > 0 ? context.crowd->made : 0);
}

void Burst(const PhaseContext& context, const long* args) {
  Print(RunBurst(context, static_cast<int>(args[0]), args[1] * kNsPerMs));
}

void Trickle(const PhaseContext& context, const long* args) {
  Print(RunTrickle(context, static_cast<int>(args[0]), args[1] * kNsPerUs, args[2] * kNsPerMs));
}

void Singles(const PhaseContext& context, const long* args) {
  Print(RunSingles(context, static_cast<int>(args[0]), args[1] * kNsPerUs, args[2] * kNsPerMs));
}

void Storm(const PhaseContext& context, const long* args) {
  Print(RunStorm(context, static_cast<int>(args[0]), args[1] * kNsPerMs));
}

void Flood(const PhaseContext& context, const long* args) {
  const FloodResult r = RunFlood(context, static_cast<int>(args[0]), args[1] * kNsPerMs);
  std::printf("{\"error\":%d,\"zombies\":%d,\"stop_ns\":%lld}\n", r.error, r.zombies,
              static_cast<long long>(r.stop_ns));
}

void Print(const HeldResult& r) {
  std::printf("{\"error\":%d,\"held\":%d,\"release_ns\":%lld}\n", r.error, r.held,
              static_cast<long long>(r.release_ns));
}

void Held(const PhaseContext& context, const long* args) {
  Print(RunHeld(context, static_cast<int>(args[0])));
}

void Timed(const PhaseContext& context, const long* args) {
  Print(RunTrickle(context, static_cast<int>(args[0]), args[1] * kNsPerUs, args[2] * kNsPerMs,
                   kHeldCode));
}

void Release(const PhaseContext& context, const long* args) {
  Print(RunRelease(context, args[0] * kNsPerMs));
}

void Memory(const PhaseContext& context, const long*) {
  const ReaperMemory m = ReadMemory(context.reaper);
  std::printf("{\"rss_kib\":%ld,\"pss_kib\":%ld,\"private_dirty_kib\":%ld}\n", m.rss_kib, m.pss_kib,
              m.private_dirty_kib);
}

void Switches(const PhaseContext& context, const long*) {
  const ReaperSwitches s = ReadSwitches(context.reaper);
  std::printf("{\"voluntary\":%ld,\"nonvoluntary\":%ld}\n", s.voluntary, s.nonvoluntary);
}

struct Command {
  const char* name;
  int args;
  void (*run)(const PhaseContext&, const long*);
};

constexpr Command kCommands[] = {
    {"live", 1, Live},       {"burst", 2, Burst},       {"trickle", 3, Trickle},
    {"singles", 3, Singles}, {"storm", 2, Storm},       {"flood", 2, Flood},
    {"held", 1, Held},       {"timed", 3, Timed},       {"release", 1, Release},
    {"memory", 0, Memory},   {"switches", 0, Switches},
};

/// Runs one command line; false if there is no such command or it lacks a number.
bool Dispatch(const PhaseContext& context, char* line) {
  char* rest = nullptr;
  const char* name = strtok_r(line, " \n", &rest);
  if (name == nullptr) return false;
  long args[kMaxArgs] = {};
  int count = 0;
  while (const char* word = strtok_r(nullptr, " \n", &rest)) {
    if (count == kMaxArgs) return false;
    args[count++] = std::strtol(word, nullptr, 10);
  }
  for (const Command& command : kCommands) {
    if (std::strcmp(command.name, name) != 0) continue;
    if (count != command.args || args[0] < 0 || args[0] > kMaxCrowd) return false;
    command.run(context, args);
    return true;
  }
  return false;
}

/// The CPU that the driver pinned the reaper to, -1 when it may run on several.
int ReaperCpu(pid_t reaper) {
  cpu_set_t set;
  if (sched_getaffinity(reaper, sizeof set, &set) != 0 || CPU_COUNT(&set) != 1) return -1;
  for (size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) return static_cast<int>(cpu);
  }
  return -1;
}

int Serve() {
  const pid_t reaper = getppid();
  const PhaseContext context{
      .reaper = reaper, .reaper_cpu = ReaperCpu(reaper), .crowd = MakeCrowd()};
  if (context.crowd == nullptr) return 1;
  std::printf("{\"ready\":true,\"reaper\":%d}\n", reaper);
  std::fflush(stdout);
  char line[256];
  while (std::fgets(line, sizeof line, stdin) != nullptr) {
    if (std::strcmp(line, "quit\n") == 0) return 0;
    if (!Dispatch(context, line)) std::printf("{\"error\":-1,\"usage\":true}\n");
    // Before the next fork: a child must not own a copy of what stdio still holds.
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace

}  // namespace reaperd::bench

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "--cpu") == 0) {
    reaperd::bench::PinTo(static_cast<int>(std::strtol(argv[2], nullptr, 10)));
  }
  return reaperd::bench::Serve();
}
