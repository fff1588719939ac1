#include "ctl/process_files.h"

#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "base/clock.h"
#include "base/text.h"
#include "base/wall_time.h"
#include "model/process_id.h"
#include "sys/procfs.h"

namespace reaperd::ctl {
namespace {

/// Clock ticks are 10 ms, and two clocks are read one after the other.
constexpr Micros kTolerance_us = 100 * kMillisecond;

std::optional<std::vector<std::string>> ReadCmdline(const std::string& folder) {
  auto text = sys::ReadSmallFile(folder + "/cmdline");
  if (!text || text->empty()) return std::nullopt;
  if (text->back() == '\0') text->pop_back();
  std::vector<std::string> words;
  for (const std::string_view word : Split(*text, '\0'))
    words.emplace_back(word);
  return words;
}

std::optional<std::int64_t> ReadRss(const std::string& folder) {
  const auto text = sys::ReadSmallFile(folder + "/statm");
  if (!text) return std::nullopt;
  const auto fields = Split(*text, ' ');
  const auto pages = fields.size() > 1 ? ParseUnsigned(fields[1], INT32_MAX) : std::nullopt;
  if (!pages) return std::nullopt;
  return static_cast<std::int64_t>(*pages) * sysconf(_SC_PAGESIZE);
}

}  // namespace

ProcessFiles::ProcessFiles(std::string proc)
    : proc_(std::move(proc)), wall_offset_us_(WallNow() - BootClock().Now()) {}

bool ProcessFiles::IsSame(const client::Process& process) const {
  const auto stat = sys::ReadStat(proc_, static_cast<pid_t>(process.pid));
  if (!stat) return false;
  // "s<pid>:<ticks>", when reaperd could open no pidfd.
  if (process.id && process.id->starts_with('s')) {
    const model::ProcessIdentity now{.pid = stat->pid, .start_ticks = stat->start_ticks};
    return *process.id == now.Id();
  }
  if (!process.started_at) return false;
  const WallMicros started_us = sys::InstantOf(stat->start_ticks) + wall_offset_us_;
  return std::llabs(started_us - *process.started_at) <= kTolerance_us;
}

ProcessRow ProcessFiles::Complete(client::Process process) const {
  ProcessRow row{.process = std::move(process), .rss_bytes = std::nullopt, .branch = {}};
  if (row.process.state != "alive" || !IsSame(row.process)) return row;
  const std::string folder = proc_ + "/" + std::to_string(row.process.pid);
  row.rss_bytes = ReadRss(folder);
  auto cmdline = row.process.cmdline ? std::nullopt : ReadCmdline(folder);
  // Once more: it may have ended between, and the number be another's.
  if (!IsSame(row.process)) return {std::move(row.process), std::nullopt, {}};
  if (cmdline) row.process.cmdline = std::move(cmdline);
  return row;
}

bool SeesSameProcesses(const std::string& proc, std::int64_t seen_pid, std::int64_t told_pid) {
  return seen_pid == told_pid && sys::ProcIsOurs(proc);
}

}  // namespace reaperd::ctl
