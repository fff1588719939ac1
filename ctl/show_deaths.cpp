#include <algorithm>

#include "base/error.h"
#include "ctl/display.h"
#include "ctl/phrases.h"
#include "ctl/show.h"

namespace reaperd::ctl {
namespace {

std::string HoldText(const client::Death& death) {
  if (!death.hold) return {};
  if (!death.hold->released_by) return "held by rule " + death.hold->rule;
  return "was held by rule " + death.hold->rule + " for " + Duration(death.held_us) +
         ", released by " + *death.hold->released_by;
}

std::string LineageText(const client::Death& death) {
  if (!death.lineage) return {};
  std::string text;
  for (const client::Ancestor& ancestor : *death.lineage) {
    if (!text.empty()) text += " < ";
    text += ancestor.comm + " (" + std::to_string(ancestor.pid) + ")";
  }
  return text;
}

std::string NumberOr(const std::optional<std::int64_t>& number) {
  return number ? std::to_string(*number) : std::string();
}

void AddRecord(Facts& facts, const client::Death& death, const View& view) {
  facts.Add("pid", std::to_string(death.pid) + (death.id ? ", " + *death.id : ""), Style::kBold);
  facts.Add("command", CommandText(death.cmdline, death.comm));
  facts.Add("role", death.role + (death.service ? " " + *death.service : ""));
  facts.Add("end", EndText(death.end), StyleOf(death.verdict));
  facts.Add("cause", death.verdict.cause + ": " + death.verdict.evidence, StyleOf(death.verdict));
  facts.Add("died", When(death.died_at, view));
  if (death.started_at) facts.Add("started", When(*death.started_at, view));
  if (death.run_time_us) facts.Add("ran for", Duration(*death.run_time_us));
  facts.Add("reaped", death.reaped_at ? When(*death.reaped_at, view) : "not yet");
  facts.Add("hold", HoldText(death));
  facts.Add("lineage", LineageText(death));
  facts.Add("exe", death.exe.value_or(""));
  facts.Add("cwd", death.cwd.value_or(""));
  facts.Add("cgroup", death.cgroup.value_or(""));
  facts.Add("uid", NumberOr(death.uid));
  facts.Add("gid", NumberOr(death.gid));
  if (death.rusage) {
    facts.Add("cpu", Duration(death.rusage->user_us) + " user, " +
                         Duration(death.rusage->system_us) + " system");
    facts.Add("max rss", Size(death.rusage->max_rss_kb * 1024));
  }
  if (death.io) {
    facts.Add("io",
              Size(death.io->read_bytes) + " read, " + Size(death.io->write_bytes) + " written");
  }
  facts.Add("record", "number " + std::to_string(death.seq) + ", " + death.detail +
                          ", first seen by " + death.first_seen);
}

std::string FileText(const client::InspectedFile& file, const View& view) {
  std::string text = Styled("--- " + Harmless(file.name), Style::kBold, view);
  if (file.error) {
    return text + ": " + ErrnoText(static_cast<int>(*file.error)) + "\n";
  }
  text += "\n";
  std::string content = file.text.value_or("");
  std::replace(content.begin(), content.end(), '\t', ' ');
  for (std::size_t begin = 0; begin < content.size();) {
    const std::size_t end = std::min(content.find('\n', begin), content.size());
    text += Harmless(std::string_view(content).substr(begin, end - begin)) + "\n";
    begin = end + 1;
  }
  if (file.truncated.value_or(false)) text += "…\n";
  return text;
}

}  // namespace

std::string ShowDeaths(const std::vector<client::Death>& deaths, const View& view) {
  Table table({{.title = "SEQ", .align = Align::kRight, .expendable = 3},
               {.title = "DIED", .align = Align::kRight},
               {.title = "PID", .align = Align::kRight},
               {.title = "RAN", .align = Align::kRight, .expendable = 4},
               {.title = "END", .max_columns = 16},
               {.title = "CAUSE", .max_columns = 16},
               {.title = "ROLE", .max_columns = 16, .expendable = 2},
               {.title = "COMMAND"}});
  for (const client::Death& death : deaths) {
    const Style style = StyleOf(death.verdict);
    table.Add({{std::to_string(death.seq), Style::kDim},
               {When(death.died_at, view)},
               {std::to_string(death.pid), Style::kBold},
               {death.run_time_us ? Duration(*death.run_time_us) : "-"},
               {EndText(death.end), style},
               {death.verdict.cause, style},
               {death.service && death.role == "service" ? *death.service : death.role},
               {CommandText(death.cmdline, death.comm)}});
  }
  return table.empty() ? "no deaths on record\n" : table.Text(view);
}

std::string DeathLine(const client::Death& death, const View& view) {
  const std::string ran = death.run_time_us ? " after " + Duration(*death.run_time_us) : "";
  const std::string cause = EndText(death.end) + " (" + death.verdict.cause + ")";
  const std::string before =
      FormatWallTime(death.died_at) + "  " + std::to_string(death.pid) + "  ";
  const std::string command =
      Harmless(ran + ", " + death.role + ": " + CommandText(death.cmdline, death.comm));
  const std::size_t used = ColumnsOf(before) + ColumnsOf(cause);
  const bool cut = view.width && *view.width > used;
  return before + Styled(Harmless(cause), StyleOf(death.verdict), view) +
         (cut ? CutTo(command, *view.width - used) : command) + "\n";
}

std::string ShowInspection(const client::Inspection& inspection, const View& view) {
  Facts facts;
  AddRecord(facts, inspection.record, view);
  if (inspection.hold) {
    const client::Hold& hold = *inspection.hold;
    facts.Add("held",
              "by rule " + hold.rule + (hold.barrier ? ", barrier " + *hold.barrier : "") +
                  ", since " + When(hold.since, view) +
                  (hold.until ? ", released " + Until(*hold.until, view) : ""),
              Style::kYellow);
  }
  if (inspection.before) {
    const client::Death& before = *inspection.before;
    facts.Add("before it", before.comm.value_or("?") + " (" + std::to_string(before.pid) + ") " +
                               EndText(before.end) + " (" + before.verdict.cause + ")");
  }
  std::string text = facts.Text(view);
  for (const client::InspectedFile& file : inspection.files)
    text += FileText(file, view);
  return text;
}

}  // namespace reaperd::ctl
