// RunObserver: the voice of a run. The daemon tells what happened in model values; who listens
// decides what is printed: our log, or the words of the program that we stand in for.
//
// Called on the loop thread only. Must not block, must not throw, must not call back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "model/control.h"
#include "model/death_record.h"
#include "model/event.h"
#include "model/exit_status.h"
#include "model/foreign_zombie.h"
#include "model/hold_info.h"
#include "model/process_info.h"
#include "model/sent_signal.h"
#include "model/service_spec.h"

namespace reaperd::daemon {

/// What became of a signal that reached us.
struct SignalNews {
  int received = 0;
  int sent = 0;
  model::SignalSender sender;  ///< without its comm
  model::SignalOutcome outcome = model::SignalOutcome::kForwarded;
  int error_code = 0;
};

using model::Remaining;

class RunObserver {
 public:
  RunObserver() = default;
  RunObserver(const RunObserver&) = delete;
  RunObserver& operator=(const RunObserver&) = delete;
  virtual ~RunObserver() = default;

  /// Before anything was started; `pid1` and whether we became a subreaper.
  virtual void OnReady([[maybe_unused]] bool pid1, [[maybe_unused]] bool subreaper) {}
  /// Children that die with a negligent or dead parent cannot reach us: neither PID 1 nor
  /// subreaper.
  virtual void OnNotReaping() {}
  /// SignalPolicy::ignore_first_hangup: standard input's terminal was given up; `code` is the errno
  /// when there was none.
  virtual void OnTerminalReleased([[maybe_unused]] int code, [[maybe_unused]] bool session_leader) {
  }
  virtual void OnStarted([[maybe_unused]] const model::ServiceSpec& spec,
                         [[maybe_unused]] pid_t pid) {}
  /// `step` names what failed ("exec", "chdir", "setpgid" …), `code` is its errno.
  virtual void OnStartFailed(const model::ServiceSpec& spec, std::string_view step, int code) = 0;
  virtual void OnSignal([[maybe_unused]] const SignalNews& news) {}
  /// A child was reaped. `is_main` for the command.
  virtual void OnReaped([[maybe_unused]] pid_t pid,
                        [[maybe_unused]] const model::ExitStatus& status,
                        [[maybe_unused]] bool is_main) {}
  virtual void OnMainEnded([[maybe_unused]] const model::ServiceSpec& spec,
                           [[maybe_unused]] pid_t pid,
                           [[maybe_unused]] const model::ExitStatus& status,
                           [[maybe_unused]] Micros run_time_us) {}
  /// Main was stopped by a job control signal (SIGTSTP …) and this is what we did about it.
  virtual void OnMainStopped([[maybe_unused]] int signal, [[maybe_unused]] bool continued) {}
  /// TERM and CONT, or KILL, goes to everybody that is left; `remaining` names some of those that
  /// did not heed the TERM.
  virtual void OnSweepRest([[maybe_unused]] int signal,
                           [[maybe_unused]] const std::vector<Remaining>& remaining) {}
  /// We end although these are alive.
  virtual void OnLeftBehind([[maybe_unused]] const std::vector<Remaining>& remaining) {}
  /// An orphan was found that has come to us; with a shadow if it was seen alive.
  virtual void OnAdopted([[maybe_unused]] const model::ProcessInfo& process) {}
  /// A death record is complete: judged, and its process is reaped.
  virtual void OnRecorded([[maybe_unused]] const model::DeathRecord& record) {}
  virtual void OnHeld([[maybe_unused]] const model::HoldInfo& hold) {}
  /// The reap follows at once.
  virtual void OnReleased([[maybe_unused]] const model::HoldInfo& hold,
                          [[maybe_unused]] model::ReleaseReason reason) {}
  virtual void OnBarrier([[maybe_unused]] const model::BarrierResult& result) {}
  virtual void OnForeign([[maybe_unused]] const model::ForeignEvent& event) {}
  /// So many were found, and so many are gone, beside those that were told one by one.
  virtual void OnMoreForeign([[maybe_unused]] std::uint64_t found,
                             [[maybe_unused]] std::uint64_t gone) {}
  /// The process that writes the death log was lost, and with it at most so many lines.
  virtual void OnScribeLost([[maybe_unused]] pid_t pid, [[maybe_unused]] std::uint64_t lines) {}
  /// At the end: so many lines are missing in the death log, and it does not say so itself.
  virtual void OnDeathLogLacks([[maybe_unused]] std::uint64_t lines) {}
  /// The status socket is there.
  virtual void OnStatusSocket([[maybe_unused]] const std::string& path) {}
  /// There is no place for the status socket, which nobody had asked for.
  virtual void OnNoStatusSocket([[maybe_unused]] const Error& error) {}
  /// Something failed that the run survives.
  virtual void OnWarning(const Error& error) = 0;
  /// The run cannot start or go on; the process exits with ExitPolicy::own_failure.
  virtual void OnFatal(const Error& error) = 0;
  /// How much is said; nullopt: this voice has no levels.
  [[nodiscard]] virtual std::optional<model::LogLevel> Level() const { return std::nullopt; }
  virtual void SetLevel([[maybe_unused]] model::LogLevel level) {}
  /// The last word: we exit with `code`.
  virtual void OnExit([[maybe_unused]] int code) {}
};

}  // namespace reaperd::daemon
