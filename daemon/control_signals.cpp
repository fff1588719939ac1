// ControlDesk's part about signals and the run.
#include <signal.h>
#include <unistd.h>

#include <cerrno>

#include "base/text.h"
#include "daemon/control_desk.h"
#include "model/process_id.h"
#include "sys/pidfd.h"
#include "sys/process_signal.h"
#include "sys/procfs.h"

namespace reaperd::daemon {
namespace {

constexpr char kProcRoot[] = "/proc";
/// Deeper than any tree that people make, and an end where links go in a circle: what is read one
/// after the other need not fit together.
constexpr int kDeepestTree = 256;

bool DescendsFrom(pid_t ancestor, const sys::ProcStat& process) {
  pid_t parent = process.parent;
  for (int depth = 0; depth < kDeepestTree && parent > 1; ++depth) {
    if (parent == ancestor) return true;
    const auto stat = sys::ReadStat(kProcRoot, parent);
    if (!stat) return false;
    parent = stat->parent;
  }
  return parent == ancestor;
}

}  // namespace

Status ControlDesk::Signal(const model::SignalRequest& request) {
  if (const auto* service = std::get_if<model::SignalServiceRequest>(&request.to)) {
    return around_.run.SignalService(service->name, request.signal, request.sender);
  }
  return SignalProcess(std::get<model::SignalProcessRequest>(request.to), request);
}

Status ControlDesk::SignalProcess(const model::SignalProcessRequest& to,
                                  const model::SignalRequest& request) {
  const std::string who = "pid " + std::to_string(to.pid);
  if (Status other = CheckPid(to.pid); !other) return other;
  if (to.pid == getpid()) return Error(EPERM, who + " is reaperd itself: ask for Shutdown");
  const auto asked = ParseId(to.id);
  if (!asked) return asked.error();
  // Before its stat is read: who is meant was there when the client learned its id, so if stat and
  // inode fit, the number has been its own all the time.
  const UniqueFd pidfd = sys::OpenPidfd(to.pid);
  const auto stat = sys::ReadStat(kProcRoot, to.pid);
  if (!stat || !sys::ProcIsOurs(kProcRoot)) return Error(ESRCH, "there is no " + who);
  const model::ProcessIdentity known{.pid = to.pid,
                                     .pidfs_inode = pidfd ? sys::PidfsInode(pidfd.get()) : 0,
                                     .start_ticks = stat->start_ticks};
  if (model::IsNamedBy(known, *asked) != model::SameProcess::kYes) {
    return Error(ESRCH, who + " is not '" + Printable(to.id) + "' (any more)");
  }
  if (stat->IsZombie()) return Error(ESRCH, who + " is dead");
  if (!around_.pid1 && !DescendsFrom(getpid(), *stat)) {
    return Error(ESRCH, who + " does not descend from reaperd");
  }
  around_.run.NoteSignal(to.pid, request.signal, request.sender);
  const int error = sys::SignalProcess(around_.ops, kProcRoot, *stat, request.signal);
  if (error == 0) return {};
  return Error::FromErrno("signalling " + who, error);
}

Status ControlDesk::Shutdown(const model::SignalSender& who) {
  around_.run.BeginStop(who);
  return {};
}

Status ControlDesk::SetLogLevel(model::LogLevel level) {
  if (around_.run.SetLogLevel(level)) return {};
  return Error(EOPNOTSUPP, "this run speaks as another program, which has no such levels");
}

}  // namespace reaperd::daemon
