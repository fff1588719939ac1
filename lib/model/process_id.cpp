#include "model/process_id.h"

#include <limits>

#include "base/text.h"

namespace reaperd::model {

std::string ProcessIdentity::Id() const {
  if (pidfs_inode != 0) return "i" + std::to_string(pidfs_inode);
  if (start_ticks != 0) return "s" + std::to_string(pid) + ":" + std::to_string(start_ticks);
  return {};
}

std::optional<ProcessIdentity> ParseProcessId(std::string_view id) {
  if (id.empty()) return std::nullopt;
  const char form = id.front();
  id.remove_prefix(1);
  if (form == 'i') {
    const auto inode = ParseUnsigned(id);
    if (!inode || *inode == 0) return std::nullopt;
    return ProcessIdentity{.pidfs_inode = *inode};
  }
  const std::size_t colon = id.find(':');
  if (form != 's' || colon == std::string_view::npos) return std::nullopt;
  const auto pid = ParseUnsigned(id.substr(0, colon), std::numeric_limits<pid_t>::max());
  const auto ticks = ParseUnsigned(id.substr(colon + 1));
  if (!pid || *pid == 0 || !ticks || *ticks == 0) return std::nullopt;
  return ProcessIdentity{.pid = static_cast<pid_t>(*pid), .start_ticks = *ticks};
}

SameProcess IsNamedBy(const ProcessIdentity& known, const ProcessIdentity& asked) {
  const auto compare = [](std::uint64_t have, std::uint64_t want) {
    if (have == 0) return SameProcess::kUnknown;
    return have == want ? SameProcess::kYes : SameProcess::kNo;
  };
  if (asked.pidfs_inode != 0) return compare(known.pidfs_inode, asked.pidfs_inode);
  if (asked.pid != known.pid) return SameProcess::kNo;
  return compare(known.start_ticks, asked.start_ticks);
}

}  // namespace reaperd::model
