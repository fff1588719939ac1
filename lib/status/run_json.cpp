#include "status/run_json.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "base/enum_names.h"
#include "status/call.h"
#include "status/json_parts.h"
#include "status/json_writer.h"
#include "status/limits.h"

namespace reaperd::status {
namespace {

using model::MainView;

// TABLE: words of the interface.
constexpr EnumNames<MainView::State, 3> kMainStates{{{
    {MainView::State::kAlive, "alive"},
    {MainView::State::kHeld, "held"},
    {MainView::State::kEnded, "ended"},
}}};
constexpr EnumNames<model::ReapMode, 2> kReapModes{{{
    {model::ReapMode::kWait, "wait"},
    {model::ReapMode::kAuto, "auto"},
}}};

void WriteMain(const Output& out, const std::optional<MainView>& main) {
  if (!main) {
    out.json.Null("main");
    return;
  }
  out.json.Key("main")
      .OpenObject()
      .Number("pid", main->pid)
      .String("name", main->name)
      .String("state", kMainStates.Name(main->state));
  out.Time("started_at", main->started_us);
  if (main->end) {
    WriteEnd(out.json, *main->end);
  } else {
    out.json.Null("end");
  }
  out.json.CloseObject();
}

void WriteHolds(JsonWriter& json, const model::HoldCounters& holds) {
  json.Key("holds").OpenObject().Number("held", holds.held);
  for (const auto& row : model::kReleaseReasons.rows) {
    // The same words with an underscore, since they are names of members here.
    const std::string_view name =
        row.value == model::ReleaseReason::kLeaseEnd ? "lease_end" : row.name;
    json.Number(name, holds.released[static_cast<std::size_t>(row.value)]);
  }
  json.CloseObject();
}

void WriteRing(JsonWriter& json, const model::RingCounters& ring) {
  json.Key("ring")
      .OpenObject()
      .Number("next_seq", ring.next_seq)
      .Number("oldest_seq", ring.oldest_seq)
      .Number("kept", ring.kept)
      .Number("bytes", ring.bytes)
      .CloseObject();
}

void WriteScribe(JsonWriter& json, const model::ScribeCounters& scribe) {
  json.Key("scribe")
      .OpenObject()
      .Number("lines", scribe.lines)
      .Number("dropped", scribe.dropped)
      .Number("restarts", scribe.restarts)
      .Number("reads", scribe.reads)
      .Number("reads_unanswered", scribe.reads_unanswered)
      .CloseObject();
}

void WriteForeign(JsonWriter& json, const model::ForeignCounters& foreign) {
  json.Key("foreign")
      .OpenObject()
      .Number("looks", foreign.looks)
      .Number("failed_looks", foreign.failed_looks)
      .Number("found", foreign.found)
      .Number("nudged", foreign.nudged)
      .Number("terminated", foreign.terminated)
      .Number("killed", foreign.killed)
      .Number("gone", foreign.gone)
      .Number("exempt", foreign.exempt)
      .Number("failed", foreign.failed)
      .CloseObject();
}

void WriteSocket(JsonWriter& json, const SocketCounters& socket) {
  json.Key("socket")
      .OpenObject()
      .Number("clients", socket.clients)
      .Number("monitors", socket.monitors)
      .Number("accepted", socket.accepted)
      .Number("accept_failures", socket.accept_failures)
      .Number("refused", socket.refused)
      .Number("turned_away", socket.turned_away)
      .Number("requests", socket.requests)
      .Number("errors", socket.errors)
      .Number("bad_messages", socket.bad_messages)
      .Number("gaps", socket.gaps)
      .CloseObject();
}

void WriteProtocolLimits(JsonWriter& json) {
  json.Key("limits")
      .OpenObject()
      .Number("message_bytes", sys::kMaxMessageBytes)
      .Number("depth", kMaxDepth)
      .Number("clients", kMaxClients)
      .Number("requests_in_flight", kMaxRequestsInFlight)
      .Number("reply_bytes", kMaxReplyBytes)
      .CloseObject();
}

void WriteBarrier(const Output& out, const model::BarrierView& view) {
  out.json.OpenObject()
      .String("name", view.barrier.name)
      .Number("count", view.barrier.count)
      .Bool("all", view.barrier.all)
      .Number("timeout_us", view.barrier.timeout_us)
      .Number("dead", view.dead);
  out.Time("deadline", view.deadline_us);
  out.json.CloseObject();
}

/// A share: a number in plain decimal, with a point in every locale.
std::string Share(double share) {
  const auto millionths = static_cast<std::int64_t>(std::llround(share * 1e6));
  std::string fraction = std::to_string(millionths % 1'000'000);
  fraction.insert(0, 6 - fraction.size(), '0');
  fraction.erase(std::max(fraction.find_last_not_of('0') + 1, std::size_t{1}));
  return std::to_string(millionths / 1'000'000) + "." + fraction;
}

}  // namespace

std::string StatusJson(const model::StatusView& view, const SocketCounters& socket, Micros now_us,
                       const JsonContext& context) {
  JsonWriter json(2048);
  const Output out{json, context};
  json.OpenObject()
      .String("version", view.version)
      .String("instance", view.instance)
      .Number("pid", view.pid)
      .String("mode", view.main ? "command" : "services")
      .Bool("pid1", view.pid1)
      .Bool("subreaper", view.subreaper)
      .String("reap", kReapModes.Name(view.reap))
      .String("phase", model::kRunPhases.Name(view.phase));
  out.Time("started_at", view.started_us);
  json.Number("uptime_us", now_us - view.started_us);
  WriteMain(out, view.main);
  json.String("log_level", view.log_level)
      .Number("children", view.children)
      .Json("reaping", ReapCountersJson(view.counters.reap));
  json.Key("hold")
      .OpenObject()
      .Number("held", view.held)
      .Number("max_held", view.max_held)
      .Number("leases", view.leases)
      .Number("rules", view.rules)
      .Number("barriers", view.barriers)
      .CloseObject();
  WriteHolds(json, view.counters.hold);
  WriteRing(json, view.counters.ring);
  WriteScribe(json, view.counters.scribe);
  WriteForeign(json, view.counters.foreign);
  WriteSocket(json, socket);
  WriteProtocolLimits(json);
  json.CloseObject();
  return std::move(json).Take();
}

std::string HoldRulesJson(const model::HoldRulesView& view, const JsonContext& context) {
  JsonWriter json(1024);
  const Output out{json, context};
  json.OpenObject().Key("rules").OpenArray();
  for (const model::HoldRuleView& rule : view.rules) {
    json.OpenObject()
        .String("name", rule.rule.name)
        .String("rule", rule.text)
        .Number("held", rule.held)
        .CloseObject();
  }
  json.CloseArray().Key("barriers").OpenArray();
  for (const model::BarrierView& barrier : view.barriers)
    WriteBarrier(out, barrier);
  json.CloseArray().Key("limits").OpenObject().Number("max_held", view.cap);
  json.Json("max_share_of_pids", Share(view.limits.max_share_of_pids))
      .Number("max_time_us", view.limits.max_time_us)
      .CloseObject()
      .Number("held", view.held)
      .Number("leases", view.leases)
      .CloseObject();
  return std::move(json).Take();
}

std::string BlockerJson(const model::Remaining& process) {
  JsonWriter json;
  json.OpenObject()
      .Number("pid", process.pid)
      .String("comm", process.comm)
      .String("state", std::string_view(&process.state, 1))
      .StringUnlessEmpty("wait_channel", process.wait_channel)
      .CloseObject();
  return std::move(json).Take();
}

}  // namespace reaperd::status
