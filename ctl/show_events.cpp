#include "base/error.h"
#include "ctl/display.h"
#include "ctl/phrases.h"
#include "ctl/show.h"

namespace reaperd::ctl {
namespace {

/// What happened, its looks, and the rest of the line.
struct Told {
  std::string_view what;
  Style style = Style::kPlain;
  std::string rest;
};

std::string Who(std::int64_t pid, const std::optional<std::string>& comm) {
  return std::to_string(pid) + (comm ? " (" + *comm + ")" : "");
}

struct Teller {
  const View& view;

  Told operator()(const client::UnknownEvent& /*event*/) const {
    return {"unknown", Style::kDim, "an event that this reaperctl is too old for: see --json"};
  }
  Told operator()(const client::SpawnedEvent& event) const {
    return {"spawned", Style::kGreen, ProcessText(event.process)};
  }
  Told operator()(const client::AdoptedEvent& event) const {
    return {"adopted", Style::kCyan, ProcessText(event.process)};
  }
  Told operator()(const client::DiedEvent& event) const {
    return {"died", event.end.success() ? Style::kPlain : Style::kRed,
            Who(event.pid, event.comm) + " " + EndText(event.end)};
  }
  Told operator()(const client::HeldEvent& event) const {
    const client::Hold& hold = event.hold;
    std::string text = Who(hold.record.pid, hold.record.comm) + " " + EndText(hold.record.end) +
                       " by rule " + hold.rule;
    if (hold.barrier) text += ", barrier " + *hold.barrier;
    if (hold.until) text += ", released " + Until(*hold.until, view);
    return {"held", Style::kYellow, text};
  }
  Told operator()(const client::ReleasedEvent& event) const {
    return {"released", Style::kYellow,
            std::to_string(event.pid) + " of rule " + event.rule + ": " + event.released_by};
  }
  Told operator()(const client::ReapedEvent& event) const {
    const client::Death& death = event.death;
    std::string text =
        Who(death.pid, death.comm) + " " + EndText(death.end) + ": " + death.verdict.cause;
    if (death.run_time_us) text += ", ran " + Duration(*death.run_time_us);
    return {"reaped", StyleOf(death.verdict), text};
  }
  Told operator()(const client::BarrierEvent& event) const {
    const auto members = static_cast<std::int64_t>(event.result.members.size());
    return {"barrier", Style::kYellow,
            event.result.barrier + (event.result.complete ? " complete: " : " not complete: ") +
                Count(members + event.result.unlisted, "member") + " released"};
  }
  Told operator()(const client::ForeignEvent& event) const {
    std::string text = event.step + ": " + Who(event.zombie.pid, event.zombie.comm) +
                       ", zombie of " + Who(event.zombie.parent, event.zombie.parent_comm);
    if (event.error) text += ": " + ErrnoText(static_cast<int>(*event.error));
    return {"foreign", Style::kRed, text};
  }
  Told operator()(const client::SignalEvent& event) const {
    std::string text = event.received;
    if (event.sent && *event.sent != event.received) text += " as " + *event.sent;
    text += " " + event.outcome;
    if (event.sender.kernel) return {"signal", Style::kCyan, text + ", from the kernel"};
    if (event.sender.pid == 0) return {"signal", Style::kCyan, text + ", from outside"};
    return {"signal", Style::kCyan,
            text + ", from pid " + std::to_string(event.sender.pid) + " uid " +
                std::to_string(event.sender.uid)};
  }
  Told operator()(const client::ServiceEvent& event) const {
    return {"service", Style::kCyan, event.name + " " + event.state};
  }
  Told operator()(const client::StoppingEvent& event) const {
    return {"stopping", Style::kYellow, event.phase};
  }

  static std::string ProcessText(const client::Process& process) {
    std::string text =
        std::to_string(process.pid) + " " + CommandText(process.cmdline, process.comm);
    if (process.role) text += ", " + *process.role;
    return text;
  }
};

std::string Line(const std::string& time, const Told& told, const View& view) {
  constexpr std::size_t kWhat = 10;
  const std::string what(told.what);
  const std::string blanks(what.size() < kWhat ? kWhat - what.size() : 1, ' ');
  const std::string rest = Harmless(told.rest);
  const std::size_t used = time.size() + 2 + what.size() + blanks.size();
  const bool cut = view.width && *view.width > used;
  return Styled(time, Style::kDim, view) + "  " + Styled(what, told.style, view) + blanks +
         (cut ? CutTo(rest, *view.width - used) : rest) + "\n";
}

/// The time of day is enough for who sits before it.
std::string TimeOf(WallMicros at, const View& view) {
  const std::string text = FormatWallTime(at);
  return view.times == Times::kAbsolute ? text : text.substr(11, 12);
}

}  // namespace

std::string EventLine(const client::Event& event, const View& view) {
  return Line(TimeOf(event.at, view), std::visit(Teller{view}, event.body), view);
}

std::string GapLine(const client::Gap& gap, const View& view) {
  return Line(TimeOf(view.now, view),
              {"gap", Style::kRed,
               Count(gap.to - gap.from + 1, "event") + " lost, " + std::to_string(gap.from) +
                   " to " + std::to_string(gap.to) + ": this reader was too slow"},
              view);
}

std::string SnapshotLine(const client::Snapshot& snapshot, const View& view) {
  return Line(TimeOf(view.now, view),
              {"snapshot", Style::kDim,
               Count(static_cast<std::int64_t>(snapshot.processes.size()), "process", "processes") +
                   ", " + std::to_string(snapshot.held.size()) + " held, at event " +
                   std::to_string(snapshot.seq)},
              view);
}

}  // namespace reaperd::ctl
