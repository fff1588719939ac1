// reaperd: container init and subreaper. See docs/ARCHITECTURE.md for the way through.
#include <unistd.h>

#include <span>
#include <string_view>

#include "daemon/daemon.h"
#include "daemon/options.h"
#include "daemon/personality/personality.h"
#include "sys/linux_process_ops.h"
#include "sys/signals.h"
#include "sys/stdio_guard.h"

namespace {

using namespace reaperd;  // NOLINT(google-build-using-namespace): the program's own file

/// Nothing runs yet, so waiting for the reader is right.
void Print(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t done = write(fd, text.data(), text.size());
    if (done <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(done));
  }
}

daemon::ParsedCommandLine Parse(const daemon::CommandLine& line) {
  const std::string_view program = line.argv.empty() ? "" : line.argv.front();
  const daemon::Personality* const personality = daemon::FindPersonality(program);
  return personality != nullptr ? personality->parse(line) : daemon::ParseOwnCommandLine(line);
}

}  // namespace

int main(int argc, char** argv) {
  sys::InheritedSignals inherited = sys::TakeOverSignals(sys::FaultSignals::kLeave);
  sys::GuardStdio();
  std::size_t variables = 0;
  while (environ[variables] != nullptr)
    ++variables;
  const daemon::ParsedCommandLine parsed = Parse({.argv = {argv, static_cast<std::size_t>(argc)},
                                                  .environment = {environ, variables},
                                                  .pid1 = getpid() == 1});
  if (parsed.action == daemon::ParsedCommandLine::Action::kPrint) {
    Print(STDOUT_FILENO, parsed.out);
    Print(STDERR_FILENO, parsed.err);
    return parsed.exit_code;
  }
  if (parsed.spec.signals.forward_faults) sys::BlockSignals(sys::FaultSignals::kTake);
  sys::LinuxProcessOps ops;
  daemon::Daemon daemon(ops, parsed.spec, *parsed.voice, inherited);
  const daemon::RunResult result = daemon.Run();
  if (result.die_by_signal != 0) sys::DieBySignal(result.die_by_signal);
  return result.exit_code;
}
