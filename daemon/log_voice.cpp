#include "daemon/log_voice.h"

#include <signal.h>

#include <cerrno>

#include "base/enum_names.h"
#include "base/text.h"
#include "daemon/logging.h"
#include "model/signal_names.h"

namespace reaperd::daemon {
namespace {

using model::LogLevel;
using model::SignalName;

std::string BaseName(const model::ServiceSpec& spec) {
  if (spec.command.empty()) return spec.name;
  const std::string& program = spec.command.front();
  return Printable(program.substr(program.rfind('/') + 1));
}

/// What helps with the errors that users meet most.
std::string_view Advice(std::string_view step, int code) {
  if (step == "clone" && code == EAGAIN) {
    return " (a limit on processes: pids.max of the cgroup, RLIMIT_NPROC or kernel.pid_max)";
  }
  if (step == "exec" && code == ENOEXEC) {
    return " (no #! line, or a program for another machine)";
  }
  return "";
}

std::string Sender(const model::SignalSender& sender) {
  if (sender.kernel) return "the kernel";
  if (sender.pid == 0) return "outside our pid namespace";
  return "pid " + std::to_string(sender.pid) + ", uid " + std::to_string(sender.uid);
}

constexpr EnumNames<model::SignalOutcome, 8> kOutcomes{{{
    {model::SignalOutcome::kForwarded, "forwarded"},
    {model::SignalOutcome::kDropped, "dropped"},
    {model::SignalOutcome::kDrainStarted, "draining before it is forwarded"},
    {model::SignalOutcome::kDrainEnded, "drain ended, forwarded"},
    {model::SignalOutcome::kKilledAll, "the second stop signal, killing all"},
    {model::SignalOutcome::kNobodyLeft, "nobody is left to get it"},
    {model::SignalOutcome::kFailed, "cannot be forwarded"},
    {model::SignalOutcome::kIgnored, "ignored: we gave up the terminal"},
}}};

constexpr EnumNames<model::ForeignEvent::Step, 7> kForeignSteps{{{
    {model::ForeignEvent::Step::kFound, "found"},
    {model::ForeignEvent::Step::kNudged, "nudged by SIGCHLD"},
    {model::ForeignEvent::Step::kTerminated, "asked to end by SIGTERM"},
    {model::ForeignEvent::Step::kKilled, "ended by SIGKILL"},
    {model::ForeignEvent::Step::kGone, "gone"},
    {model::ForeignEvent::Step::kExempt, "left alone"},
    {model::ForeignEvent::Step::kFailed, "nothing helped"},
}}};

class LogVoice final : public RunObserver {
 public:
  explicit LogVoice(const model::RunSpec& spec)
      : log_(spec.log_level, spec.log_format), stop_signals_(spec.stop.signals) {}

  [[nodiscard]] std::optional<LogLevel> Level() const override { return log_.level(); }
  void SetLevel(LogLevel level) override { log_.SetLevel(level); }

  void OnReady(bool pid1, bool subreaper) override {
    if (!log_.Enabled(LogLevel::kDebug)) return;
    log_.Write(LogLevel::kDebug, "ready",
               pid1        ? "running as PID 1"
               : subreaper ? "running as a subreaper"
                           : "running");
  }

  void OnStarted(const model::ServiceSpec& spec, pid_t pid) override {
    if (!log_.Enabled(LogLevel::kDebug)) return;
    log_.Write(LogLevel::kDebug, "spawned", spec.name + " " + NameWithPid(spec, pid) + " started",
               {{"service", spec.name}, Number("pid", pid)});
  }

  void OnStartFailed(const model::ServiceSpec& spec, std::string_view step, int code) override {
    const std::string command = spec.command.empty() ? "" : Printable(spec.command.front());
    log_.Write(LogLevel::kError, "start-failed",
               "cannot start " + (command.empty() ? "''" : command) + ": " + std::string(step) +
                   ": " + ErrnoText(code) + std::string(Advice(step, code)),
               {{"service", spec.name}, {"step", std::string(step)}, Number("errno", code)});
  }

  void OnSignal(const SignalNews& news) override {
    const LogLevel level = LevelOf(news);
    if (!log_.Enabled(level)) return;
    std::string text = "received " + SignalName(news.received) + " from " + Sender(news.sender) +
                       ": " + std::string(kOutcomes.Name(news.outcome));
    const bool sent = news.outcome == model::SignalOutcome::kForwarded ||
                      news.outcome == model::SignalOutcome::kDrainEnded;
    if (sent && news.sent != news.received && news.sent != 0) {
      text += " as " + SignalName(news.sent);
    }
    if (news.outcome == model::SignalOutcome::kFailed) text += ": " + ErrnoText(news.error_code);
    log_.Write(level, "signal", text,
               {{"signal", SignalName(news.received)},
                {"sent", news.sent == 0 ? "none" : SignalName(news.sent)},
                {"outcome", std::string(kOutcomes.Name(news.outcome))},
                Number("sender_pid", news.sender.pid),
                Number("sender_uid", static_cast<long>(news.sender.uid))});
    if (IsStop(news.received)) stopping_ = true;
  }

  void OnReaped(pid_t pid, const model::ExitStatus& status, bool is_main) override {
    if (is_main || !log_.Enabled(LogLevel::kDebug)) return;
    log_.Write(LogLevel::kDebug, "reaped",
               "reaped pid " + std::to_string(pid) + ": " + Describe(status),
               {Number("pid", pid), {"end", Describe(status)}});
  }

  void OnMainEnded(const model::ServiceSpec& spec, pid_t pid, const model::ExitStatus& status,
                   Micros run_time_us) override {
    // That a signal ended main is news unless somebody asked for the end; an exit code is told by
    // ours.
    const bool news = status.how == model::ExitStatus::How::kSignal && !stopping_;
    const LogLevel level = news ? LogLevel::kInfo : LogLevel::kDebug;
    if (!log_.Enabled(level)) return;
    log_.Write(level, "main-ended",
               spec.name + " " + NameWithPid(spec, pid) + " ended: " + Describe(status) +
                   " after " + FormatDuration(run_time_us),
               {Number("pid", pid), {"end", Describe(status)}, Number("run_time_us", run_time_us)});
  }

  void OnMainStopped(int signal, bool continued) override {
    if (!log_.Enabled(LogLevel::kDebug)) return;
    log_.Write(LogLevel::kDebug, "main-stopped",
               "main was stopped by " + SignalName(signal) +
                   (continued ? " and continued at once: nobody else could"
                              : ": so were we, until somebody continued us"));
  }

  void OnSweepRest(int signal, const std::vector<Remaining>& remaining) override {
    const bool kill = signal == SIGKILL;
    log_.Write(kill ? LogLevel::kWarn : LogLevel::kInfo, "sweep",
               kill ? "sending SIGKILL to all that remain"
                    : "main has ended: sending SIGTERM to all that remain",
               {{"signal", SignalName(signal)}});
    Name("did not end in time", remaining);
  }

  void OnLeftBehind(const std::vector<Remaining>& remaining) override {
    Name("left behind", remaining);
  }

  void OnAdopted(const model::ProcessInfo& process) override {
    if (!log_.Enabled(LogLevel::kDebug)) return;
    const std::string comm = process.shadow ? process.shadow->comm : "";
    log_.Write(LogLevel::kDebug, "adopted", "adopted " + NameOf(comm, process.pid),
               {Number("pid", process.pid), {"comm", comm}});
  }

  void OnRecorded(const model::DeathRecord& record) override {
    if (!log_.Enabled(LogLevel::kDebug)) return;
    log_.Write(LogLevel::kDebug, "died",
               NameOf(record.comm, record.pid) + ": " + Describe(record.end) + ", " + Why(record),
               Fields(record));
  }

  void OnHeld(const model::HoldInfo& hold) override {
    const std::string until =
        hold.barrier.empty()
            ? hold.until_us ? " for " + FormatDuration(*hold.until_us - hold.since_us) : ""
            : " until barrier " + Printable(hold.barrier);
    log_.Write(LogLevel::kInfo, "held",
               "holding " + NameOf(hold.record->comm, hold.record->pid) + " (" +
                   Describe(hold.record->end) + ", " + Why(*hold.record) + ") by " +
                   Printable(hold.rule) + until,
               Fields(*hold.record, {{"rule", hold.rule}}));
  }

  void OnReleased(const model::HoldInfo& hold, model::ReleaseReason reason) override {
    const std::string why(model::kReleaseReasons.Name(reason));
    log_.Write(LogLevel::kInfo, "released",
               "released " + NameOf(hold.record->comm, hold.record->pid) + ": " + why,
               Fields(*hold.record, {{"rule", hold.rule}, {"released_by", why}}));
  }

  void OnBarrier(const model::BarrierResult& result) override {
    const std::uint64_t dead = result.members.size() + result.unlisted;
    log_.Write(LogLevel::kInfo, "barrier",
               "barrier " + Printable(result.barrier) +
                   (result.complete ? " complete: " : " ended before it was complete: ") +
                   std::to_string(dead) + " dead",
               {{"barrier", result.barrier},
                {"complete", result.complete ? "true" : "false", true},
                Number("members", static_cast<long>(dead))});
  }

  void OnForeign(const model::ForeignEvent& event) override {
    using Step = model::ForeignEvent::Step;
    const bool acted = event.step == Step::kNudged || event.step == Step::kTerminated ||
                       event.step == Step::kKilled || event.step == Step::kFailed;
    const LogLevel level = acted ? LogLevel::kWarn : LogLevel::kInfo;
    if (!log_.Enabled(level)) return;
    std::string text = NameOf(event.zombie.parent_comm, event.zombie.parent) +
                       " does not wait for " + Zombies(event.zombie.held_by_parent) +
                       NameOf(event.zombie.comm, event.zombie.pid) + ": " +
                       std::string(kForeignSteps.Name(event.step));
    if (event.step == Step::kGone) {
      text = "the zombie " + NameOf(event.zombie.comm, event.zombie.pid) + " of " +
             NameOf(event.zombie.parent_comm, event.zombie.parent) + " is gone";
    }
    if (event.step == Step::kFailed) text += ": " + ErrnoText(event.error);
    log_.Write(level, "foreign-zombie", text,
               {Number("pid", event.zombie.pid),
                Number("parent_pid", event.zombie.parent),
                {"step", std::string(kForeignSteps.Name(event.step))}});
  }

  void OnMoreForeign(std::uint64_t found, std::uint64_t gone) override {
    if (!log_.Enabled(LogLevel::kInfo)) return;
    log_.Write(
        LogLevel::kInfo, "foreign-zombies",
        "of zombies that others do not wait for, " + std::to_string(found) +
            " more were found and " + std::to_string(gone) + " more are gone",
        {Number("found", static_cast<long>(found)), Number("gone", static_cast<long>(gone))});
  }

  void OnScribeLost(pid_t pid, std::uint64_t lines) override {
    const std::string text =
        lines == 0 ? "no line of the death log with it"
                   : "with it " + std::to_string(lines) + " lines of the death log at most";
    log_.Write(LogLevel::kWarn, "scribe-lost",
               "the scribe (pid " + std::to_string(pid) + ") was lost, and " + text,
               {Number("pid", pid), Number("lines", static_cast<long>(lines))});
  }

  void OnDeathLogLacks(std::uint64_t lines) override {
    log_.Write(LogLevel::kWarn, "death-log-lacks",
               "the death log lacks its last " + std::to_string(lines) +
                   " lines at most: they could not be written in time",
               {Number("lines", static_cast<long>(lines))});
  }

  void OnStatusSocket(const std::string& path) override {
    if (!log_.Enabled(LogLevel::kDebug)) return;
    log_.Write(LogLevel::kDebug, "status-socket", "status socket at " + Printable(path),
               {{"path", path}});
  }

  void OnNoStatusSocket(const Error& error) override {
    log_.Write(LogLevel::kDebug, "status-socket", "no status socket: " + error.message());
  }

  void OnWarning(const Error& error) override {
    log_.Write(LogLevel::kWarn, "warning", error.message());
  }

  void OnFatal(const Error& error) override {
    log_.Write(LogLevel::kError, "fatal", error.message());
  }

  void OnExit(int code) override {
    if (!log_.Enabled(LogLevel::kDebug)) return;
    log_.Write(LogLevel::kDebug, "exit", "exiting with " + std::to_string(code),
               {Number("code", code)});
  }

 private:
  void Name(std::string_view what, const std::vector<Remaining>& remaining) {
    for (const Remaining& process : remaining) {
      std::string text = std::string(what) + ": " + Printable(process.comm) + " (pid " +
                         std::to_string(process.pid) + "), state " + process.state;
      if (!process.wait_channel.empty()) text += ", waiting in " + Printable(process.wait_channel);
      log_.Write(LogLevel::kWarn, "remaining", text,
                 {Number("pid", process.pid),
                  {"comm", process.comm},
                  {"state", std::string(1, process.state)},
                  {"wait_channel", process.wait_channel}});
    }
  }

  static std::string NameOf(std::string_view comm, pid_t pid) {
    return (comm.empty() ? "a process" : Printable(comm)) + " (pid " + std::to_string(pid) + ")";
  }

  /// "its zombie ", "12 zombies, one of them ".
  static std::string Zombies(std::uint64_t count) {
    return count > 1 ? std::to_string(count) + " zombies, one of them " : "its zombie ";
  }

  static std::string Why(const model::DeathRecord& record) {
    return std::string(model::kCauses.Name(record.verdict.cause));
  }

  static std::vector<LogField> Fields(const model::DeathRecord& record,
                                      std::vector<LogField> more = {}) {
    std::vector<LogField> fields = {
        Number("pid", record.pid), Number("seq", static_cast<long>(record.seq)),
        {"comm", record.comm},     {"end", Describe(record.end)},
        {"cause", Why(record)},    {"evidence", record.verdict.evidence}};
    fields.insert(fields.end(), more.begin(), more.end());
    return fields;
  }

  static LogField Number(std::string_view key, long value) {
    return {key, std::to_string(value), true};
  }

  [[nodiscard]] bool IsStop(int signal) const {
    for (const int stop : stop_signals_) {
      if (stop == signal) return true;
    }
    return false;
  }

  [[nodiscard]] LogLevel LevelOf(const SignalNews& news) const {
    if (news.outcome == model::SignalOutcome::kFailed) return LogLevel::kWarn;
    return IsStop(news.received) ? LogLevel::kInfo : LogLevel::kDebug;
  }

  Log log_;
  std::vector<int> stop_signals_;
  bool stopping_ = false;
};

}  // namespace

std::string NameWithPid(const model::ServiceSpec& spec, pid_t pid) {
  return BaseName(spec) + " (pid " + std::to_string(pid) + ")";
}

std::unique_ptr<RunObserver> MakeLogVoice(const model::RunSpec& spec) {
  return std::make_unique<LogVoice>(spec);
}

}  // namespace reaperd::daemon
