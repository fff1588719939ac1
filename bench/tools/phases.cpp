#include "phases.h"

#include <signal.h>

#include <cerrno>

#include "clock.h"
#include "observer.h"
#include "reaper_stats.h"

namespace reaperd::bench {

namespace {

// An init may put a fruitless probe off by a hundred times its cost; that work belongs to the
// phase.
constexpr std::int64_t kQuietNs = 150 * kNsPerMs;
constexpr std::int64_t kQuietLimitNs = 3 * kNsPerSecond;
constexpr std::int64_t kLookNs = 100 * kNsPerMs;
constexpr int kSamples = 256;

int SampleStep(int count) {
  return count <= kSamples ? 1 : count / kSamples;
}

bool Gone(pid_t pid) {
  return kill(pid, 0) != 0 && errno == ESRCH;
}

int CountGone(const Crowd* crowd) {
  int gone = 0;
  for (int i = 0; i < crowd->made; ++i)
    gone += Gone(crowd->pids[i]) ? 1 : 0;
  return gone;
}

/// Waits until every pid of the crowd is reaped; returns how many are.
int AwaitGone(const Crowd* crowd, std::int64_t until_ns) {
  int first_left = 0;
  for (;;) {
    while (first_left < crowd->made && Gone(crowd->pids[first_left]))
      ++first_left;
    if (first_left == crowd->made) return first_left;
    if (NowNs() >= until_ns) return CountGone(crowd);
    SleepNs(kNsPerMs);
  }
}

/// Collects until all watched are reaped. Kernels before 6.15 never tell of a reap: there the phase
/// ends when everybody is gone, without latencies.
void CollectUntilGone(const Crowd* crowd, std::int64_t until_ns, Observer* observer) {
  for (std::int64_t now_ns = NowNs(); now_ns < until_ns; now_ns = NowNs()) {
    const std::int64_t look_ns = now_ns + kLookNs;
    observer->Collect(look_ns < until_ns ? look_ns : until_ns);
    if (observer->Reaped() == observer->Watched() || CountGone(crowd) == crowd->made) return;
  }
}

void FillLatencies(const Observer& observer, PhaseResult* result) {
  static std::int64_t latencies[Observer::kMaxWatched];
  const int count = observer.Latencies(latencies);
  result->samples = count;
  if (count == 0) return;
  result->p50_ns = latencies[count / 2];
  result->p99_ns = latencies[(count * 99) / 100];
  result->max_ns = latencies[count - 1];
}

/// The common end: who is gone, since when, and what it cost.
void Finish(const PhaseContext& context, Observer* observer, std::int64_t cpu_before_ns,
            std::int64_t start_ns, std::int64_t until_ns, PhaseResult* result) {
  result->deaths = context.crowd->made;
  result->reaped = AwaitGone(context.crowd, until_ns);
  result->elapsed_ns = NowNs() - start_ns;
  // One that fell behind is never quiet: its CPU so far belongs to what it reaped so far.
  if (result->reaped == result->deaths) {
    WaitQuiet(context.reaper, kQuietNs, NowNs() + kQuietLimitNs);
  }
  result->cpu_ns = ReaperCpuNs(context.reaper) - cpu_before_ns;
  observer->Collect(NowNs() + kNsPerMs);
  FillLatencies(*observer, result);
}

void WatchSample(const Crowd* crowd, Observer* observer) {
  const int step = SampleStep(crowd->made);
  for (int i = 0; i < crowd->made; i += step)
    observer->Watch(crowd->pids[i]);
}

void SetDeaths(Observer* observer, std::int64_t death_ns) {
  for (int i = 0; i < observer->Watched(); ++i)
    observer->SetDeath(i, death_ns);
}

}  // namespace

PhaseResult RunBurst(const PhaseContext& context, int count, std::int64_t limit_ns) {
  PhaseResult result;
  Crowd* crowd = context.crowd;
  NegligentParent parent(crowd, count, context.reaper_cpu);
  if (!parent.Ready()) {
    result.error = crowd->error != 0 ? crowd->error : EAGAIN;
    return result;
  }
  Observer observer;
  WatchSample(crowd, &observer);
  WaitQuiet(context.reaper, kQuietNs, NowNs() + kQuietLimitNs);
  const std::int64_t cpu_before_ns = ReaperCpuNs(context.reaper);
  const std::int64_t until_ns = NowNs() + limit_ns;
  parent.Release();
  SetDeaths(&observer, crowd->start_ns);
  CollectUntilGone(crowd, until_ns, &observer);
  Finish(context, &observer, cpu_before_ns, crowd->start_ns, until_ns, &result);
  return result;
}

PhaseResult RunTrickle(const PhaseContext& context, int count, std::int64_t interval_ns,
                       std::int64_t limit_ns, int code) {
  PhaseResult result;
  Crowd* crowd = context.crowd;
  crowd->made = 0;
  Observer observer;
  WaitQuiet(context.reaper, kQuietNs, NowNs() + kQuietLimitNs);
  const std::int64_t cpu_before_ns = ReaperCpuNs(context.reaper);
  const std::int64_t start_ns = NowNs();
  const std::int64_t until_ns = start_ns + limit_ns;
  const int step = SampleStep(count);
  volatile std::int64_t* unwatched_slot = &crowd->start_ns;
  for (int i = 0; i < count && NowNs() < until_ns; ++i) {
    const bool watched = i % step == 0 && observer.Watched() < Observer::kMaxWatched;
    int pidfd = -1;
    const pid_t pid =
        MakeSingleDeath(watched ? observer.DeathSlot(observer.Watched()) : unwatched_slot,
                        watched ? &pidfd : nullptr, code);
    if (pid < 0) {
      result.error = errno;
      break;
    }
    crowd->pids[crowd->made] = pid;
    crowd->made = crowd->made + 1;
    if (watched) observer.WatchFd(pidfd);
    const std::int64_t next_ns = start_ns + (i + 1) * interval_ns;
    observer.Collect(next_ns);
    if (NowNs() < next_ns) SleepNs(next_ns - NowNs());
  }
  CollectUntilGone(crowd, until_ns, &observer);
  Finish(context, &observer, cpu_before_ns, start_ns, until_ns, &result);
  return result;
}

PhaseResult RunSingles(const PhaseContext& context, int count, std::int64_t gap_ns,
                       std::int64_t limit_ns) {
  PhaseResult result;
  volatile std::int64_t* slot = &context.crowd->start_ns;
  const std::int64_t cpu_before_ns = ReaperCpuNs(context.reaper);
  const std::int64_t start_ns = NowNs();
  const std::int64_t until_ns = start_ns + limit_ns;
  for (; result.deaths < count && NowNs() < until_ns; ++result.deaths) {
    const pid_t pid = MakeSingleDeath(slot, nullptr);
    if (pid < 0) {
      result.error = errno;
      break;
    }
    while (!(Gone(pid) && Sleeps(context.reaper)) && NowNs() < until_ns)
      SleepNs(kNsPerUs * 100);
    result.reaped += Gone(pid) ? 1 : 0;
    SleepNs(gap_ns);
  }
  result.elapsed_ns = NowNs() - start_ns;
  result.cpu_ns = ReaperCpuNs(context.reaper) - cpu_before_ns;
  return result;
}

PhaseResult RunStorm(const PhaseContext& context, int count, std::int64_t limit_ns) {
  PhaseResult result;
  Crowd* crowd = context.crowd;
  const pid_t group = MakeSleepers(crowd, count);
  if (group < 0 || crowd->error != 0) {
    result.error = crowd->error;
    return result;
  }
  Observer observer;
  WatchSample(crowd, &observer);
  WaitQuiet(context.reaper, kQuietNs, NowNs() + kQuietLimitNs);
  const std::int64_t cpu_before_ns = ReaperCpuNs(context.reaper);
  const std::int64_t start_ns = NowNs();
  const std::int64_t until_ns = start_ns + limit_ns;
  SetDeaths(&observer, start_ns);
  kill(-group, SIGKILL);
  CollectUntilGone(crowd, until_ns, &observer);
  Finish(context, &observer, cpu_before_ns, start_ns, until_ns, &result);
  return result;
}

HeldResult RunHeld(const PhaseContext& context, int count) {
  HeldResult result;
  Crowd* crowd = context.crowd;
  if (!MakeHeld(crowd, count)) result.error = crowd->error;
  WaitQuiet(context.reaper, kQuietNs, NowNs() + kQuietLimitNs);
  result.held = crowd->made - CountGone(crowd);
  return result;
}

HeldResult RunRelease(const PhaseContext& context, std::int64_t limit_ns) {
  Crowd* crowd = context.crowd;
  HeldResult result;
  result.held = crowd->made - CountGone(crowd);
  sigset_t stop;
  sigset_t before;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigprocmask(SIG_BLOCK, &stop, &before);
  const std::int64_t sent_ns = NowNs();
  kill(context.reaper, SIGTERM);
  // The newest goes last; those before it are counted once it is gone.
  const std::int64_t until_ns = sent_ns + limit_ns;
  while (!Gone(crowd->pids[crowd->made - 1]) && NowNs() < until_ns)
    SleepNs(20 * kNsPerUs);
  if (AwaitGone(crowd, until_ns) == crowd->made) result.release_ns = NowNs() - sent_ns;
  const timespec limit = ToTimespec(limit_ns);
  if (sigtimedwait(&stop, nullptr, &limit) != SIGTERM) result.error = ETIMEDOUT;
  sigprocmask(SIG_SETMASK, &before, nullptr);
  return result;
}

FloodResult RunFlood(const PhaseContext& context, int count, std::int64_t limit_ns) {
  FloodResult result;
  Crowd* crowd = context.crowd;
  NegligentParent parent(crowd, count, context.reaper_cpu);
  if (!parent.Ready()) {
    result.error = crowd->error != 0 ? crowd->error : EAGAIN;
    return result;
  }
  result.zombies = crowd->made;
  sigset_t stop;
  sigset_t before;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigprocmask(SIG_BLOCK, &stop, &before);
  parent.Release();
  // In the middle of its work: a signal that is there before the reaper wakes up measures nothing.
  const std::int64_t begun_limit_ns = NowNs() + limit_ns;
  while (!Gone(crowd->pids[0]) && NowNs() < begun_limit_ns) {
  }
  const std::int64_t sent_ns = NowNs();
  kill(context.reaper, SIGTERM);
  const timespec limit = ToTimespec(limit_ns);
  if (sigtimedwait(&stop, nullptr, &limit) == SIGTERM) result.stop_ns = NowNs() - sent_ns;
  sigprocmask(SIG_SETMASK, &before, nullptr);
  AwaitGone(crowd, NowNs() + limit_ns);
  return result;
}

}  // namespace reaperd::bench
