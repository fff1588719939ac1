// RunSpec: everything that decides one run of reaperd, whoever filled it in: our own command line,
// the environment, or the command line of a program that we stand in for. Values only.
#pragma once

#include <sys/types.h>

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/enum_names.h"
#include "model/exit_status.h"
#include "model/foreign_zombie.h"
#include "model/hold_rule.h"
#include "model/records_spec.h"
#include "model/service_spec.h"
#include "model/signal_names.h"

namespace reaperd::model {

/// Who gets a forwarded signal.
enum class SignalTarget { kMain, kGroup, kSession, kAll };

struct SignalPolicy {
  SignalTarget target = SignalTarget::kMain;
  /// By number: what is sent instead; 0 drops it.
  std::array<int, kSignalLimit> rewrite = IdentityRewrite();
  /// dumb-init: TSTP, TTIN and TTOU that reach us stop us, too, after they were forwarded.
  bool job_signals_stop_us = false;
  /// Signals that are noticed and go nowhere (catatonit: TSTP, TTIN, TTOU). By number.
  std::array<bool, kSignalLimit> swallow{};
  /// dumb-init: give up the terminal of standard input (TIOCNOTTY) before the start; if we led the
  /// session, the first HUP and the first CONT after that are the kernel's and go nowhere.
  bool ignore_first_hangup = false;
  /// dumb-init: ABRT and the fault signals, when another process sends them, are forwarded, too.
  bool forward_faults = false;

  static std::array<int, kSignalLimit> IdentityRewrite();
};

/// What is done about those that are left when main has ended.
struct Grace {
  enum class Mode {
    kDefault,  ///< 5 s as PID 1, else kOff
    kOff,      ///< leave them
    kTimed,    ///< TERM then CONT, KILL after `time_us` (0: KILL at once)
  };
  Mode mode = Mode::kDefault;
  Micros time_us = 0;
};

struct StopPolicy {
  std::vector<int> signals;  ///< which signals start a stop
  Micros drain_us = 0;  ///< wait this long before forwarding; with a command: at most this long
  std::vector<std::string> drain_command;  ///< run at the start of the drain; its end ends it
  std::optional<Micros> timeout_us;        ///< after forwarding; then KILL. nullopt: never
  bool force_on_second = false;
  Grace grace;
  /// dumb-init: sent to main's group (through `rewrite`) when main has ended; 0 is nothing.
  int signal_group_at_end = 0;
};

enum class WaitFor { kMain, kAll };
enum class ExitStatusFrom { kMain, kFirstFailure };

struct ExitPolicy {
  WaitFor wait_for = WaitFor::kMain;
  ExitStatusFrom status_from = ExitStatusFrom::kMain;
  std::vector<std::pair<int, int>> map;  ///< shell codes; the last row for a code counts
  std::optional<int> oom_status;         ///< instead, when main was killed for want of memory
  bool by_signal = false;                ///< when not PID 1: die of the signal that killed main
  int own_failure = 125;
  /// Status for a command that could not be executed, by errno; the default is ours (126, 127).
  enum class ExecFailure { kReaperd, kTini, kDumbInit, kCatatonit };
  ExecFailure exec_failure = ExecFailure::kReaperd;
};

enum class Subreaper { kUnlessPid1, kOnlyIfAsked, kForce };
enum class LogLevel { kTrace, kDebug, kInfo, kWarn, kError, kOff };
inline constexpr EnumNames<LogLevel, 6> kLogLevels{{{
    {LogLevel::kTrace, "trace"},
    {LogLevel::kDebug, "debug"},
    {LogLevel::kInfo, "info"},
    {LogLevel::kWarn, "warn"},
    {LogLevel::kError, "error"},
    {LogLevel::kOff, "off"},
}}};
enum class LogFormat { kText, kJson };

/// Who reaps.
enum class ReapMode {
  kWait,  ///< we do
  kAuto,  ///< the kernel, at once; main's status comes by its pidfd
};

/// Where the status socket is.
struct StatusSocketSpec {
  enum class Where {
    kDefault,  ///< as PID 1 at the usual places (sys/socket_path.h), else none
    kAuto,     ///< at the usual places
    kPath,
    kNone,
  };
  Where where = Where::kDefault;
  std::string path;            ///< kPath; absolute
  std::optional<gid_t> group;  ///< that may read

  [[nodiscard]] bool Wanted(bool pid1) const {
    return where == Where::kDefault ? pid1 : where != Where::kNone;
  }
};

/// Looking more often than that would be work without end.
inline constexpr Micros kLeastWatch_us = 100 * kMillisecond;

struct RunSpec {
  ServiceSpec main;
  SignalPolicy signals;
  StopPolicy stop;
  ExitPolicy exit;
  RecordsSpec records;
  HoldSpec hold;
  ForeignZombieSpec foreign_zombies;
  ReapMode reap = ReapMode::kWait;
  StatusSocketSpec status_socket;
  /// Search for new children so often, also when nothing happens; nullopt: after deaths only.
  std::optional<Micros> watch_us;
  /// Of reading the above: told when the run begins.
  std::vector<std::string> warnings;
  Subreaper subreaper = Subreaper::kUnlessPid1;
  int parent_death_signal = 0;  ///< 0 is none
  /// "" is none, nullopt is /dev/termination-log if it is there.
  std::optional<std::string> termination_log;
  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kText;
  /// Once main was started: go to / (dumb-init, catatonit), so that we keep no file system busy.
  bool change_to_root = false;
  /// Once main was started: close what we inherited from descriptor 3 on (catatonit), so that main
  /// is the last to hold it.
  bool close_inherited_descriptors = false;
};

/// The status that `policy` makes of an errno of a failed exec; nullopt: nothing is wrong with the
/// command, the failure is our own. `found`: the program itself is there (its interpreter is not).
std::optional<int> ExecFailureStatus(ExitPolicy::ExecFailure policy, int code, bool found = false);

/// `code` through `policy.map`.
int MapStatus(const ExitPolicy& policy, int code);

}  // namespace reaperd::model
