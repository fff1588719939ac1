#include "client/parse.h"

#include <charconv>

#include "model/signal_names.h"

namespace reaperd::client {
namespace {

constexpr std::string_view kTimeWords = "a time such as 2026-11-22T06:00:00.120Z";

}  // namespace

void FieldReader::Convert(const JsonValue& value, const std::string& path, double& into) {
  const char* end = value.text.data() + value.text.size();
  const auto done = std::from_chars(value.text.data(), end, into);
  if (value.type != JsonValue::Type::kNumber || done.ec != std::errc() || done.ptr != end) {
    Expected(path, "a number", value);
  }
}

void Read(FieldReader& in, Ancestor& out) {
  in("pid", out.pid)("comm", out.comm);
}

void Read(FieldReader& in, model::ExitStatus& out) {
  std::string how;
  in("how", how)("core", out.core);
  if (how == "exit") {
    std::int64_t code = 0;
    in("code", code);
    out.how = model::ExitStatus::How::kExit;
    out.value = static_cast<int>(code);
  } else if (how == "signal") {
    out.how = model::ExitStatus::How::kSignal;
    // The two signals that the C library keeps to itself have no name that ParseSignal takes.
    const auto number = [](const std::string& text) {
      const std::string_view name = text;
      return model::ParseSignal(name.starts_with("signal ") ? name.substr(7) : name);
    };
    in.Word("signal", out.value, number, "a signal's name");
  } else if (in.ok()) {
    in.Say("end.how", "should be exit or signal");
  }
}

void Read(FieldReader& in, Verdict& out) {
  in("cause", out.cause)("evidence", out.evidence);
}

void Read(FieldReader& in, model::ResourceUse& out) {
  in("user_us", out.user_us)("system_us", out.system_us)("max_rss_kb", out.max_rss_kb);
  in("minor_faults", out.minor_faults)("major_faults", out.major_faults);
  in("blocks_in", out.blocks_in)("blocks_out", out.blocks_out);
  in("voluntary_switches", out.voluntary_switches);
  in("involuntary_switches", out.involuntary_switches);
}

void Read(FieldReader& in, IoUse& out) {
  in("read_bytes", out.read_bytes)("write_bytes", out.write_bytes);
}

void Read(FieldReader& in, HoldNote& out) {
  in("rule", out.rule)("released_by", out.released_by);
}

void Read(FieldReader& in, Death& out) {
  out.json = in.raw();
  in("seq", out.seq)("instance", out.instance)("pid", out.pid)("id", out.id)("role", out.role);
  in("service", out.service)("comm", out.comm)("cmdline", out.cmdline);
  in("cmdline_truncated", out.cmdline_truncated)("exe", out.exe)("cwd", out.cwd);
  in("uid", out.uid)("gid", out.gid)("cgroup", out.cgroup)("first_seen", out.first_seen);
  in("lineage", out.lineage)("session", out.session)("process_group", out.process_group);
  in.Word("started_at", out.started_at, ParseWallTime, kTimeWords);
  in.Word("died_at", out.died_at, ParseWallTime, kTimeWords);
  in.Word("reaped_at", out.reaped_at, ParseWallTime, kTimeWords);
  in("run_time_us", out.run_time_us)("held_us", out.held_us)("end", out.end);
  in("verdict", out.verdict)("rusage", out.rusage)("io", out.io)("detail", out.detail);
  in("hold", out.hold);
}

void Read(FieldReader& in, DeathPage& out) {
  in("deaths", out.deaths)("looked_to_seq", out.looked_to_seq)("oldest_seq", out.oldest_seq);
  in("more", out.more);
}

void Read(FieldReader& in, Process& out) {
  out.json = in.raw();
  in("pid", out.pid)("id", out.id)("ppid", out.ppid)("comm", out.comm)("cmdline", out.cmdline);
  in("uid", out.uid)("role", out.role)("service", out.service)("state", out.state);
  in("first_seen", out.first_seen);
  in.Word("started_at", out.started_at, ParseWallTime, kTimeWords);
}

void Read(FieldReader& in, Blocker& out) {
  out.json = in.raw();
  in("pid", out.pid)("comm", out.comm)("state", out.state)("wait_channel", out.wait_channel);
}

void Read(FieldReader& in, Blockers& out) {
  in("blockers", out.processes)("more", out.more);
}

void Read(FieldReader& in, ForeignZombie& out) {
  out.json = in.raw();
  in("pid", out.pid)("comm", out.comm)("age_us", out.age_us)("parent", out.parent);
  in("parent_comm", out.parent_comm)("held_by_parent", out.held_by_parent);
  in("growing", out.growing);
}

void Read(FieldReader& in, Hold& out) {
  out.json = in.raw();
  in("record", out.record)("rule", out.rule)("barrier", out.barrier);
  in.Word("since", out.since, ParseWallTime, kTimeWords);
  in.Word("until", out.until, ParseWallTime, kTimeWords);
}

void Read(FieldReader& in, HoldRule& out) {
  out.json = in.raw();
  in("name", out.name)("rule", out.rule)("held", out.held);
}

void Read(FieldReader& in, Barrier& out) {
  out.json = in.raw();
  in("name", out.name)("count", out.count)("all", out.all)("timeout_us", out.timeout_us);
  in("dead", out.dead);
  in.Word("deadline", out.deadline, ParseWallTime, kTimeWords);
}

void Read(FieldReader& in, HoldLimits& out) {
  in("max_held", out.max_held)("max_share_of_pids", out.max_share_of_pids);
  in("max_time_us", out.max_time_us);
}

void Read(FieldReader& in, HoldRules& out) {
  in("rules", out.rules)("barriers", out.barriers)("limits", out.limits);
  in("held", out.held)("leases", out.leases);
}

void Read(FieldReader& in, BarrierMember& out) {
  in("pid", out.pid)("id", out.id)("end", out.end)("released_by", out.released_by);
}

void Read(FieldReader& in, BarrierResult& out) {
  in("barrier", out.barrier)("complete", out.complete)("members", out.members);
  in("unlisted", out.unlisted);
}

void Read(FieldReader& in, InspectedFile& out) {
  in("name", out.name)("text", out.text)("error", out.error)("truncated", out.truncated);
}

void Read(FieldReader& in, Inspection& out) {
  out.json = in.raw();
  in("record", out.record)("before", out.before)("hold", out.hold)("files", out.files);
}

void Read(FieldReader& in, Lease& out) {
  out.json = in.raw();
  in("id", out.id)("held", out.held);
  in.Word("until", out.until, ParseWallTime, kTimeWords);
}

void Read(FieldReader& in, AddedRule& out) {
  out.json = in.raw();
  in("name", out.name)("warnings", out.warnings);
}

void Read(FieldReader& in, Released& out) {
  out.json = in.raw();
  in("released", out.released);
}

void Read(FieldReader& in, ReapCounters& out) {
  in("sigchld_received", out.sigchld_received)("deaths", out.deaths)("reaped", out.reaped);
  in("errors", out.errors);
}

void Read(FieldReader& in, ScribeCounters& out) {
  in("lines", out.lines)("dropped", out.dropped)("restarts", out.restarts);
}

void Read(FieldReader& in, SocketCounters& out) {
  in("clients", out.clients)("monitors", out.monitors)("accepted", out.accepted);
  in("refused", out.refused)("turned_away", out.turned_away)("requests", out.requests);
  in("errors", out.errors)("bad_messages", out.bad_messages)("gaps", out.gaps);
}

void Read(FieldReader& in, Ring& out) {
  in("next_seq", out.next_seq)("oldest_seq", out.oldest_seq)("kept", out.kept);
  in("bytes", out.bytes);
}

void Read(FieldReader& in, HoldState& out) {
  in("held", out.held)("max_held", out.max_held)("leases", out.leases)("rules", out.rules);
  in("barriers", out.barriers);
}

void Read(FieldReader& in, Main& out) {
  in("pid", out.pid)("name", out.name)("state", out.state)("end", out.end);
  in.Word("started_at", out.started_at, ParseWallTime, kTimeWords);
}

void Read(FieldReader& in, RunStatus& out) {
  out.json = in.raw();
  in("version", out.version)("instance", out.instance)("pid", out.pid)("mode", out.mode);
  in("pid1", out.pid1)("subreaper", out.subreaper)("reap", out.reap)("phase", out.phase);
  in.Word("started_at", out.started_at, ParseWallTime, kTimeWords);
  in("uptime_us", out.uptime_us)("main", out.main)("log_level", out.log_level);
  in("children", out.children)("reaping", out.reaping)("hold", out.hold)("ring", out.ring);
  in("scribe", out.scribe)("socket", out.socket);
}

}  // namespace reaperd::client
