#include "daemon/pid1_setup.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>

namespace reaperd::daemon {
namespace {

Status AskForParentDeathSignal(int signal) {
  if (signal == 0) return {};
  const pid_t parent = getppid();
  if (prctl(PR_SET_PDEATHSIG, signal) < 0) {
    return Error::FromErrno("cannot ask for a signal at the parent's death", errno);
  }
  // It may have died between its fork and our prctl: then no signal will ever come.
  if (getppid() != parent) return Error(0, "the parent process has died already");
  return {};
}

}  // namespace

Result<Standing> TakeStanding(const model::RunSpec& spec) {
  Standing standing;
  standing.pid1 = getpid() == 1;
  const bool wanted = spec.subreaper == model::Subreaper::kForce ||
                      (spec.subreaper == model::Subreaper::kUnlessPid1 && !standing.pid1);
  if (wanted) {
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0) {
      return Error::FromErrno("cannot become a subreaper", errno);
    }
    standing.subreaper = true;
  }
  const Status asked = AskForParentDeathSignal(spec.parent_death_signal);
  if (!asked) return asked.error();
  return standing;
}

}  // namespace reaperd::daemon
