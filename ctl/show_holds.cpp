#include <array>
#include <cstdio>

#include "ctl/phrases.h"
#include "ctl/show.h"

namespace reaperd::ctl {

std::string ShowHeld(const std::vector<client::Hold>& held, const View& view) {
  if (held.empty()) return "nobody is held\n";
  Table table({{.title = "PID", .align = Align::kRight},
               {.title = "DIED", .align = Align::kRight, .expendable = 2},
               {.title = "RELEASED", .align = Align::kRight},
               {.title = "RULE", .max_columns = 16},
               {.title = "END", .max_columns = 16},
               {.title = "CAUSE", .max_columns = 16, .expendable = 1},
               {.title = "COMMAND"}});
  for (const client::Hold& hold : held) {
    const Style style = StyleOf(hold.record.verdict);
    std::string until = hold.until ? Until(*hold.until, view) : "on request";
    if (!hold.until && hold.barrier) until = "by barrier";
    table.Add({{std::to_string(hold.record.pid), Style::kBold},
               {When(hold.record.died_at, view)},
               {until, Style::kYellow},
               {hold.barrier ? hold.rule + "/" + *hold.barrier : hold.rule},
               {EndText(hold.record.end), style},
               {hold.record.verdict.cause, style},
               {CommandText(hold.record.cmdline, hold.record.comm)}});
  }
  return table.Text(view);
}

std::string ShowRules(const client::HoldRules& rules, const View& view) {
  std::string text;
  if (rules.rules.empty()) {
    text += "no hold rules\n";
  } else {
    Table table({{.title = "NAME", .max_columns = 24},
                 {.title = "HELD", .align = Align::kRight},
                 {.title = "RULE"}});
    for (const client::HoldRule& rule : rules.rules)
      table.Add({{rule.name, Style::kBold}, {std::to_string(rule.held)}, {rule.rule}});
    text += table.Text(view);
  }
  if (!rules.barriers.empty()) {
    Table table({{.title = "BARRIER", .max_columns = 24},
                 {.title = "DEAD", .align = Align::kRight},
                 {.title = "COMPLETE WITH"},
                 {.title = "TIMEOUT"}});
    for (const client::Barrier& barrier : rules.barriers) {
      std::string timeout = barrier.timeout_us ? Duration(*barrier.timeout_us) : "-";
      if (barrier.deadline) timeout += ", ends " + Until(*barrier.deadline, view);
      table.Add({{barrier.name, Style::kBold},
                 {std::to_string(barrier.dead)},
                 {barrier.count ? Count(*barrier.count, "death")
                  : barrier.all ? "all dead"
                                : "-"},
                 {timeout}});
    }
    text += "\n" + table.Text(view);
  }
  std::array<char, 32> share{};
  std::snprintf(share.data(), share.size(), "%.3g%%", rules.limits.max_share_of_pids * 100);
  text += "\n" + std::to_string(rules.held) + " of " + std::to_string(rules.limits.max_held) +
          " held, " + Count(rules.leases, "lease") + "; at most " + share.data() +
          " of all pids, and for " + Duration(rules.limits.max_time_us) + "\n";
  return text;
}

}  // namespace reaperd::ctl
