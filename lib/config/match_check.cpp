#include "config/match_check.h"

#include <signal.h>

#include <algorithm>

#include "base/glob.h"
#include "base/text.h"
#include "model/signal_names.h"

namespace reaperd::config {
namespace {

using model::Cause;
using model::HoldMatch;
using model::Role;

constexpr std::string_view kMain = "main";

template <typename T>
bool Contains(const std::vector<T>& values, const T& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

/// Can a death by this signal get that verdict? What model/verdict.h says of the causes.
bool CanBeSignal(Cause cause, int signal) {
  switch (cause) {
    case Cause::kForwardedSignal:
    case Cause::kStopped:
    case Cause::kWatchdog:
      return true;
    case Cause::kEscalated:
    case Cause::kOomKill:
    case Cause::kPossibleOom:
    case Cause::kUnknownSigkill:
      return signal == SIGKILL;
    case Cause::kSeccomp:
      return signal == SIGSYS;
    case Cause::kCoreDump:
    case Cause::kSignal:
      return signal != SIGKILL;
    case Cause::kExecFailed:
    case Cause::kExitError:
    case Cause::kSuccess:
      return false;
  }
  return true;
}

bool CanBeExit(Cause cause, int code) {
  switch (cause) {
    case Cause::kSuccess:
      return code == 0;
    case Cause::kExitError:
    case Cause::kExecFailed:
      return code != 0;
    case Cause::kWatchdog:
      return true;  // asked to end, it may exit by itself
    case Cause::kForwardedSignal:
    case Cause::kStopped:
    case Cause::kEscalated:
    case Cause::kOomKill:
    case Cause::kPossibleOom:
    case Cause::kSeccomp:
    case Cause::kCoreDump:
    case Cause::kUnknownSigkill:
    case Cause::kSignal:
      return false;
  }
  return true;
}

bool AllowsSignal(const HoldMatch& match, int signal) {
  if (!match.exit_codes.empty() || Contains(match.exclude_signals, signal)) return false;
  return match.signals.empty() || Contains(match.signals, signal);
}

bool AllowsExit(const HoldMatch& match, int code) {
  if (!match.signals.empty()) return false;
  if (match.exit_codes.empty()) return true;
  return std::any_of(
      match.exit_codes.begin(), match.exit_codes.end(),
      [&](const model::CodeRange& range) { return range.low <= code && code <= range.high; });
}

bool CanMatch(const HoldMatch& match, Cause cause) {
  for (int signal = 1; signal < model::kSignalLimit; ++signal) {
    if (CanBeSignal(cause, signal) && AllowsSignal(match, signal)) return true;
  }
  for (int code = 0; code <= 255; ++code) {
    if (CanBeExit(cause, code) && AllowsExit(match, code)) return true;
  }
  return false;
}

bool HasAllAbnormal(const std::vector<Cause>& causes) {
  return std::all_of(model::kCauses.rows.begin(), model::kCauses.rows.end(), [&](const auto& row) {
    return !model::Verdict{row.value, {}}.abnormal() || Contains(causes, row.value);
  });
}

class Checker {
 public:
  Checker(const HoldMatch& match, Mode mode) : match_(match), mode_(mode) {}

  std::vector<MatchProblem> Run() {
    Ranges();
    Ends();
    RunTimes();
    RolesAndServices();
    Nobody();
    SeenAlive();
    return std::move(problems_);
  }

 private:
  void Add(Severity severity, std::string_view key, std::string text) {
    problems_.push_back({severity, key, std::move(text)});
  }

  void Ranges() {
    for (const model::CodeRange& range : match_.exit_codes) {
      if (range.low >= 0 && range.low <= range.high && range.high <= 255) continue;
      Add(Severity::kError, "match.exit_codes",
          std::to_string(range.low) + "-" + std::to_string(range.high) +
              " is not a range within 0 to 255");
    }
    for (const auto* signals : {&match_.signals, &match_.exclude_signals}) {
      for (const int signal : *signals) {
        if (signal > 0 && signal < model::kSignalLimit) continue;
        Add(Severity::kError,
            signals == &match_.signals ? "match.signals" : "match.exclude_signals",
            std::to_string(signal) + " is not a signal");
      }
    }
  }

  /// Cause, exit code and signal against each other.
  void Ends() {
    if (!match_.exit_codes.empty() && !match_.signals.empty()) {
      Add(Severity::kError, "match.signals",
          "never matches: exit_codes and signals are both given, and a death is one of them");
      return;
    }
    const bool excluded =
        std::all_of(match_.signals.begin(), match_.signals.end(),
                    [&](int signal) { return Contains(match_.exclude_signals, signal); });
    if (!match_.signals.empty() && excluded) {
      Add(Severity::kError, "match.exclude_signals",
          "never matches: all of signals are excluded again");
      return;
    }
    Causes();
  }

  void Causes() {
    std::string never;
    std::size_t count = 0;
    for (const Cause cause : match_.causes) {
      if (CanMatch(match_, cause)) continue;
      never += (count++ == 0 ? "" : ", ") + std::string(model::kCauses.Name(cause));
    }
    const std::string_view other = !match_.exit_codes.empty() ? "exit_codes"
                                   : !match_.signals.empty()  ? "signals"
                                                              : "exclude_signals";
    if (count > 0 && count == match_.causes.size()) {
      Add(Severity::kError, "match.cause",
          "never matches: what " + std::string(other) + " leaves is never " + never);
      return;
    }
    if (count > 0 && !HasAllAbnormal(match_.causes)) {
      Add(Severity::kWarning, "match.cause",
          "never matches by " + never + ": " + std::string(other) +
              " must match, too; two rules would say \"or\"");
    }
    const bool by_exit_only =
        std::none_of(match_.causes.begin(), match_.causes.end(), [](Cause cause) {
          return CanBeSignal(cause, SIGKILL) || CanBeSignal(cause, SIGTERM) ||
                 CanBeSignal(cause, SIGSYS);
        });
    const bool no_signal = !match_.exit_codes.empty() || (!match_.causes.empty() && by_exit_only);
    if (no_signal && !match_.exclude_signals.empty()) {
      Add(Severity::kWarning, "match.exclude_signals",
          "changes nothing: no death by a signal matches anyway");
    }
  }

  void RunTimes() {
    if (!match_.min_run_time_us || !match_.max_run_time_us) return;
    if (*match_.min_run_time_us <= *match_.max_run_time_us) return;
    Add(Severity::kError, "match.min_run_time",
        "never matches: min_run_time " + FormatDuration(*match_.min_run_time_us) +
            " is above max_run_time " + FormatDuration(*match_.max_run_time_us));
  }

  void RolesAndServices() {
    const bool main_is_named = Contains(match_.roles, Role::kMain);
    const bool main_only = main_is_named && match_.roles.size() == 1;
    const auto is_other = [](const std::string& glob) {
      return glob.find_first_of("*?[") == std::string::npos && glob != kMain;
    };
    const bool others_only = !match_.services.empty() &&
                             std::all_of(match_.services.begin(), match_.services.end(), is_other);
    if (main_only && others_only) {
      Add(Severity::kError, "match.service",
          "never matches: the role main is that of the service 'main'");
    }
    const bool service_main_only =
        !match_.services.empty() && std::all_of(match_.services.begin(), match_.services.end(),
                                                [](const auto& glob) { return glob == kMain; });
    if (service_main_only && !main_is_named) {
      Add(Severity::kWarning, "match.service",
          "main itself is matched only by a rule with role main");
    }
  }

  /// What nobody has: here at all, or in command mode.
  void Nobody() {
    const auto only = [](const auto& values, auto never) {
      return !values.empty() && std::all_of(values.begin(), values.end(), never);
    };
    if (only(match_.roles, [](Role role) { return role == Role::kHelper; })) {
      Add(Severity::kError, "match.role", "never matches: reaperd's own helpers are never held");
      return;
    }
    if (mode_ != Mode::kCommand) return;
    if (only(match_.roles,
             [](Role role) { return role == Role::kHelper || role == Role::kService; })) {
      Add(Severity::kError, "match.role", "never matches: in command mode nobody is a service");
    }
    if (only(match_.causes, [](Cause cause) { return cause == Cause::kWatchdog; })) {
      Add(Severity::kError, "match.cause", "never matches: command mode has no watchdog");
    }
    if (only(match_.services, [](const auto& glob) { return !MatchesGlob(glob, kMain); })) {
      Add(Severity::kError, "match.service",
          "never matches: command mode has the service 'main' only");
    }
  }

  void SeenAlive() {
    std::string keys;
    const auto name = [&](const std::vector<std::string>& globs, std::string_view key) {
      if (!globs.empty()) keys += (keys.empty() ? "" : ", ") + std::string(key);
    };
    name(match_.exe, "exe");
    name(match_.cmdline, "cmdline");
    name(match_.cwd, "cwd");
    if (keys.empty()) return;
    Add(Severity::kNote, "match",
        keys + ": matches only processes that were seen alive, since a zombie does not show it");
  }

  const HoldMatch& match_;
  Mode mode_;
  std::vector<MatchProblem> problems_;
};

}  // namespace

std::vector<MatchProblem> CheckMatch(const HoldMatch& match, Mode mode) {
  return Checker(match, mode).Run();
}

}  // namespace reaperd::config
