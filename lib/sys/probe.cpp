#include "sys/probe.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "sys/linux_process_ops.h"
#include "sys/pidfd.h"
#include "sys/procfs.h"

namespace reaperd::sys {
namespace {

[[gnu::no_sanitize_address]] int ExitAtOnce(void*) {
  _exit(0);
}

bool CloneWorks(int flags) {
  alignas(64) static char stack[16 * 1024];
  int pidfd = -1;
  const pid_t pid = clone(&ExitAtOnce, stack + sizeof stack, flags | SIGCHLD, nullptr, &pidfd);
  if (pid < 0) return false;
  const UniqueFd closer((flags & CLONE_PIDFD) != 0 ? pidfd : -1);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return true;
}

bool PeekWorks() {
  siginfo_t info{};
  return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 || errno == ECHILD;
}

bool Openat2Works() {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  const UniqueFd fd(static_cast<int>(syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof how)));
  return fd.valid();
}

}  // namespace

Offers ProbeOffers() {
  Offers offers;
  offers.clone_sharing = CloneWorks(CLONE_VM | CLONE_VFORK);
  offers.clone_pidfd = CloneWorks(CLONE_VM | CLONE_VFORK | CLONE_PIDFD);
  const UniqueFd self = OpenPidfd(getpid());
  offers.pidfd_open = self.valid();
  offers.pidfd_send_signal =
      self.valid() && syscall(SYS_pidfd_send_signal, self.get(), 0, nullptr, 0) == 0;
  offers.waitid_peek = PeekWorks();
  offers.openat2 = Openat2Works();
  int subreaper = 0;
  offers.subreaper = prctl(PR_GET_CHILD_SUBREAPER, &subreaper) == 0;
  offers.proc_mounted = access("/proc/self/stat", R_OK) == 0;
  offers.proc_ours = ProcIsOurs("/proc");
  offers.children = ChildrenList("/proc").Probe();
  offers.processes = ReadProcessLimits("/proc", CgroupTree::Read("/proc"));
  offers.rlimit_nofile = OpenFilesLimit();
  return offers;
}

}  // namespace reaperd::sys
