// Ways to end: a code, a signal, a leader that goes before its threads.
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "arguments.h"
#include "common.h"
#include "roles.h"
#include "signal_names.h"

namespace reaperd::roles {
namespace {

struct LastThread {
  long after_ms;
  int code;
};

void* LiveOn(void* data) {
  const LastThread plan = *static_cast<LastThread*>(data);
  Say("ready leader-exit %d", getpid());
  if (plan.after_ms < 0) {
    WaitForEof(STDIN_FILENO);
  } else {
    SleepMilliseconds(plan.after_ms);
  }
  _exit(plan.code);
}

}  // namespace

int Exit(Arguments& arguments) {
  return static_cast<int>(arguments.Number(0));
}

int KillSelf(Arguments& arguments) {
  KillSelfWith(ParseSignal(arguments.Word(0)));
}

int LeaderExit(Arguments& arguments) {
  arguments.Allow({"after", "out"});
  // Static: the leader's stack must not be what the surviving thread reads.
  static LastThread plan;
  plan = {arguments.NumberOption("after", -1), static_cast<int>(arguments.Number(0))};
  pthread_t thread{};
  if (pthread_create(&thread, nullptr, LiveOn, &plan) != 0) {
    Die("leader-exit: no thread");
  }
  // The raw call ends this thread only; pthread_exit would first look for a library to unwind.
  syscall(SYS_exit, 0);
  return 2;
}

int Wait(Arguments& arguments) {
  arguments.Allow({"out"});
  const pid_t pid = ForkOrDie();
  if (pid == 0) {
    ExecOrDie(arguments.Command());
  }
  int status = 0;
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) {
      DieOfErrno("waitpid");
    }
  }
  if (WIFSIGNALED(status)) {
    Say("killed %s", SignalName(WTERMSIG(status)).c_str());
  } else {
    Say("exited %d", WEXITSTATUS(status));
  }
  return 0;
}

}  // namespace reaperd::roles
