// The part of --explain about deaths: what is recorded, what is held and within which budget, what
// is done about zombies that others keep.
#include <unistd.h>

#include "base/text.h"
#include "config/short_form.h"
#include "daemon/death_checks.h"
#include "daemon/explain.h"
#include "reap/held_queue.h"
#include "sys/socket_path.h"

namespace reaperd::daemon {
namespace {

std::string RecordsText(const model::RecordsSpec& records) {
  switch (records.mode) {
    case model::RecordsMode::kAuto:
      return "as much detail as the rate of deaths leaves time for; the last " +
             std::to_string(records.kept) + " are kept";
    case model::RecordsMode::kFull:
      return "full detail of each death, at any rate";
    case model::RecordsMode::kStandard:
      return "what waitid and /proc/<pid>/stat tell of each death";
    case model::RecordsMode::kMinimal:
      return "what waitid tells of each death";
    case model::RecordsMode::kOff:
      return "none";
  }
  return "?";
}

void AddBudget(std::string& out, const model::RunSpec& spec, const Place& place) {
  reap::HeldQueue queue(spec.hold);
  const auto limit = place.limits.Smallest();
  queue.SetSurroundings({.pid1 = place.pid1,
                         .process_limit = limit ? std::optional(limit->value) : std::nullopt,
                         .pids_max = place.limits.pids_max.has_value(),
                         .own_processes = spec.records.death_log ? 2U : 1U});
  std::string text = "at most " + std::to_string(queue.cap()) +
                     " at a time, none for longer than " +
                     FormatDuration(spec.hold.limits.max_time_us);
  if (limit) text += "; the smallest limit in sight is " + limit->name;
  if (place.pid1 && !place.limits.pids_max) text += "; no pids.max is, but there may be one above";
  AddExplainRow(out, "budget", text);
}

std::string ForeignText(const model::ForeignZombieSpec& foreign) {
  if (!foreign.interval_us) return "only when somebody asks";
  return "looked for every " + FormatDuration(*foreign.interval_us) + ", action " +
         std::string(model::kForeignActions.Name(foreign.action)) + " after " +
         FormatDuration(foreign.min_age_us);
}

std::string SocketText(const model::StatusSocketSpec& socket, bool pid1) {
  if (!socket.Wanted(pid1)) return "none";
  std::string text = Printable(socket.path);
  if (text.empty()) {
    for (const std::string& path : sys::SocketCandidates(sys::UsualSocketSearch()))
      text += (text.empty() ? "the first that can be had of " : ", ") + Printable(path);
  }
  if (socket.group) text += "; group " + std::to_string(*socket.group) + " may read";
  return text;
}

}  // namespace

void AddDeaths(std::string& out, const model::RunSpec& spec, const Place& place) {
  out += "\nDeaths\n";
  AddExplainRow(out, "records", RecordsText(spec.records));
  const auto& log = spec.records.death_log;
  AddExplainRow(out, "death log", !log ? "none" : *log == "-" ? "standard error" : Printable(*log));
  for (const model::HoldRule& rule : spec.hold.rules) {
    AddExplainRow(out, "hold", Printable(config::FormatHoldRule(rule)));
  }
  if (spec.hold.rules.empty()) {
    AddExplainRow(out, "hold", "nobody: the dead are reaped at once");
  } else if (const Status holding = CheckHolding(spec); !holding) {
    AddExplainRow(out, "budget", "refused here: " + holding.error().message());
  } else {
    AddBudget(out, spec, place);
  }
  AddExplainRow(out, "foreign zombies", ForeignText(spec.foreign_zombies));
  AddExplainRow(out, "status socket", SocketText(spec.status_socket, place.pid1));
}

}  // namespace reaperd::daemon
