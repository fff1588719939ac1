#include <algorithm>
#include <map>
#include <set>

#include "ctl/phrases.h"
#include "ctl/show.h"

namespace reaperd::ctl {
namespace {

using Children = std::map<std::int64_t, std::vector<const ProcessRow*>>;

/// With an own stack: a chain of parents may be as long as there are processes.
std::vector<ProcessRow> Grow(const std::vector<const ProcessRow*>& roots,
                             const Children& children) {
  struct Place {
    const ProcessRow* row;
    std::string before;  ///< what stands under the branches of those above
    bool last;
    bool root;
  };
  std::vector<Place> waiting;
  for (auto root = roots.rbegin(); root != roots.rend(); ++root)
    waiting.push_back({*root, "", true, true});
  std::vector<ProcessRow> out;
  while (!waiting.empty()) {
    const Place place = waiting.back();
    waiting.pop_back();
    ProcessRow row = *place.row;
    row.branch = place.root ? "" : place.before + (place.last ? "└─ " : "├─ ");
    out.push_back(std::move(row));
    const auto found = children.find(place.row->process.pid);
    if (found == children.end()) continue;
    const std::string under = place.root ? "" : place.before + (place.last ? "   " : "│  ");
    for (auto child = found->second.rbegin(); child != found->second.rend(); ++child)
      waiting.push_back({*child, under, child == found->second.rbegin(), false});
  }
  return out;
}

Style StyleOfState(const std::string& state) {
  if (state == "alive") return Style::kPlain;
  return state == "held" ? Style::kYellow : Style::kRed;
}

std::string RoleOf(const client::Process& process) {
  if (process.service && process.role == "service") return *process.service;
  return process.role.value_or("-");
}

}  // namespace

std::vector<ProcessRow> Arrange(std::vector<ProcessRow> rows, Order order) {
  std::sort(rows.begin(), rows.end(),
            [](const ProcessRow& a, const ProcessRow& b) { return a.process.pid < b.process.pid; });
  if (order == Order::kPid) return rows;
  std::set<std::int64_t> pids;
  for (const ProcessRow& row : rows)
    pids.insert(row.process.pid);
  Children children;
  std::vector<const ProcessRow*> roots;
  for (const ProcessRow& row : rows) {
    const std::int64_t parent = row.process.ppid;
    const bool below = pids.contains(parent) && parent != row.process.pid;
    (below ? children[parent] : roots).push_back(&row);
  }
  std::vector<ProcessRow> grown = Grow(roots, children);
  if (grown.size() == rows.size()) return grown;
  // Parents in a circle: the list was read while numbers were used again. Nobody may be missing.
  std::set<std::int64_t> shown;
  for (const ProcessRow& row : grown)
    shown.insert(row.process.pid);
  for (ProcessRow& row : rows) {
    if (!shown.contains(row.process.pid)) grown.push_back(std::move(row));
  }
  return grown;
}

std::string ShowProcesses(const std::vector<ProcessRow>& rows, const View& view) {
  Table table({{.title = "PID", .align = Align::kRight},
               {.title = "PPID", .align = Align::kRight, .expendable = 3},
               {.title = "STATE", .expendable = 1},
               {.title = "ROLE", .max_columns = 16, .expendable = 2},
               {.title = view.times == Times::kAbsolute ? "STARTED" : "AGE",
                .align = Align::kRight,
                .expendable = 4},
               {.title = "RSS", .align = Align::kRight, .expendable = 5},
               {.title = "COMMAND"}});
  for (const ProcessRow& row : rows) {
    const client::Process& process = row.process;
    const Style style = StyleOfState(process.state);
    table.Add({{std::to_string(process.pid), Style::kBold},
               {std::to_string(process.ppid)},
               {process.state, style},
               {RoleOf(process)},
               {process.started_at ? Since(*process.started_at, view) : "-"},
               {row.rss_bytes ? Size(*row.rss_bytes) : "-"},
               {row.branch + CommandText(process.cmdline, process.comm), style}});
  }
  return table.empty() ? "no processes below reaperd\n" : table.Text(view);
}

std::string ShowZombies(const std::vector<client::Hold>& held,
                        const std::vector<client::ForeignZombie>& foreign, const View& view) {
  if (held.empty() && foreign.empty()) return "no zombies\n";
  Table table({{.title = "PID", .align = Align::kRight},
               {.title = "WHOSE", .expendable = 1},
               {.title = "AGE", .align = Align::kRight, .expendable = 2},
               {.title = "NAME", .max_columns = 20},
               {.title = "WHY IT IS THERE"}});
  for (const client::Hold& hold : held) {
    std::string why = "held by rule " + hold.rule;
    if (hold.rule == "lease") why = "held by a lease";
    if (hold.barrier) why += " for barrier " + *hold.barrier;
    if (hold.until) why += ", until " + Until(*hold.until, view);
    if (hold.until && view.times == Times::kRelative) {
      why.replace(why.rfind("until "), 6, "released ");
    }
    table.Add({{std::to_string(hold.record.pid), Style::kBold},
               {"ours", Style::kYellow},
               {Duration(view.now - hold.record.died_at)},
               {hold.record.comm.value_or("?")},
               {why}});
  }
  for (const client::ForeignZombie& zombie : foreign) {
    std::string why = "parent " + std::to_string(zombie.parent) + " (" +
                      zombie.parent_comm.value_or("?") + ") does not reap: it has " +
                      Count(zombie.held_by_parent, "zombie");
    if (zombie.growing) why += *zombie.growing ? ", growing" : ", not growing";
    table.Add({{std::to_string(zombie.pid), Style::kBold},
               {"foreign", Style::kRed},
               {Duration(zombie.age_us)},
               {zombie.comm.value_or("?")},
               {why}});
  }
  return table.Text(view);
}

std::string ShowBlockers(const client::Blockers& blockers, const View& view) {
  if (blockers.processes.empty()) {
    return blockers.more ? "none of the nearest is alive, others may be: reaperctl ps\n"
                         : "nobody is alive below reaperd\n";
  }
  Table table({{.title = "PID", .align = Align::kRight},
               {.title = "STATE"},
               {.title = "WAITS IN", .max_columns = 32},
               {.title = "NAME"}});
  for (const client::Blocker& blocker : blockers.processes) {
    const bool stuck = blocker.state == "D";
    table.Add({{std::to_string(blocker.pid), Style::kBold},
               {blocker.state, stuck ? Style::kRed : Style::kPlain},
               {blocker.wait_channel.value_or("-")},
               {blocker.comm}});
  }
  return table.Text(view) + (blockers.more ? "and others: reaperctl ps\n" : "");
}

}  // namespace reaperd::ctl
