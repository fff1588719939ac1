// Service: one command that we start and answer for. Command mode has one, named `main`; a drain
// command is another.
#pragma once

#include <optional>

#include "base/unique_fd.h"
#include "model/death.h"
#include "model/service_spec.h"
#include "sys/process_ops.h"

namespace reaperd::service {

enum class ServiceState {
  kInactive,  ///< not started
  kRunning,   ///< its process lives
  kExited,    ///< its process ended; the status is known
  kFailed,    ///< it could not be started
};

/// What a child gets from us beside its spec.
struct StartContext {
  sys::SpawnMode mode = sys::SpawnMode::kWaitForExec;
  sigset_t signal_mask{};
  int terminal_fd = -1;  ///< handed over to the child; -1: none
};

class Service {
 public:
  /// `ops` must outlive it.
  Service(sys::ProcessOps& ops, model::ServiceSpec spec) : ops_(ops), spec_(std::move(spec)) {}

  /// Before Start: where the surroundings ask for another place than the spec.
  void SetProcessGroup(model::ProcessGroup group) { spec_.process_group = group; }

  /// Before Start: the kernel reaps, so its number is another's as soon as it has ended. Signals go
  /// by its pidfd or not at all.
  void SignalByPidfdOnly() { pidfd_only_ = true; }

  /// step kNone: running (kInBackground: the exec may still fail, see error_pipe).
  sys::ChildReport Start(const StartContext& context);

  /// Records the end if it is ours. True if it was.
  bool OnReaped(const model::Death& death);

  /// To its process; 0 or an errno, ESRCH when it does not run.
  int Signal(int signal);
  /// To its process group, which is its own unless the spec says kInherit.
  int SignalGroup(int signal);

  /// What its start showed of the kernel.
  struct Beginnings {
    bool shared_memory = false;
    bool pidfd = false;
  };
  /// nullopt: it was not started.
  [[nodiscard]] const std::optional<Beginnings>& beginnings() const { return beginnings_; }
  /// Whether signals go by its pidfd, and not by its number: the kernel is asked while it runs.
  [[nodiscard]] bool SignalledByPidfd() const;

  [[nodiscard]] const model::ServiceSpec& spec() const { return spec_; }
  [[nodiscard]] ServiceState state() const { return state_; }
  [[nodiscard]] bool running() const { return state_ == ServiceState::kRunning; }
  /// Of the running process, and after its end of the last one; 0 before.
  [[nodiscard]] pid_t pid() const { return pid_; }
  /// Of the child that failed before its exec, and is reaped already; 0: none.
  [[nodiscard]] pid_t failed_pid() const { return failed_pid_; }
  /// Its process group (and session, if it has its own).
  [[nodiscard]] pid_t group() const;
  [[nodiscard]] int pidfd() const { return pidfd_.get(); }
  [[nodiscard]] int error_pipe() const { return error_pipe_.get(); }
  void CloseErrorPipe() { error_pipe_.reset(); }
  void ClosePidfd() { pidfd_.reset(); }
  [[nodiscard]] const std::optional<model::ExitStatus>& exit_status() const { return exit_status_; }
  [[nodiscard]] Micros started_us() const { return started_us_; }
  [[nodiscard]] Micros run_time_us() const { return ended_us_ - started_us_; }

 private:
  sys::ProcessOps& ops_;
  model::ServiceSpec spec_;
  ServiceState state_ = ServiceState::kInactive;
  pid_t pid_ = 0;
  pid_t failed_pid_ = 0;
  UniqueFd pidfd_;
  bool pidfd_only_ = false;
  UniqueFd error_pipe_;
  std::optional<Beginnings> beginnings_;
  std::optional<model::ExitStatus> exit_status_;
  Micros started_us_ = 0;
  Micros ended_us_ = 0;
};

}  // namespace reaperd::service
