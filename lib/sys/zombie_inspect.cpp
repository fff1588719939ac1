#include "sys/zombie_inspect.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/read_up_to.h"
#include "base/unique_fd.h"
#include "sys/procfs.h"

namespace reaperd::sys {
namespace {

enum class FileKind { kText, kLink };

struct FileRow {
  const char* name;
  FileKind kind = FileKind::kText;
};

// TABLE: what is shown, in this order.
constexpr std::array<FileRow, 12> kFiles{{
    {"stat"},
    {"status"},
    {"io"},
    {"limits"},
    {"cgroup"},
    {"sched"},
    {"schedstat"},
    {"oom_score_adj"},
    {"loginuid"},
    {"sessionid"},
    {"ns/pid", FileKind::kLink},
    {"ns/user", FileKind::kLink},
}};

model::InspectedFile ReadText(int directory, const char* name) {
  model::InspectedFile file{.name = name, .text = {}};
  const UniqueFd fd(openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd) {
    file.error = errno;
    return file;
  }
  auto text = ReadUpTo(fd.get(), kInspectedFileBytes + 1);
  if (!text) {
    file.error = text.error().code();
    return file;
  }
  file.text = std::move(text).value();
  file.truncated = file.text.size() > kInspectedFileBytes;
  if (file.truncated) file.text.resize(kInspectedFileBytes);
  return file;
}

model::InspectedFile ReadLink(int directory, const char* name) {
  model::InspectedFile file{.name = name, .text = {}};
  std::array<char, 256> target;
  const ssize_t got = readlinkat(directory, name, target.data(), target.size());
  if (got < 0) {
    file.error = errno;
  } else {
    file.text.assign(target.data(), static_cast<std::size_t>(got));
  }
  return file;
}

Error NoZombie(pid_t pid) {
  return {ESRCH, "pid " + std::to_string(pid) + " is no zombie of ours"};
}

}  // namespace

Result<std::vector<model::InspectedFile>> InspectZombie(const std::string& proc_root, pid_t pid,
                                                        std::uint64_t start_ticks) {
  if (!ProcIsOurs(proc_root)) {
    return Error(ENOENT, proc_root + " does not show our pid namespace");
  }
  const std::string path = proc_root + "/" + std::to_string(pid);
  const UniqueFd directory(open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory && errno != ENOENT) return Error::FromErrno("cannot open " + path, errno);
  if (!directory) return NoZombie(pid);
  std::vector<model::InspectedFile> files;
  files.reserve(kFiles.size());
  for (const FileRow& row : kFiles) {
    files.push_back(row.kind == FileKind::kText ? ReadText(directory.get(), row.name)
                                                : ReadLink(directory.get(), row.name));
    if (files.size() > 1) continue;
    // The first is stat: of a living one the others are not read.
    const auto stat = ParseStat(files.front().text);
    if (!stat || !stat->IsZombie() || stat->parent != getpid()) return NoZombie(pid);
    if (start_ticks != 0 && stat->start_ticks != start_ticks) return NoZombie(pid);
  }
  return files;
}

}  // namespace reaperd::sys
