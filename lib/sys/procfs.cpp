#include "sys/procfs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "base/text.h"
#include "base/unique_fd.h"

namespace reaperd::sys {
namespace {

constexpr std::size_t kSmallFileBytes = 4096;

/// Reads the blank-separated fields of a line one after the other, each byte once: a stat file has
/// fifty of them, and is read for every third death of a busy time.
class Fields {
 public:
  explicit Fields(std::string_view text) : at_(text.data()), end_(at_ + text.size()) {}

  bool Skip(int count) {
    for (; count > 0; --count) {
      if (!Find()) return false;
      while (at_ < end_ && !IsEnd(*at_))
        ++at_;
    }
    return true;
  }

  bool Letter(char& letter) {
    if (!Find()) return false;
    letter = *at_++;
    return at_ == end_ || IsEnd(*at_);
  }

  template <typename T>
  bool Number(T& value) {
    if (!Find()) return false;
    const auto [past, error] = std::from_chars(at_, end_, value);
    at_ = past;
    return error == std::errc() && (at_ == end_ || IsEnd(*at_));
  }

 private:
  static bool IsEnd(char byte) { return byte == ' ' || byte == '\n'; }

  /// Goes to the beginning of the next one.
  bool Find() {
    while (at_ < end_ && *at_ == ' ')
      ++at_;
    return at_ < end_ && *at_ != '\n';
  }

  const char* at_;
  const char* end_;
};

/// As rfind, by the C library's fast search.
std::size_t LastOf(std::string_view text, char byte) {
  const void* const found = memrchr(text.data(), byte, text.size());
  if (found == nullptr) return std::string_view::npos;
  return static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

std::string PathOf(std::string_view proc_root, pid_t pid, std::string_view file) {
  constexpr std::size_t kNumber = 12;
  std::string path;
  path.reserve(proc_root.size() + kNumber + file.size());
  return path.append(proc_root).append("/").append(std::to_string(pid)).append("/").append(file);
}

/// Of the text of a status file: the numbers of NSpid, separated by tabs, one for each namespace
/// from the mounted one down. The kernel escapes line ends in the name above it.
std::optional<std::string_view> NamespacePids(std::string_view status) {
  constexpr std::string_view kName = "\nNSpid:\t";
  const std::size_t at = status.find(kName);
  if (at == std::string_view::npos) return std::nullopt;
  status.remove_prefix(at + kName.size());
  const std::size_t end = status.find('\n');
  if (end == std::string_view::npos) return std::nullopt;  // cut off
  return status.substr(0, end);
}

}  // namespace

std::optional<ProcStat> ParseStat(std::string_view text) {
  const std::size_t open = text.find(" (");
  // The last parenthesis: comm may contain any number of them.
  const std::size_t close = LastOf(text, ')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open + 2) {
    return std::nullopt;
  }
  ProcStat stat;
  const auto [past, error] = std::from_chars(text.data(), text.data() + open, stat.pid);
  if (error != std::errc() || past != text.data() + open) return std::nullopt;
  stat.comm = text.substr(open + 2, close - open - 2);
  Fields rest(text.substr(close + 1));
  // Fields 3 to 22 of proc(5).
  const bool good = rest.Letter(stat.state) && rest.Number(stat.parent) &&
                    rest.Number(stat.process_group) && rest.Number(stat.session) && rest.Skip(2) &&
                    rest.Number(stat.flags) && rest.Skip(10) && rest.Number(stat.threads) &&
                    rest.Skip(1) && rest.Number(stat.start_ticks);
  if (!good) return std::nullopt;
  return stat;
}

Result<std::string> ReadSmallFile(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return Error::FromErrno("cannot open " + path, errno);
  std::array<char, kSmallFileBytes> buffer;  // not cleared: read fills what is used
  const ssize_t got = read(fd.get(), buffer.data(), buffer.size());
  if (got < 0) return Error::FromErrno("cannot read " + path, errno);
  return std::string(buffer.data(), static_cast<std::size_t>(got));
}

Result<ProcStat> ReadStat(std::string_view proc_root, pid_t pid) {
  const std::string path = PathOf(proc_root, pid, "stat");
  auto text = ReadSmallFile(path);
  if (!text) return text.error();
  auto stat = ParseStat(*text);
  if (!stat) return Error(EINVAL, "cannot understand " + path);
  return *std::move(stat);
}

Micros InstantOf(std::uint64_t start_ticks) {
  // Known to the C library since the start: no system call.
  const Micros tick_us = kSecond / std::max(sysconf(_SC_CLK_TCK), 1L);
  return static_cast<Micros>(start_ticks) * tick_us;
}

std::optional<Micros> StartOf(const model::ProcessInfo& child) {
  if (child.first_sight == model::FirstSight::kSpawn) return child.first_seen_us;
  if (child.start_ticks == 0) return std::nullopt;
  return InstantOf(child.start_ticks);
}

std::optional<uid_t> OwnerOf(std::string_view proc_root, pid_t pid) {
  struct stat folder {};
  const std::string path = std::string(proc_root) + "/" + std::to_string(pid);
  if (stat(path.c_str(), &folder) != 0) return std::nullopt;
  return folder.st_uid;
}

std::string ReadWaitChannel(std::string_view proc_root, pid_t pid) {
  const auto text = ReadSmallFile(PathOf(proc_root, pid, "wchan"));
  if (!text || *text == "0") return {};
  return *text;
}

bool ProcIsOurs(std::string_view proc_root) {
  std::array<char, 32> target{};
  const std::string link = std::string(proc_root) + "/self";
  const ssize_t length = readlink(link.c_str(), target.data(), target.size());
  if (length <= 0) return false;
  const pid_t own = getpid();
  if (std::string_view(target.data(), static_cast<std::size_t>(length)) != std::to_string(own)) {
    return false;
  }
  // Whoever is number 1 somewhere is the first process of that namespace and of none below it.
  if (own == 1) return true;
  // Other numbers may agree by chance. NSpid has one number for each namespace from the mounted one
  // down to ours: exactly one when they are the same.
  const auto status = ReadSmallFile(std::string(proc_root) + "/self/status");
  if (!status) return false;
  const auto pids = NamespacePids(*status);
  if (!pids) return true;  // before Linux 4.1
  return pids->find('\t') == std::string_view::npos;
}

std::optional<bool> IsNestedInit(std::string_view proc_root, pid_t pid) {
  const auto status = ReadSmallFile(PathOf(proc_root, pid, "status"));
  if (!status) return std::nullopt;
  const auto pids = NamespacePids(*status);
  if (!pids) {
    // Not there at all: no pid namespaces. Cut off by a long list of groups: nobody knows.
    if (status->size() >= kSmallFileBytes) return std::nullopt;
    return false;
  }
  return pids->ends_with("\t1");
}

}  // namespace reaperd::sys
