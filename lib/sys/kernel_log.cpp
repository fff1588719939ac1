#include "sys/kernel_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <limits>

#include "base/text.h"

namespace reaperd::sys {
namespace {

/// Above the longest record that the kernel gives (its limit is 8 KiB).
constexpr std::size_t kRecordBytes = 9 * 1024;
constexpr int kAskClockEvery = 16;
/// The inode that the kernel has reserved for its first pid namespace (PROC_PID_INIT_INO).
constexpr ino_t kFirstPidNamespace = 0xEFFFFFFC;
/// Priorities from here on are of another facility than the kernel's own.
constexpr std::uint64_t kFirstForeignPriority = 8;

/// The part up to `separator`, which goes; nullopt when there is none.
std::optional<std::string_view> Cut(std::string_view& text, char separator) {
  const std::size_t at = text.find(separator);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(at + 1);
  return part;
}

std::optional<pid_t> ParsePid(std::string_view text) {
  const auto number = ParseUnsigned(text, std::numeric_limits<pid_t>::max());
  if (!number || *number == 0) return std::nullopt;
  return static_cast<pid_t>(*number);
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

/// The log writes bytes that are not printable, and the backslash, as \xNN.
std::string Unescape(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text.substr(at).starts_with("\\x") && at + 3 < text.size()) {
      const int high = HexDigit(text[at + 2]);
      const int low = HexDigit(text[at + 3]);
      if (high >= 0 && low >= 0) {
        plain += static_cast<char>(high * 16 + low);
        at += 3;
        continue;
      }
    }
    plain += text[at];
  }
  return plain;
}

struct Named {
  pid_t pid = 0;
  std::string comm;
};

/// "oom-kill:constraint=…,task_memcg=…,task=NAME,pid=N,uid=N". Cgroups and names are chosen by
/// strangers and may contain all of these words, so it is read from the end: no digit that a name
/// brings can stand behind the last ",uid=".
std::optional<Named> ParseOomKill(std::string_view text) {
  if (!text.starts_with("oom-kill:constraint=")) return std::nullopt;
  const std::size_t uid = text.rfind(",uid=");
  if (uid == std::string_view::npos || !ParseUnsigned(text.substr(uid + 5))) return std::nullopt;
  text = text.substr(0, uid);
  const std::size_t at = text.rfind(",pid=");
  if (at == std::string_view::npos) return std::nullopt;
  const auto pid = ParsePid(text.substr(at + 5));
  if (!pid) return std::nullopt;
  text = text.substr(0, at);
  const std::size_t task = text.rfind(",task=");
  if (task == std::string_view::npos) return std::nullopt;
  return Named{*pid, Unescape(text.substr(task + 6))};
}

/// "Memory cgroup out of memory: Killed process N (NAME) total-vm:…". One that a whole group's end
/// (memory.oom.group) takes along has this line only.
std::optional<Named> ParseKilledProcess(std::string_view text) {
  for (const std::string_view reason :
       {"Memory cgroup out of memory: ", "Out of memory (oom_kill_allocating_task): ",
        "Out of memory: "}) {
    if (text.starts_with(reason)) {
      text.remove_prefix(reason.size());
      break;
    }
  }
  constexpr std::string_view kKilled = "Killed process ";
  if (!text.starts_with(kKilled)) return std::nullopt;
  text.remove_prefix(kKilled.size());
  const auto number = Cut(text, ' ');
  const auto pid = number ? ParsePid(*number) : std::nullopt;
  std::size_t close = text.rfind(") total-vm:");
  if (close == std::string_view::npos) close = text.rfind("), ");  // "…), UID 0, total-vm:…"
  if (!pid || !text.starts_with('(') || close == std::string_view::npos) return std::nullopt;
  return Named{*pid, Unescape(text.substr(1, close - 1))};
}

/// How far CLOCK_BOOTTIME is ahead of the log's clock, which stands still in suspend.
Micros SuspendedTime() {
  timespec boot{};
  timespec monotonic{};
  clock_gettime(CLOCK_MONOTONIC, &monotonic);
  clock_gettime(CLOCK_BOOTTIME, &boot);
  return (Micros{boot.tv_sec} - monotonic.tv_sec) * kSecond +
         (boot.tv_nsec - monotonic.tv_nsec) / 1000;
}

}  // namespace

std::optional<OomVictim> ParseOomRecord(std::string_view record) {
  const auto head = Cut(record, ';');
  if (!head) return std::nullopt;
  std::string_view fields = *head;
  const auto priority = Cut(fields, ',');
  const auto sequence = Cut(fields, ',');
  const auto time = Cut(fields, ',');
  if (!priority || !sequence || !time) return std::nullopt;
  const auto level = ParseUnsigned(*priority);
  const auto number = ParseUnsigned(*sequence);
  const auto time_us = ParseUnsigned(*time, std::numeric_limits<Micros>::max());
  if (!level || *level >= kFirstForeignPriority || !number || !time_us) return std::nullopt;
  const std::string_view text = record.substr(0, record.find('\n'));
  auto named = ParseOomKill(text);
  if (!named) named = ParseKilledProcess(text);
  if (!named) return std::nullopt;
  return OomVictim{.pid = named->pid,
                   .comm = std::move(named->comm),
                   .logged_us = static_cast<Micros>(*time_us),
                   .sequence = *number};
}

PidNamespace OurPidNamespace(std::string_view proc_root) {
  struct stat status {};
  const std::string path = std::string(proc_root) + "/self/ns/pid";
  const bool first = stat(path.c_str(), &status) == 0 && status.st_ino == kFirstPidNamespace;
  return first ? PidNamespace::kFirst : PidNamespace::kOther;
}

bool KernelLog::Open() {
  if (fd_) return true;
  if (!readable_) return false;
  fd_ = UniqueFd(open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  if (!fd_) readable_ = errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == EINTR;
  return fd_.valid();
}

void KernelLog::SkipToEnd() {
  if (Open()) lseek(fd_.get(), 0, SEEK_END);
}

void KernelLog::Keep(OomVictim victim) {
  // Most have two lines, and one killed twice has three: one entry each.
  if (!victims_.empty() && victims_.back().pid == victim.pid &&
      victims_.back().comm == victim.comm) {
    victims_.back() = std::move(victim);
    return;
  }
  victims_.push_back(std::move(victim));
  if (victims_.size() > kVictimsKept) victims_.pop_front();
}

KernelLog::Read KernelLog::ReadNew(const Clock& clock) {
  if (!Open()) return Read::kUnreadable;
  const Micros end_us = clock.Now() + kReadTime;
  std::array<char, kRecordBytes> buffer;
  for (int records = 0; records < kReadRecords; ++records) {
    if (records % kAskClockEvery == kAskClockEvery - 1 && clock.Now() >= end_us) break;
    const ssize_t got = read(fd_.get(), buffer.data(), buffer.size());
    if (got == 0) return Read::kAll;
    if (got < 0) {
      if (errno == EAGAIN) return Read::kAll;
      // EPIPE: what stood here was overwritten; the next read gives the oldest that is left.
      if (errno == EPIPE || errno == EINTR || errno == EINVAL) continue;
      return Read::kUnreadable;
    }
    if (auto victim = ParseOomRecord({buffer.data(), static_cast<std::size_t>(got)})) {
      Keep(std::move(*victim));
    }
  }
  return Read::kMore;
}

std::optional<OomVictim> KernelLog::Names(pid_t pid, std::string_view comm,
                                          Micros started_us) const {
  const Micros ahead_us = SuspendedTime();
  for (auto victim = victims_.rbegin(); victim != victims_.rend(); ++victim) {
    if (victim->pid == pid && victim->comm == comm &&
        victim->logged_us + ahead_us + kSlack >= started_us) {
      return *victim;
    }
  }
  return std::nullopt;
}

}  // namespace reaperd::sys
