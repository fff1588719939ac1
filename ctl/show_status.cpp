#include <string>

#include "ctl/phrases.h"
#include "ctl/show.h"

namespace reaperd::ctl {
namespace {

std::string Of(std::int64_t part, std::int64_t whole) {
  return std::to_string(part) + " of " + std::to_string(whole);
}

std::string KindOf(const client::RunStatus& status) {
  std::string text = status.pid1 ? "PID 1" : "pid " + std::to_string(status.pid);
  if (!status.pid1) text += status.subreaper ? ", subreaper" : ", no subreaper";
  return text + ", " + status.mode + " mode, reap " + status.reap;
}

std::string MainText(const client::Main& main, const View& view) {
  std::string text = main.name + " (pid " + std::to_string(main.pid) + "), " + main.state;
  if (main.end) text += ", " + EndText(*main.end);
  return text + ", started " + When(main.started_at, view);
}

Style StyleOfMain(const client::Main& main) {
  if (!main.end) return Style::kGreen;
  return main.end->success() ? Style::kPlain : Style::kRed;
}

std::string DeathsText(const client::RunStatus& status) {
  const client::ReapCounters& reaping = status.reaping;
  std::string text = std::to_string(reaping.deaths) + ", reaped " + std::to_string(reaping.reaped) +
                     " (" + std::to_string(reaping.sigchld_received) + " SIGCHLD)";
  if (reaping.errors != 0) text += ", " + Count(reaping.errors, "error");
  return text;
}

std::string HoldsText(const client::HoldState& hold) {
  std::string text = Of(hold.held, hold.max_held);
  text += ", " + Count(hold.rules, "rule") + ", " + Count(hold.leases, "lease");
  return text + ", " + Count(hold.barriers, "barrier");
}

std::string RecordsText(const client::Ring& ring) {
  if (ring.kept == 0) return "none kept";
  return std::to_string(ring.kept) + " kept (" + Size(ring.bytes) + "), numbers " +
         std::to_string(ring.oldest_seq) + " to " + std::to_string(ring.next_seq - 1);
}

std::string SocketText(const client::SocketCounters& socket) {
  std::string text = Count(socket.clients, "client") + " (" + Count(socket.monitors, "monitor") +
                     "), " + Count(socket.requests, "request");
  if (socket.errors != 0) text += ", " + Count(socket.errors, "error");
  if (socket.refused != 0) text += ", " + std::to_string(socket.refused) + " refused";
  if (socket.turned_away != 0) text += ", " + std::to_string(socket.turned_away) + " turned away";
  if (socket.bad_messages != 0) text += ", " + Count(socket.bad_messages, "bad message");
  if (socket.gaps != 0) text += ", " + Count(socket.gaps, "gap");
  return text;
}

std::string ScribeText(const client::ScribeCounters& scribe) {
  if (scribe.lines == 0 && scribe.dropped == 0 && scribe.restarts == 0) return {};
  std::string text = Count(scribe.lines, "line");
  if (scribe.dropped != 0) text += ", " + std::to_string(scribe.dropped) + " dropped";
  if (scribe.restarts != 0) text += ", " + Count(scribe.restarts, "restart");
  return text;
}

}  // namespace

std::string ShowStatus(const client::RunStatus& status, const View& view) {
  const bool running = status.phase == "running";
  Facts facts;
  facts.Add("reaperd", status.version + ", " + KindOf(status), Style::kBold);
  facts.Add("phase", status.phase, running ? Style::kGreen : Style::kYellow);
  facts.Add("up", Duration(status.uptime_us) + ", since " + FormatWallTime(status.started_at));
  if (status.main) facts.Add("main", MainText(*status.main, view), StyleOfMain(*status.main));
  facts.Add("children", std::to_string(status.children));
  facts.Add("deaths", DeathsText(status),
            status.reaping.errors != 0 ? Style::kYellow : Style::kPlain);
  facts.Add("held", HoldsText(status.hold), status.hold.held != 0 ? Style::kYellow : Style::kPlain);
  facts.Add("records", RecordsText(status.ring));
  facts.Add("scribe", ScribeText(status.scribe),
            status.scribe.dropped != 0 ? Style::kYellow : Style::kPlain);
  facts.Add("socket", SocketText(status.socket));
  facts.Add("log level", status.log_level);
  facts.Add("instance", status.instance, Style::kDim);
  return facts.Text(view);
}

}  // namespace reaperd::ctl
