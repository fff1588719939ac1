// A debugger that seizes a process and then does nothing, as a stopped gdb would.
#include <sys/ptrace.h>
#include <unistd.h>

#include "arguments.h"
#include "common.h"
#include "roles.h"

namespace reaperd::roles {

// With --hold-exit the tracee also stops on its way out, where not even SIGKILL moves it on.
int Tracer(Arguments& arguments) {
  arguments.Allow({"hold-exit", "out", "end"});
  const pid_t target = static_cast<pid_t>(arguments.Number(0));
  const long options = arguments.Has("hold-exit") ? PTRACE_O_TRACEEXIT : 0;
  if (ptrace(PTRACE_SEIZE, target, nullptr, options) != 0) {
    DieOfErrno("PTRACE_SEIZE");
  }
  Say("ready tracer %d", target);
  EndAs(arguments.Option("end", "sleep"));
}

}  // namespace reaperd::roles
