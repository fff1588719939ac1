#include "daemon/explain.h"

#include <signal.h>
#include <unistd.h>

#include <map>
#include <vector>

#include "base/text.h"
#include "daemon/signal_actions.h"
#include "daemon/version.h"
#include "service/stop_sequence.h"

namespace reaperd::daemon {
namespace {

constexpr std::size_t kLeft = 22;
constexpr std::size_t kWidth = 80;

std::string OnOff(bool on) {
  return on ? "on" : "off";
}

/// Names in order; long runs of neighbours among the real-time signals as "first..last".
std::string SignalList(const std::vector<int>& signals) {
  constexpr std::size_t kLongRun = 4;
  std::string text;
  for (std::size_t at = 0; at < signals.size();) {
    std::size_t end = at + 1;
    while (end < signals.size() && signals[end] == signals[end - 1] + 1)
      ++end;
    const bool run = signals[at] >= SIGRTMIN && end - at >= kLongRun;
    text += (text.empty() ? "" : " ") + model::SignalName(signals[at]);
    if (run) text += ".." + model::SignalName(signals[end - 1]);
    at = run ? end : at + 1;
  }
  return text.empty() ? "none" : text;
}

std::string CommandText(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += ' ';
    text += word.empty() || word.find_first_of(" '\"\t") != std::string::npos
                ? "'" + Printable(word) + "'"
                : Printable(word);
  }
  return text.empty() ? "none given" : text;
}

const char* TargetText(model::SignalTarget target) {
  switch (target) {
    case model::SignalTarget::kMain:
      return "main";
    case model::SignalTarget::kGroup:
      return "main's process group";
    case model::SignalTarget::kSession:
      return "all of main's session";
    case model::SignalTarget::kAll:
      return "all descendants";
  }
  return "?";
}

const char* GroupText(model::ProcessGroup group) {
  switch (group) {
    case model::ProcessGroup::kOwn:
      return "one of its own, with the terminal's foreground if we have it";
    case model::ProcessGroup::kInherit:
      return "ours";
    case model::ProcessGroup::kNewSession:
      return "a new session, with our terminal if it can be had";
  }
  return "?";
}

void AddStop(std::string& out, const model::RunSpec& spec, bool pid1) {
  const service::StopSettings stop = service::SettleStop(spec.stop, spec.exit, pid1);
  std::string drain = stop.drain_us > 0 ? FormatDuration(stop.drain_us) : "none";
  if (stop.drain_command) drain += ", running " + CommandText(spec.stop.drain_command);
  AddExplainRow(out, "stop signals", SignalList(spec.stop.signals));
  AddExplainRow(out, "drain", drain);
  AddExplainRow(out, "stop time-out",
                stop.timeout_us ? "KILL " + FormatDuration(*stop.timeout_us) + " after forwarding"
                                : "never: main may take its time");
  AddExplainRow(
      out, "second stop signal",
      stop.force_on_second ? "KILLs all at once" : "ends the drain, else is forwarded again");
  std::string grace = "off: whatever remains after main is left";
  if (stop.grace_us) {
    grace = *stop.grace_us == 0 ? "0: KILL to what remains after main"
                                : "TERM and CONT to what remains after main, KILL after " +
                                      FormatDuration(*stop.grace_us) + ", at most 1s more";
  }
  AddExplainRow(out, "grace", grace);
}

std::string LogText(const model::RunSpec& spec) {
  if (spec.log_level == model::LogLevel::kOff) return "none";
  return std::string(model::kLogLevels.Name(spec.log_level)) + " and above, as " +
         (spec.log_format == model::LogFormat::kJson ? "JSON" : "text");
}

void AddSettings(std::string& out, const model::RunSpec& spec, bool pid1) {
  out += "Settings\n";
  AddExplainRow(out, "command", CommandText(spec.main.command));
  AddExplainRow(out, "signals go to", TargetText(spec.signals.target));
  AddExplainRow(out, "process group", GroupText(spec.main.process_group));
  AddStop(out, spec, pid1);
  AddExplainRow(
      out, "run is over",
      spec.exit.wait_for == model::WaitFor::kMain ? "when main ends" : "when no child is left");
  if (spec.main.working_directory) {
    AddExplainRow(out, "working directory", Printable(*spec.main.working_directory));
  }
  if (spec.main.user) {
    AddExplainRow(out, "user",
                  "uid " + std::to_string(spec.main.user->uid) + ", gid " +
                      std::to_string(spec.main.user->gid) + ", " +
                      std::to_string(spec.main.user->groups.size()) + " supplementary groups");
  }
  AddExplainRow(out, "no new privileges", OnOff(spec.main.no_new_privileges));
  AddExplainRow(
      out, "parent-death signal",
      spec.parent_death_signal == 0 ? "none" : model::SignalName(spec.parent_death_signal));
  AddExplainRow(out, "log", LogText(spec));
  AddExplainRow(out, "termination log",
                !spec.termination_log           ? "/dev/termination-log, if it is there"
                : spec.termination_log->empty() ? "none"
                                                : Printable(*spec.termination_log));
}

void AddSignals(std::string& out, const model::RunSpec& spec, bool pid1) {
  std::map<std::string, std::vector<int>> by_meaning;
  for (int signal = 1; signal < model::kSignalLimit; ++signal) {
    if (signal == 32 || signal == 33) continue;  // the C library's own
    const SignalPlan plan = PlanSignal(signal, spec, pid1);
    std::string meaning = Describe(plan.action);
    if (plan.sent != 0 && plan.sent != signal) meaning += ", as " + model::SignalName(plan.sent);
    by_meaning[meaning].push_back(signal);
  }
  out += "\nSignals that reach us\n";
  for (const auto& [meaning, signals] : by_meaning)
    AddExplainRow(out, meaning, SignalList(signals));
}

void AddExit(std::string& out, const model::RunSpec& spec) {
  out += "\nExit status\n";
  AddExplainRow(out, "ours is",
                spec.exit.status_from == model::ExitStatusFrom::kMain
                    ? "main's"
                    : "that of the first child that fails, else main's");
  AddExplainRow(out, "exit code n", "n");
  AddExplainRow(out, "signal n",
                spec.exit.by_signal ? "we die of it, too (as PID 1: 128+n)" : "128+n");
  AddExplainRow(out, "start failed",
                std::to_string(spec.exit.own_failure) +
                    " our own failure, 126 not executable, 127 not found");
  if (spec.exit.oom_status) {
    AddExplainRow(out, "oom becomes", std::to_string(*spec.exit.oom_status));
  }
  for (const auto& [from, to] : spec.exit.map) {
    AddExplainRow(out, std::to_string(from) + " becomes", std::to_string(to));
  }
}

std::string Limit(const std::optional<std::uint64_t>& limit) {
  return limit ? std::to_string(*limit) : "no limit seen";
}

void AddProc(std::string& out, const Place& place) {
  using sys::ChildrenSource;
  if (place.proc_ours) {
    AddExplainRow(out, "/proc", "shows our pid namespace");
  } else if (place.proc_mounted) {
    AddExplainRow(out, "/proc",
                  "shows another pid namespace: not used. Mount a new one (unshare --mount-proc)");
  } else {
    AddExplainRow(out, "/proc", "is not there: names of processes stay unknown");
  }
  switch (place.children) {
    case ChildrenSource::kChildrenFile:
      AddExplainRow(out, "list of children", "the kernel's children file");
      return;
    case ChildrenSource::kProcWalk:
      AddExplainRow(out, "list of children",
                    "a walk of /proc, 20 us a process: this kernel has no children file");
      return;
    case ChildrenSource::kUnknown:
    case ChildrenSource::kNone:
      AddExplainRow(out, "list of children",
                    "none: reaping works, but costs more with thousands of live children");
      return;
  }
}

/// What a start shows.
void AddStart(std::string& out, const Place& place) {
  constexpr const char* kUnknown = "not known: this run has started nothing";
  AddExplainRow(out, "clone",
                !place.clone_sharing ? kUnknown
                : *place.clone_sharing
                    ? "shares memory until exec: the start costs the same at any size"
                    : "the sharing kind is refused: fork is used");
  AddExplainRow(out, "pidfds",
                !place.pidfds ? kUnknown
                : *place.pidfds
                    ? "yes: signals cannot reach a reused pid"
                    : "refused: main is signalled by pid, which is safe while it is unreaped");
}

const char* TerminalText(TerminalPlace terminal) {
  switch (terminal) {
    case TerminalPlace::kNone:
      return "none";
    case TerminalPlace::kOurs:
      return "ours, in the foreground: main takes it over";
    case TerminalPlace::kBackground:
      return "in the background: left as it is";
  }
  return "?";
}

void AddPlace(std::string& out, const Place& place) {
  out += "\nThis kernel and container\n";
  AddExplainRow(
      out, "we are",
      place.pid1 ? "PID 1: orphans come to us"
                 : "pid " + std::to_string(getpid()) +
                       (place.subreaper ? ": a child subreaper, so that orphans below us come to us"
                                        : ": no subreapers here, orphans go elsewhere"));
  AddProc(out, place);
  AddStart(out, place);
  AddExplainRow(out, "waitid",
                place.waitid_peek ? "can look without reaping"
                                  : "cannot look without reaping: nothing can be held");
  if (place.openat2) {
    AddExplainRow(out, "openat2",
                  *place.openat2 ? "yes: no file is written through a link of /proc"
                                 : "refused: a file may be written through a link of /proc");
  }
  AddExplainRow(out, "terminal", TerminalText(place.terminal));
  const sys::ProcessLimits& limits = place.limits;
  std::optional<std::uint64_t> pids_max;
  if (limits.pids_max) pids_max = limits.pids_max->value;
  AddExplainRow(out, "limits on processes",
                "pids.max " + Limit(pids_max) + ", RLIMIT_NPROC " + Limit(limits.rlimit_nproc) +
                    ", kernel.pid_max " + Limit(limits.pid_max));
  AddExplainRow(out, "open files", std::to_string(place.open_files) + " (reaperd needs 8)");
}

}  // namespace

void AddExplainRow(std::string& out, std::string_view left, std::string_view right) {
  out += "  " + std::string(left);
  out.append(left.size() < kLeft ? kLeft - left.size() : 1, ' ');
  // Words are wrapped under the right column.
  std::size_t column = 2 + kLeft;
  bool first = true;
  for (const std::string_view word : Split(right, ' ')) {
    if (!first && column + 1 + word.size() > kWidth) {
      out += '\n';
      out.append(2 + kLeft, ' ');
      column = 2 + kLeft;
    } else if (!first) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
    first = false;
  }
  out += '\n';
}

std::string Explain(const model::RunSpec& spec, const Place& place) {
  std::string out = "reaperd " + std::string(kVersion) + ", what it would do here\n\n";
  AddSettings(out, spec, place.pid1);
  AddSignals(out, spec, place.pid1);
  AddExit(out, spec);
  AddDeaths(out, spec, place);
  AddPlace(out, place);
  return out;
}

}  // namespace reaperd::daemon
