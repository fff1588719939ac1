#include "sys/procfs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <span>

#include "base/text.h"
#include "base/unique_fd.h"

namespace reaperd::sys {
namespace {

constexpr std::size_t kSmallFileBytes = 4096;

/// Cuts the next blank-separated field off `text`.
std::string_view NextField(std::string_view& text) {
  const std::size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return {};
  text.remove_prefix(begin);
  const std::string_view field = text.substr(0, text.find_first_of(" \n"));
  text.remove_prefix(field.size());
  return field;
}

template <typename T>
bool ParseField(std::string_view field, T& value) {
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  return error == std::errc() && end == field.data() + field.size();
}

std::string PathOf(std::string_view proc_root, pid_t pid, std::string_view file) {
  return std::string(proc_root) + "/" + std::to_string(pid) + "/" + std::string(file);
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
  const std::size_t close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open + 2) {
    return std::nullopt;
  }
  ProcStat stat;
  if (!ParseField(text.substr(0, open), stat.pid)) return std::nullopt;
  stat.comm = text.substr(open + 2, close - open - 2);
  std::string_view rest = text.substr(close + 1);
  const std::string_view state = NextField(rest);
  if (state.size() != 1) return std::nullopt;
  stat.state = state.front();
  // Fields 4 to 22 of proc(5); the ones between are skipped.
  for (int number = 4; number <= 22; ++number) {
    const std::string_view field = NextField(rest);
    bool good = !field.empty();
    if (number == 4) good = ParseField(field, stat.parent);
    if (number == 5) good = ParseField(field, stat.process_group);
    if (number == 6) good = ParseField(field, stat.session);
    if (number == 9) good = ParseField(field, stat.flags);
    if (number == 20) good = ParseField(field, stat.threads);
    if (number == 22) good = ParseField(field, stat.start_ticks);
    if (!good) return std::nullopt;
  }
  return stat;
}

Result<std::string> ReadSmallFile(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return Error::FromErrno("cannot open " + path, errno);
  std::array<char, kSmallFileBytes> buffer{};
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
