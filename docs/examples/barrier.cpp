// Wait for all, then collect: every job stays a zombie until the last one is dead. Until then all
// their numbers are theirs, and nothing has been collected half.
//
// "barrier orphans": the jobs are orphans, and the init above keeps them and counts:
//   reaperd --hold 'comm=job*,until=barrier:jobs' --hold @FILE -- barrier orphans
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

namespace {

constexpr long kJobs = 6;

template <typename Body>
pid_t Start(Body body) {
  const pid_t pid = fork();
  if (pid == 0) body();
  if (pid <= 0) _exit(pid == 0 ? 0 : 2);
  return pid;
}

char StateOf(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(file, line);
  const auto end = line.rfind(')');
  return end == std::string::npos ? '-' : line[end + 2];
}

long Count(const std::vector<pid_t>& pids, char state) {
  return std::count_if(pids.begin(), pids.end(),
                       [state](pid_t pid) { return StateOf(pid) == state; });
}

template <typename Condition>
bool Within10s(Condition condition) {
  for (int ms = 0; ms < 10'000 && !condition(); ++ms)
    usleep(1000);
  return condition();
}

void DoJob(long number) {
  prctl(PR_SET_NAME, ("job" + std::to_string(number)).c_str());
  usleep(static_cast<useconds_t>((kJobs - number) * 5000));  // the last one ends first
  if (number == 3) raise(SIGKILL);
  _exit(static_cast<int>(number));
}

pid_t StartOrphan(long number) {
  int ends[2];
  if (pipe(ends) != 0) _exit(2);
  const pid_t middle = Start([&] {
    const pid_t orphan = Start([number] { DoJob(number); });
    if (write(ends[1], &orphan, sizeof orphan) < 0) _exit(2);
  });
  pid_t orphan = 0;
  if (read(ends[0], &orphan, sizeof orphan) <= 0) _exit(2);
  waitpid(middle, nullptr, 0);
  return orphan;  // the pipe stays open: six of them do no harm
}

int LeaveItToTheInit() {
  std::vector<pid_t> jobs;
  while (jobs.size() < kJobs - 1)
    jobs.push_back(StartOrphan(static_cast<long>(jobs.size())));
  const bool kept = Within10s([&] { return Count(jobs, 'Z') == kJobs - 1; });
  std::printf("%ld of %ld jobs dead: %ld zombies kept\n", kJobs - 1, kJobs, Count(jobs, 'Z'));
  jobs.push_back(StartOrphan(kJobs - 1));
  const bool released = Within10s([&] { return Count(jobs, '-') == kJobs; });
  std::printf("the last one is dead: %ld zombies kept\n", Count(jobs, 'Z'));
  return kept && released ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "orphans") == 0) return LeaveItToTheInit();
  std::vector<pid_t> jobs;
  for (long i = 0; i < kJobs; ++i)
    jobs.push_back(Start([i] { DoJob(i); }));
  siginfo_t info{};
  for (const pid_t job : jobs)
    waitid(P_PID, static_cast<id_t>(job), &info, WEXITED | WNOWAIT);
  const long kept = Count(jobs, 'Z');
  std::printf("all %ld jobs are dead: %ld zombies\n", kJobs, kept);
  for (long i = 0; i < kJobs; ++i) {
    int status = 0;
    waitpid(jobs[static_cast<std::size_t>(i)], &status, 0);
    if (WIFSIGNALED(status)) std::printf("job %ld: signal %d\n", i, WTERMSIG(status));
    if (WIFEXITED(status)) std::printf("job %ld: exit %d\n", i, WEXITSTATUS(status));
  }
  std::printf("collected: %ld zombies\n", Count(jobs, 'Z'));
  return kept == kJobs && Count(jobs, '-') == kJobs ? 0 : 1;
}
