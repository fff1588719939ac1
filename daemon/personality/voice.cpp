#include "daemon/personality/voice.h"

#include <signal.h>
#include <string.h>

#include "base/text.h"
#include "model/signal_names.h"

namespace reaperd::daemon {

void Voice::OnSweepRest(int signal, [[maybe_unused]] const std::vector<Remaining>& remaining) {
  Remark("Sending " + model::SignalName(signal) + " to the processes that are left");
}

void Voice::OnLeftBehind(const std::vector<Remaining>& remaining) {
  std::string text = "Leaving processes behind:";
  for (const Remaining& process : remaining) {
    text += ' ' + std::to_string(process.pid) + " (" + Printable(process.comm) + ')';
  }
  Warn(text);
}

void Voice::OnWarning(const Error& error) {
  Warn(error.message());
}

void Voice::OnFatal(const Error& error) {
  Fatal(error.message());
}

void Voice::ToStdout(std::string line) {
  line += '\n';
  static_cast<void>(stdout_.Write(line));
}

void Voice::ToStderr(std::string line) {
  line += '\n';
  static_cast<void>(stderr_.Write(line));
}

std::string DescribeSignal(int signal) {
  if (signal >= SIGRTMIN && signal <= SIGRTMAX) {
    return "Real-time signal " + std::to_string(signal - SIGRTMIN);
  }
  const char* text = sigdescr_np(signal);
  return text != nullptr ? text : "Unknown signal " + std::to_string(signal);
}

bool IsExecStep(std::string_view step) {
  return step == "exec" || step == "interpreter";
}

bool IsForkStep(std::string_view step) {
  return step == "fork" || step == "clone";
}

}  // namespace reaperd::daemon
