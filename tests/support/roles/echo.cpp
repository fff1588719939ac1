#include "echo.h"

#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string_view>

#include "arguments.h"
#include "common.h"
#include "roles.h"
#include "signal_names.h"

namespace reaperd::roles {
namespace {

void TellSize() {
  winsize size{};
  if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0) {
    Say("size %dx%d", size.ws_row, size.ws_col);
  }
}

sigset_t EchoSet(const EchoPlan& plan) {
  sigset_t set;
  sigfillset(&set);
  for (int signal = 1; signal <= SIGRTMAX; ++signal) {
    if (sigismember(&plan.left_alone, signal) == 1) {
      sigdelset(&set, signal);
    }
  }
  return set;
}

}  // namespace

void BlockForEcho(const EchoPlan& plan) {
  const sigset_t set = EchoSet(plan);
  sigprocmask(SIG_SETMASK, &set, nullptr);
  // A signal with the action "ignore" is not even queued while it is blocked by its default
  // action; an empty handler makes the kernel keep CONT, WINCH, URG and CHLD for sigwaitinfo.
  struct sigaction action {};
  action.sa_handler = [](int) {};
  for (int signal = 1; signal <= SIGRTMAX; ++signal) {
    if (sigismember(&set, signal) == 1) {
      sigaction(signal, &action, nullptr);
    }
  }
}

void EchoUntilDone(const EchoPlan& plan) {
  const sigset_t set = EchoSet(plan);
  for (;;) {
    siginfo_t info{};
    const int signal = sigwaitinfo(&set, &info);
    if (signal < 0) {
      continue;
    }
    if (signal == SIGCHLD) {
      while (waitpid(-1, nullptr, WNOHANG) > 0) {
      }
      continue;
    }
    Say("signal %s from=%d uid=%u at=%lld", SignalName(signal).c_str(), info.si_pid, info.si_uid,
        MonotonicNanoseconds());
    if (signal == SIGWINCH && plan.tell_size) {
      TellSize();
    }
    const auto found = plan.exit_codes.find(signal);
    if (found != plan.exit_codes.end()) {
      _exit(found->second);
    }
  }
}

int Echo(Arguments& arguments) {
  arguments.Allow({"exit-on", "default", "size", "out"});
  EchoPlan plan;
  sigemptyset(&plan.left_alone);
  for (const std::string_view value : SplitAtCommas(arguments.Option("default", ""))) {
    sigaddset(&plan.left_alone, ParseSignal(value));
  }
  for (const std::string_view value : arguments.All("exit-on")) {
    const std::size_t equals = value.find('=');
    const bool has_code = equals != std::string_view::npos;
    plan.exit_codes[ParseSignal(value.substr(0, equals))] =
        has_code ? static_cast<int>(ParseNumber(value.substr(equals + 1))) : 0;
  }
  plan.tell_size = arguments.Has("size");
  BlockForEcho(plan);
  Say("ready echo %d", getpid());
  if (plan.tell_size) {
    TellSize();
  }
  EchoUntilDone(plan);
}

}  // namespace reaperd::roles
