#include "scribe/process_text.h"

#include <fcntl.h>

#include "base/read_up_to.h"
#include "base/unique_fd.h"
#include "sys/procfs.h"

namespace reaperd::scribe {
namespace {

/// An empty text is what a zombie shows, a process in the middle of its exec, and a kernel thread;
/// but an environment may really be empty.
bool EmptyIsTrue(const ReadRequest& request, const sys::ProcStat& stat) {
  return request.kind == TextKind::kEnviron && stat.state != 'Z' && stat.state != 'X';
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

std::optional<RawText> ReadProcessText(std::string_view proc_root, const ReadRequest& request) {
  const char* file = request.kind == TextKind::kCmdline ? "cmdline" : "environ";
  const std::string path = std::string(proc_root) + "/" + std::to_string(request.pid) + "/" + file;
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!fd) return std::nullopt;
  const std::size_t cap = CapBytes(request.kind);
  auto bytes = ReadUpTo(fd.get(), cap + 1);
  if (!bytes) return std::nullopt;
  // After the reading: whoever has the number now had it when the file was opened, or the file was
  // that of the one meant.
  const auto stat = sys::ReadStat(proc_root, request.pid);
  if (!stat || stat->start_ticks != request.start_ticks) return std::nullopt;
  if (bytes->empty() && !EmptyIsTrue(request, *stat)) return std::nullopt;
  const bool truncated = bytes->size() > cap;
  if (truncated) bytes->resize(cap);
  return RawText{.bytes = *std::move(bytes), .truncated = truncated};
}

}  // namespace reaperd::scribe
