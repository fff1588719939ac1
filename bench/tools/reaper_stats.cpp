#include "reaper_stats.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "clock.h"

namespace reaperd::bench {

namespace {

constexpr std::int64_t kPollNs = 2 * kNsPerMs;

/// Reads a small /proc file whole; false when it is not there.
bool ReadFile(const char* path, char* buffer, size_t size) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  size_t used = 0;
  while (used + 1 < size) {
    const ssize_t got = read(fd, buffer + used, size - 1 - used);
    if (got <= 0) break;
    used += static_cast<size_t>(got);
  }
  close(fd);
  buffer[used] = '\0';
  return used > 0;
}

/// The number after `key` at the start of a line, -1 when there is none.
long Field(const char* text, const char* key) {
  const size_t length = std::strlen(key);
  for (const char* line = text; line != nullptr && *line != '\0';) {
    if (std::strncmp(line, key, length) == 0) return std::strtol(line + length, nullptr, 10);
    line = std::strchr(line, '\n');
    if (line != nullptr) ++line;
  }
  return -1;
}

}  // namespace

bool Sleeps(pid_t reaper) {
  char path[64];
  char text[512];
  std::snprintf(path, sizeof path, "/proc/%d/stat", reaper);
  if (!ReadFile(path, text, sizeof text)) return false;
  const char* after_comm = std::strrchr(text, ')');
  return after_comm != nullptr && after_comm[1] == ' ' && after_comm[2] == 'S';
}

std::int64_t ReaperCpuNs(pid_t reaper) {
  char path[300];
  std::snprintf(path, sizeof path, "/proc/%d/task", reaper);
  DIR* tasks = opendir(path);
  if (tasks == nullptr) return -1;
  std::int64_t total_ns = 0;
  while (const dirent* entry = readdir(tasks)) {
    if (entry->d_name[0] == '.') continue;
    char text[128];
    std::snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", reaper, entry->d_name);
    if (ReadFile(path, text, sizeof text)) total_ns += std::strtoll(text, nullptr, 10);
  }
  closedir(tasks);
  return total_ns;
}

bool WaitQuiet(pid_t reaper, std::int64_t quiet_ns, std::int64_t deadline_ns) {
  std::int64_t last_cpu_ns = -1;
  std::int64_t quiet_since_ns = NowNs();
  for (;;) {
    const std::int64_t now_ns = NowNs();
    const std::int64_t cpu_ns = ReaperCpuNs(reaper);
    if (cpu_ns != last_cpu_ns || !Sleeps(reaper)) quiet_since_ns = now_ns;
    last_cpu_ns = cpu_ns;
    if (now_ns - quiet_since_ns >= quiet_ns) return true;
    if (now_ns >= deadline_ns) return false;
    SleepNs(kPollNs);
  }
}

ReaperMemory ReadMemory(pid_t reaper) {
  char path[64];
  char text[4096];
  std::snprintf(path, sizeof path, "/proc/%d/smaps_rollup", reaper);
  if (!ReadFile(path, text, sizeof text)) return {};
  return {.rss_kib = Field(text, "Rss:"),
          .pss_kib = Field(text, "Pss:"),
          .private_dirty_kib = Field(text, "Private_Dirty:")};
}

ReaperSwitches ReadSwitches(pid_t reaper) {
  char path[64];
  char text[4096];
  std::snprintf(path, sizeof path, "/proc/%d/status", reaper);
  if (!ReadFile(path, text, sizeof text)) return {};
  return {.voluntary = Field(text, "voluntary_ctxt_switches:"),
          .nonvoluntary = Field(text, "nonvoluntary_ctxt_switches:")};
}

}  // namespace reaperd::bench
