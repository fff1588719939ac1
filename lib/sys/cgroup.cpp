#include "sys/cgroup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/read_up_to.h"
#include "base/text.h"
#include "base/unique_fd.h"

namespace reaperd::sys {
namespace {

constexpr std::size_t kCgroupFileBytes = 16 * 1024;
constexpr std::size_t kMountinfoBytes = 4 * 1024 * 1024;
constexpr std::size_t kCounterBytes = 1024;
constexpr std::size_t kDepth = 32;
constexpr std::string_view kDeleted = " (deleted)";

Result<std::string> ReadFile(const std::string& path, std::size_t limit_bytes) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return Error::FromErrno("cannot open " + path, errno);
  auto text = ReadUpTo(fd.get(), limit_bytes);
  if (!text) return Error::FromErrno("cannot read " + path, text.error().code());
  return text;
}

/// Calls `visit` with each line that is whole.
template <typename F>
void ForEachLine(std::string_view text, F visit) {
  for (;;) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return;
    visit(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
}

bool Contains(std::string_view list, std::string_view word) {
  for (const std::string_view item : Split(list, ',')) {
    if (item == word) return true;
  }
  return false;
}

/// mountinfo writes blank, tab, newline and backslash as \ooo (proc(5)).
std::string Unescape(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\' && at + 3 < text.size()) {
      const auto digit = [&](std::size_t i) { return static_cast<unsigned>(text[at + i] - '0'); };
      if (digit(1) < 4 && digit(2) < 8 && digit(3) < 8) {
        plain += static_cast<char>(digit(1) * 64 + digit(2) * 8 + digit(3));
        at += 3;
        continue;
      }
    }
    plain += text[at];
  }
  return plain;
}

struct MountLine {
  std::string_view root;
  std::string_view point;
  std::string_view type;
  std::string_view super_options;
};

/// "31 23 0:28 ROOT POINT options optional… - TYPE SOURCE SUPER_OPTIONS"
std::optional<MountLine> ParseMountLine(std::string_view line) {
  const std::vector<std::string_view> fields = Split(line, ' ');
  for (std::size_t at = 6; at + 3 < fields.size(); ++at) {
    if (fields[at] == "-") {
      return MountLine{fields[3], fields[4], fields[at + 1], fields[at + 3]};
    }
  }
  return std::nullopt;
}

/// A path of which every part is a plain name.
bool IsPlain(std::string_view path) {
  if (path.empty() || path.front() != '/') return false;
  for (const std::string_view part : Split(path, '/')) {
    if (part == "..") return false;
  }
  return !path.ends_with(kDeleted);
}

/// What of `path` lies below `root`: "" for root itself; nullopt when it is not below.
std::optional<std::string_view> Below(std::string_view path, std::string_view root) {
  if (root == "/") return path == "/" ? "" : path;
  if (!path.starts_with(root)) return std::nullopt;
  const std::string_view rest = path.substr(root.size());
  if (!rest.empty() && rest.front() != '/') return std::nullopt;
  return rest;
}

bool IsDirectory(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

std::optional<std::string> DirectoryOf(const std::optional<CgroupMount>& mount,
                                       std::string_view path,
                                       const std::optional<std::string>& own) {
  if (!mount || !IsPlain(path)) return std::nullopt;
  if (IsPlain(mount->root)) {
    if (const auto rest = Below(path, mount->root)) {
      std::string directory = mount->point + std::string(*rest);
      if (IsDirectory(directory)) return directory;
    }
  }
  // In a container without a cgroup namespace the path is the host's, and what is mounted shows our
  // own group as its root.
  if (own && path == *own) return mount->point;
  return std::nullopt;
}

/// `directory` and its parents down to the mount point, nearest first.
std::vector<std::string> Upwards(std::string directory, const std::string& point) {
  std::vector<std::string> found;
  while (found.size() < kDepth && directory.size() >= point.size()) {
    found.push_back(directory);
    if (directory.size() == point.size()) break;
    directory.erase(directory.rfind('/'));
  }
  return found;
}

bool IsThere(const std::string& path) {
  return access(path.c_str(), R_OK) == 0;
}

}  // namespace

CgroupPaths ParseCgroupPaths(std::string_view text) {
  CgroupPaths paths;
  ForEachLine(text, [&](std::string_view line) {
    // "ID:CONTROLLERS:PATH"; a path may contain colons.
    const std::size_t first = line.find(':');
    if (first == std::string_view::npos) return;
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string_view::npos) return;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    const std::string_view path = line.substr(second + 1);
    if (path.empty() || path.front() != '/') return;
    if (line.substr(0, first) == "0" && controllers.empty()) paths.unified = path;
    if (Contains(controllers, "memory")) paths.v1_memory = path;
    if (Contains(controllers, "pids")) paths.v1_pids = path;
  });
  return paths;
}

Result<CgroupPaths> ReadCgroupPaths(std::string_view proc_root, pid_t pid) {
  const std::string who = pid == 0 ? "self" : std::to_string(pid);
  const auto text = ReadFile(std::string(proc_root) + "/" + who + "/cgroup", kCgroupFileBytes);
  if (!text) return text.error();
  return ParseCgroupPaths(*text);
}

std::optional<std::uint64_t> FlatKeyedValue(std::string_view text, std::string_view key) {
  std::optional<std::uint64_t> value;
  ForEachLine(text, [&](std::string_view line) {
    if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == ' ') {
      value = ParseUnsigned(line.substr(key.size() + 1));
    }
  });
  return value;
}

Result<CgroupCount> ReadCgroupCounter(const CgroupCounter& counter) {
  const UniqueFd fd(open(counter.path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return Error::FromErrno("cannot open " + counter.path, errno);
  std::array<char, kCounterBytes> buffer;
  const ssize_t got = read(fd.get(), buffer.data(), buffer.size());
  if (got < 0) return Error::FromErrno("cannot read " + counter.path, errno);
  struct stat status {};
  if (fstat(fd.get(), &status) != 0) return Error::FromErrno("fstat", errno);
  const auto value =
      FlatKeyedValue(std::string_view(buffer.data(), static_cast<std::size_t>(got)), counter.key);
  if (!value) return Error(EINVAL, "no " + counter.key + " in " + counter.path);
  return CgroupCount{.value = *value, .identity = status.st_ino};
}

CgroupTree CgroupTree::Read(std::string_view proc_root) {
  const auto own = ReadCgroupPaths(proc_root, 0);
  const auto mounts = ReadFile(std::string(proc_root) + "/self/mountinfo", kMountinfoBytes);
  if (!own || !mounts) return {};
  return Parse(*mounts, *own);
}

CgroupTree CgroupTree::Parse(std::string_view mountinfo, CgroupPaths own) {
  CgroupTree tree;
  std::optional<CgroupMount> unified;
  ForEachLine(mountinfo, [&](std::string_view line) {
    const auto mount = ParseMountLine(line);
    if (!mount || (mount->type != "cgroup" && mount->type != "cgroup2")) return;
    const CgroupMount found{.v2 = mount->type == "cgroup2",
                            .root = Unescape(mount->root),
                            .point = Unescape(mount->point)};
    // Of several mounts of one hierarchy the first: later ones are bind mounts of parts of it.
    if (found.v2 && !unified) unified = found;
    if (found.v2) return;
    if (Contains(mount->super_options, "memory") && !tree.memory_) tree.memory_ = found;
    if (Contains(mount->super_options, "pids") && !tree.pids_) tree.pids_ = found;
  });
  // A controller that has a v1 line is not in the unified tree, wherever its own one is mounted.
  if (!tree.memory_ && !own.v1_memory) tree.memory_ = unified;
  if (!tree.pids_ && !own.v1_pids) tree.pids_ = unified;
  tree.own_ = std::move(own);
  return tree;
}

std::optional<std::string> CgroupTree::MemoryDirectory(std::string_view path) const {
  return DirectoryOf(memory_, path, own_.memory());
}

std::optional<std::string> CgroupTree::PidsDirectory(std::string_view path) const {
  return DirectoryOf(pids_, path, own_.pids());
}

std::optional<CgroupCounter> CgroupTree::OomCounter(std::string_view path) const {
  const auto directory = MemoryDirectory(path);
  if (!directory) return std::nullopt;
  CgroupCounter counter{.path = {}, .key = "oom_kill", .v2 = memory_->v2, .hierarchical = false};
  if (!memory_->v2) {
    counter.path = *directory + "/memory.oom_control";
    return counter;
  }
  for (const std::string& at : Upwards(*directory, memory_->point)) {
    counter.path = at + "/memory.events.local";
    if (IsThere(counter.path)) return counter;
    counter.path = at + "/memory.events";  // before Linux 5.2
    counter.hierarchical = true;
    if (IsThere(counter.path)) return counter;
    counter.hierarchical = false;
  }
  return std::nullopt;
}

std::optional<CgroupCounter> CgroupTree::PidsCounter(std::string_view path) const {
  for (const std::string& at : PidsDirectories(path)) {
    CgroupCounter counter{.path = at + "/pids.events", .key = "max", .v2 = pids_->v2};
    if (IsThere(counter.path)) return counter;
  }
  return std::nullopt;
}

std::vector<std::string> CgroupTree::PidsDirectories(std::string_view path) const {
  const auto directory = PidsDirectory(path);
  if (!directory) return {};
  return Upwards(*directory, pids_->point);
}

}  // namespace reaperd::sys
