#include "sys/process_look.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <charconv>

#include "base/text.h"
#include "base/unique_fd.h"
#include "sys/cgroup.h"
#include "sys/pidfd.h"

namespace reaperd::sys {
namespace {

using model::Shadow;

/// Of a file below an open /proc/<pid>: through it a number that was reused meanwhile is not met.
std::optional<std::string> ReadAt(int directory, const char* name) {
  const UniqueFd fd(openat(directory, name, O_RDONLY | O_CLOEXEC));
  if (!fd) return std::nullopt;
  std::array<char, 4096> buffer;
  const ssize_t got = read(fd.get(), buffer.data(), buffer.size());
  if (got < 0) return std::nullopt;
  return std::string(buffer.data(), static_cast<std::size_t>(got));
}

std::optional<std::string> LinkAt(int directory, const char* name) {
  std::array<char, PATH_MAX> target;
  const ssize_t got = readlinkat(directory, name, target.data(), target.size());
  if (got <= 0) return std::nullopt;
  const std::string_view whole(target.data(), static_cast<std::size_t>(got));
  return std::string(whole.substr(0, Shadow::kPathBytes));
}

/// The rest of the line that starts with `key`.
std::optional<std::string_view> LineOf(std::string_view text, std::string_view key) {
  for (const std::string_view line : Split(text, '\n')) {
    if (line.starts_with(key)) return line.substr(key.size());
  }
  return std::nullopt;
}

std::optional<std::uint64_t> NumberOf(std::string_view text, std::string_view key) {
  auto line = LineOf(text, key);
  if (!line) return std::nullopt;
  line->remove_prefix(std::min(line->find_first_not_of(" \t"), line->size()));
  return ParseUnsigned(*line);
}

std::optional<std::string> ShortPath(const std::optional<std::string>& path) {
  if (!path) return std::nullopt;
  return path->substr(0, Shadow::kPathBytes);
}

UniqueFd OpenDirectory(const std::string& path) {
  return UniqueFd(open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
}

/// Where version 1 has "/" it may be the word for a process that is about to be a zombie
/// (docs/kernel-facts.md#cgroups-of-a-zombie), and blame or excuse the wrong group.
std::optional<std::string> CgroupOfLiving(int directory_fd) {
  const auto text = ReadAt(directory_fd, "cgroup");
  if (!text) return std::nullopt;
  const CgroupPaths paths = ParseCgroupPaths(*text);
  if (paths.v1_memory == "/") {
    const auto stat_text = ReadAt(directory_fd, "stat");
    const auto stat = stat_text ? ParseStat(*stat_text) : std::nullopt;
    if (!stat || stat->IsExiting()) return std::nullopt;
  }
  return ShortPath(paths.memory());
}

/// The effective uid; root's for one that may not be looked into.
std::optional<uid_t> OwnerOf(int directory) {
  struct stat info {};
  if (fstat(directory, &info) != 0) return std::nullopt;
  return info.st_uid;
}

}  // namespace

std::optional<gid_t> ParseGid(std::string_view text) {
  const auto line = LineOf(text, "Gid:\t");  // real, effective, saved, file system
  if (!line) return std::nullopt;
  const auto fields = Split(*line, '\t');
  if (fields.size() < 2) return std::nullopt;
  const auto gid = ParseUnsigned(fields[1], UINT32_MAX);
  if (!gid) return std::nullopt;
  return static_cast<gid_t>(*gid);
}

std::optional<model::IoUse> ParseIo(std::string_view text) {
  const auto read_bytes = NumberOf(text, "read_bytes:");
  const auto write_bytes = NumberOf(text, "write_bytes:");
  if (!read_bytes || !write_bytes) return std::nullopt;
  return model::IoUse{.read_bytes = *read_bytes, .write_bytes = *write_bytes};
}

bool ProcessLook::ProcUsable() {
  if (!usable_) usable_ = ProcIsOurs(proc_root_);
  return *usable_;
}

std::string ProcessLook::PathOf(pid_t pid) const {
  return proc_root_ + "/" + std::to_string(pid);
}

std::optional<model::ProcessInfo> ProcessLook::Living(pid_t pid, Known known) {
  if (!ProcUsable()) return std::nullopt;
  const UniqueFd directory = OpenDirectory(PathOf(pid));
  if (!directory) return std::nullopt;
  const auto text = ReadAt(directory.get(), "stat");
  const auto stat = text ? ParseStat(*text) : std::nullopt;
  if (!stat || stat->IsZombie()) return std::nullopt;
  auto shadow = std::make_shared<Shadow>();
  shadow->comm = stat->comm;
  shadow->uid = OwnerOf(directory.get());
  shadow->exe = LinkAt(directory.get(), "exe");
  shadow->cwd = LinkAt(directory.get(), "cwd");
  shadow->cgroup = CgroupOfLiving(directory.get());
  model::ProcessInfo info{.pid = pid, .start_ticks = stat->start_ticks, .session = stat->session};
  if (known == Known::kNothing) {
    if (const UniqueFd pidfd = OpenPidfd(pid)) info.pidfs_inode = PidfsInode(pidfd.get());
  }
  if (outsiders_ && outsiders_->CameFromOutside(*stat)) info.role = model::Role::kEntered;
  info.shadow = std::move(shadow);
  return info;
}

ZombieFacts ProcessLook::Zombie(pid_t pid, model::Detail detail) {
  if (detail == model::Detail::kMinimal || !ProcUsable()) return {};
  ZombieFacts facts;
  if (detail == model::Detail::kStandard) {
    auto stat = ReadStat(proc_root_, pid);
    if (!stat) return facts;
    facts.stat = std::move(stat).value();
  } else {
    facts = WholeZombie(pid);
    if (!facts.stat) return facts;
  }
  facts.detail = detail;
  facts.entered = outsiders_ && outsiders_->CameFromOutside(*facts.stat);
  return facts;
}

ZombieFacts ProcessLook::WholeZombie(pid_t pid) const {
  ZombieFacts facts;
  const UniqueFd directory = OpenDirectory(PathOf(pid));
  const auto text = directory ? ReadAt(directory.get(), "stat") : std::nullopt;
  if (text) facts.stat = ParseStat(*text);
  if (!facts.stat) return facts;
  if (const auto status = ReadAt(directory.get(), "status")) facts.gid = ParseGid(*status);
  if (const auto io = ReadAt(directory.get(), "io")) facts.io = ParseIo(*io);
  if (const auto cgroup = ReadAt(directory.get(), "cgroup")) {
    // What version 1 shows of a zombie means nothing (docs/kernel-facts.md#cgroups-of-a-zombie).
    const CgroupPaths paths = ParseCgroupPaths(*cgroup);
    if (!paths.v1_memory) facts.cgroup = ShortPath(paths.unified);
  }
  if (const UniqueFd pidfd = OpenPidfd(pid)) facts.pidfs_inode = PidfsInode(pidfd.get());
  return facts;
}

}  // namespace reaperd::sys
