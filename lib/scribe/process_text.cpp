#include "scribe/process_text.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/read_up_to.h"
#include "base/unique_fd.h"
#include "sys/procfs.h"

namespace reaperd::scribe {
namespace {

/// An exec takes less than that, mostly.
constexpr int kLooks = 4;
constexpr useconds_t kPause_us = 1000;

bool IsDead(const sys::ProcStat& stat) {
  return stat.state == 'Z' || stat.state == 'X';
}

/// In the middle of its exec a process shows empty texts: its new memory has no arguments yet
/// (docs/kernel-facts.md#a-process-in-the-middle-of-its-exec-shows-nothing). A kernel thread shows
/// them always, and an environment may really be empty.
bool MayComeYet(const ReadRequest& request, const sys::ProcStat& stat) {
  return request.kind == TextKind::kCmdline && !IsDead(stat) && !stat.IsKernelThread();
}

struct Look {
  std::optional<std::string> bytes;  ///< nullopt as ReadProcessText
  bool again = false;                ///< a later one may find more
};

Look LookOnce(const std::string& proc_root, const ReadRequest& request) {
  const char* file = request.kind == TextKind::kCmdline ? "/cmdline" : "/environ";
  const std::string path = proc_root + "/" + std::to_string(request.pid) + file;
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!fd) return {};
  auto bytes = ReadUpTo(fd.get(), CapBytes(request.kind) + 1);
  if (!bytes) return {};
  // After the reading: whoever has the number now had it when the file was opened, or the file was
  // that of the one meant.
  const auto stat = sys::ReadStat(proc_root, request.pid);
  if (!stat || stat->start_ticks != request.start_ticks) return {};
  if (bytes->empty() && (IsDead(*stat) || request.kind == TextKind::kCmdline)) {
    return {.bytes = std::nullopt, .again = MayComeYet(request, *stat)};
  }
  return {.bytes = std::move(bytes).value()};
}

}  // namespace

std::vector<std::string> SplitParts(std::string_view raw) {
  std::vector<std::string> parts;
  while (!raw.empty()) {
    const std::size_t end = raw.find('\0');
    parts.emplace_back(raw.substr(0, end));
    if (end == std::string_view::npos) break;
    raw.remove_prefix(end + 1);
  }
  std::size_t named = parts.size();
  while (named > 0 && parts[named - 1].empty())
    --named;
  if (parts.size() - named >= 2) parts.resize(named);
  return parts;
}

std::optional<RawText> ReadProcessText(std::string_view proc_root, const ReadRequest& request,
                                       const std::function<void()>& pause) {
  Look look = LookOnce(std::string(proc_root), request);
  for (int looks = 1; look.again && looks < kLooks; ++looks) {
    pause();
    look = LookOnce(std::string(proc_root), request);
  }
  if (!look.bytes) return std::nullopt;
  const std::size_t cap = CapBytes(request.kind);
  const bool truncated = look.bytes->size() > cap;
  if (truncated) look.bytes->resize(cap);
  return RawText{.bytes = *std::move(look.bytes), .truncated = truncated};
}

void PauseForExec() {
  usleep(kPause_us);
}

}  // namespace reaperd::scribe
