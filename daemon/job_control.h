// JobControl: the terminal between a shell, us and main.
//
// Under a job-control shell reaperd is the job, and main lives in a group of its own that has the
// terminal: when main is stopped (^Z), we stop with our group so that the shell takes over; when
// the shell continues us, main gets the terminal back, if we have it, and goes on. As PID 1 there
// is no shell, so main goes on at once.
//
// Where others share our group and terminal (a pipeline, a script), main stays in that group: the
// foreground taken from them would stop them at their next read.
#pragma once

#include "daemon/place.h"
#include "daemon/run_observer.h"
#include "model/run_spec.h"
#include "service/service.h"
#include "sys/terminal.h"

namespace reaperd::daemon {

class JobControl {
 public:
  JobControl(const model::RunSpec& spec, bool pid1, RunObserver& observer);

  /// The descriptor whose terminal main is to take over, -1: none. May give up the terminal when
  /// main shall have it for its session. Call right before main is started.
  int PrepareHandOver();

  /// Where main belongs; known after PrepareHandOver.
  [[nodiscard]] model::ProcessGroup process_group() const { return group_; }

  /// For --explain.
  [[nodiscard]] TerminalPlace terminal() const;

  /// True if main was in our place at the terminal: the terminal sends it the same signals as us.
  [[nodiscard]] bool TerminalSignalsMain() const;

  void OnMainStopped(service::Service& main, int signal);
  /// A SIGCONT reached us. Continues main's whole group.
  int OnContinued(service::Service& main, int signal);
  /// dumb-init: a job control signal that was forwarded stops us, too.
  void StopSelf();
  /// True for the HUP and the CONT that the kernel sends when a session leader gives up its
  /// terminal.
  bool IsOwnHangup(int signal);

  /// Main has ended: takes the terminal back for whoever comes after us, if main still has it.
  void TakeBack(const service::Service& main);

 private:
  void GiveForeground(const service::Service& main);
  [[nodiscard]] bool OthersShareOurGroup() const;

  const model::RunSpec& spec_;
  bool pid1_;
  RunObserver& observer_;
  sys::Terminal terminal_;
  model::ProcessGroup group_;
  bool handed_over_ = false;
  bool hangup_expected_ = false;
  bool continue_expected_ = false;
};

}  // namespace reaperd::daemon
