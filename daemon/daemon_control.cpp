// What the status socket asks of the run as a whole.
#include <signal.h>
#include <unistd.h>

#include <cerrno>

#include "base/text.h"
#include "daemon/daemon.h"
#include "daemon/explain.h"
#include "daemon/version.h"
#include "sys/children_list.h"
#include "sys/process_limits.h"
#include "sys/procfs.h"

namespace reaperd::daemon {
namespace {

constexpr char kProcRoot[] = "/proc";

}  // namespace

status::ControlPlane* Daemon::control() {
  if (!control_ && desk_) {
    control_.emplace(ControlDesk::Surroundings{.loop = *loop_,
                                               .ops = ops_,
                                               .reaper = reaper_,
                                               .deaths = *desk_,
                                               .run = *this,
                                               .pid1 = standing_.pid1,
                                               .reap = spec_.reap,
                                               .wake = [this] { loop_->Wake(reap_job_); }});
  }
  return control_ ? &*control_ : nullptr;
}

void Daemon::ServeStatus() {
  if (!spec_.status_socket.Wanted(standing_.pid1)) return;
  const Status serving = status_.Serve(
      spec_.status_socket,
      {.loop = *loop_, .ops = ops_, .control = *control(), .deaths = *desk_, .events = events_});
  if (serving) {
    observer_.OnStatusSocket(status_.path());
  } else if (spec_.status_socket.where == model::StatusSocketSpec::Where::kDefault) {
    // Nobody asked for it, and a poor place is no incident.
    observer_.OnNoStatusSocket(serving.error());
  } else {
    observer_.OnWarning(serving.error().WithContext("no status socket"));
  }
}

void Daemon::AddRun(model::StatusView& view) const {
  view.version = kVersion;
  view.pid1 = standing_.pid1;
  view.subreaper = standing_.subreaper;
  view.phase = stop_->phase();
  view.started_us = started_us_;
  if (const auto level = observer_.Level()) view.log_level = model::kLogLevels.Name(*level);
  if (main_.pid() == 0) return;
  view.main = model::MainView{
      .pid = main_.pid(),
      .name = main_.spec().name,
      .state = main_.running() ? model::MainView::State::kAlive : model::MainView::State::kEnded,
      .started_us = main_.started_us(),
      .end = main_.exit_status()};
}

std::string Daemon::Explain() {
  model::RunSpec shown = spec_;
  // Whoever may read may ask, and the words of a command are not for all of them.
  for (std::vector<std::string>* const command : {&shown.main.command, &shown.stop.drain_command}) {
    if (command->size() > 1) command->resize(1);
  }
  return daemon::Explain(shown, PlaceNow());
}

Place Daemon::PlaceNow() {
  // In the loop: nothing here starts a process, waits, or takes the lock of the mount table.
  Place place{.pid1 = standing_.pid1,
              .subreaper = standing_.subreaper,
              .proc_mounted = access("/proc/self/stat", R_OK) == 0,
              .proc_ours = sys::ProcIsOurs(kProcRoot),
              .children = sys::ChildrenList(kProcRoot).Probe(),
              .waitid_peek = reaper_.plan().limits().can_peek,
              .terminal = job_control_->terminal(),
              .limits = desk_->ProcessLimits(),
              .open_files = sys::OpenFilesLimit()};
  if (const auto& main = main_.beginnings()) {
    place.clone_sharing = main->shared_memory;
    place.pidfds = main_.SignalledByPidfd();
  }
  return place;
}

Status Daemon::SignalService(const std::string& name, int signal,
                             const model::SignalSender& sender) {
  if (name != main_.spec().name || main_.spec().command.empty()) {
    return Error(ENOENT, "there is no service named '" + Printable(name) + "'");
  }
  if (!main_.running()) return Error(ESRCH, "service '" + name + "' does not run");
  NoteSignal(main_.pid(), signal, sender);
  const int error = main_.Signal(signal);
  if (error == 0) return {};
  return Error::FromErrno("signalling service '" + name + "'", error);
}

void Daemon::NoteSignal(pid_t pid, int signal, const model::SignalSender& sender) {
  desk_->OnSent({.reach = model::SentSignal::Reach::kProcess,
                 .target = pid,
                 .signal = signal,
                 .purpose = model::SentSignal::Purpose::kForwarded,
                 .sender = Named(sender),
                 .sent_us = ops_.Now()});
}

void Daemon::BeginStop(const model::SignalSender& who) {
  const int signal = spec_.stop.signals.empty() ? SIGTERM : spec_.stop.signals.front();
  OnStopSignal({.signal = signal, .code = SI_USER, .sender = who.pid, .uid = who.uid},
               PlanSignal(signal, spec_, standing_.pid1));
}

bool Daemon::SetLogLevel(model::LogLevel level) {
  if (!observer_.Level()) return false;
  observer_.SetLevel(level);
  return true;
}

}  // namespace reaperd::daemon
