#include "model/signal_names.h"

#include <signal.h>

#include <array>

#include "base/text.h"

namespace reaperd::model {
namespace {

struct Row {
  int number;
  std::string_view name;
};

// First name of a number is the one we print; the others are only understood.
constexpr std::array<Row, 35> kNames{{
    {SIGHUP, "HUP"},   {SIGINT, "INT"},       {SIGQUIT, "QUIT"},  {SIGILL, "ILL"},
    {SIGTRAP, "TRAP"}, {SIGABRT, "ABRT"},     {SIGBUS, "BUS"},    {SIGFPE, "FPE"},
    {SIGKILL, "KILL"}, {SIGUSR1, "USR1"},     {SIGSEGV, "SEGV"},  {SIGUSR2, "USR2"},
    {SIGPIPE, "PIPE"}, {SIGALRM, "ALRM"},     {SIGTERM, "TERM"},  {SIGSTKFLT, "STKFLT"},
    {SIGCHLD, "CHLD"}, {SIGCONT, "CONT"},     {SIGSTOP, "STOP"},  {SIGTSTP, "TSTP"},
    {SIGTTIN, "TTIN"}, {SIGTTOU, "TTOU"},     {SIGURG, "URG"},    {SIGXCPU, "XCPU"},
    {SIGXFSZ, "XFSZ"}, {SIGVTALRM, "VTALRM"}, {SIGPROF, "PROF"},  {SIGWINCH, "WINCH"},
    {SIGIO, "IO"},     {SIGPWR, "PWR"},       {SIGSYS, "SYS"},    {SIGABRT, "IOT"},
    {SIGIO, "POLL"},   {SIGCHLD, "CLD"},      {SIGSYS, "UNUSED"},
}};

std::optional<int> ParseRealTime(std::string_view text) {
  struct Base {
    std::string_view name;
    int number;
    char sign;
  };
  const std::array<Base, 2> bases{{{"RTMIN", SIGRTMIN, '+'}, {"RTMAX", SIGRTMAX, '-'}}};
  for (const Base& base : bases) {
    if (!text.starts_with(base.name)) continue;
    text.remove_prefix(base.name.size());
    if (text.empty()) return base.number;
    if (text.front() != base.sign) return std::nullopt;
    const auto span = static_cast<std::uint64_t>(SIGRTMAX - SIGRTMIN);
    const auto offset = ParseUnsigned(text.substr(1), span);
    if (!offset) return std::nullopt;
    const int distance = static_cast<int>(*offset);
    return base.sign == '+' ? base.number + distance : base.number - distance;
  }
  return std::nullopt;
}

}  // namespace

std::string SignalName(int signal) {
  for (const Row& row : kNames) {
    if (row.number == signal) return "SIG" + std::string(row.name);
  }
  if (signal == SIGRTMIN) return "SIGRTMIN";
  if (signal == SIGRTMAX) return "SIGRTMAX";
  if (signal > SIGRTMIN && signal < SIGRTMAX) {
    return "SIGRTMIN+" + std::to_string(signal - SIGRTMIN);
  }
  return "signal " + std::to_string(signal);
}

std::optional<int> ParseSignal(std::string_view text) {
  if (const auto number = ParseUnsigned(text, kSignalLimit - 1)) {
    if (*number == 0) return std::nullopt;
    return static_cast<int>(*number);
  }
  if (text.starts_with("SIG")) text.remove_prefix(3);
  for (const Row& row : kNames) {
    if (row.name == text) return row.number;
  }
  return ParseRealTime(text);
}

}  // namespace reaperd::model
