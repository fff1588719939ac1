#include "signal_names.h"

#include <csignal>
#include <cstddef>
#include <iterator>

#include "arguments.h"
#include "common.h"

namespace reaperd::roles {
namespace {

// Indexed by number; the order is that of Linux on x86 and ARM.
constexpr std::string_view kNames[] = {
    "",     "HUP",  "INT",  "QUIT", "ILL",    "TRAP",   "ABRT",  "BUS",  "FPE",  "KILL", "USR1",
    "SEGV", "USR2", "PIPE", "ALRM", "TERM",   "STKFLT", "CHLD",  "CONT", "STOP", "TSTP", "TTIN",
    "TTOU", "URG",  "XCPU", "XFSZ", "VTALRM", "PROF",   "WINCH", "IO",   "PWR",  "SYS"};

}  // namespace

int ParseSignal(std::string_view text) {
  std::string_view name = text.starts_with("SIG") ? text.substr(3) : text;
  for (std::size_t number = 1; number < std::size(kNames); ++number) {
    if (kNames[number] == name) {
      return static_cast<int>(number);
    }
  }
  if (name == "RTMIN") {
    return SIGRTMIN;
  }
  if (name == "RTMAX") {
    return SIGRTMAX;
  }
  if (name.starts_with("RTMIN+")) {
    return SIGRTMIN + static_cast<int>(ParseNumber(name.substr(6)));
  }
  const long number = ParseNumber(name);
  if (number < 1 || number > 64) {
    Die("not a signal: '%.*s'", static_cast<int>(text.size()), text.data());
  }
  return static_cast<int>(number);
}

std::string SignalName(int signal) {
  if (signal > 0 && static_cast<std::size_t>(signal) < std::size(kNames)) {
    return std::string(kNames[static_cast<std::size_t>(signal)]);
  }
  if (signal == SIGRTMIN) {
    return "RTMIN";
  }
  if (signal > SIGRTMIN && signal <= SIGRTMAX) {
    return "RTMIN+" + std::to_string(signal - SIGRTMIN);
  }
  return std::to_string(signal);
}

}  // namespace reaperd::roles
