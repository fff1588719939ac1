// Voice: what the voices of all personalities have in common. A personality says where a warning
// and a fatal error go; news for which its program has no words of its own become one of the two.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/run_observer.h"
#include "sys/output.h"

namespace reaperd::daemon {

class Voice : public RunObserver {
 public:
  void OnSweepRest(int signal, const std::vector<Remaining>& remaining) final;
  void OnLeftBehind(const std::vector<Remaining>& remaining) final;
  void OnWarning(const Error& error) final;
  void OnFatal(const Error& error) final;

 protected:
  virtual void Warn(std::string_view text) = 0;
  virtual void Fatal(std::string_view text) = 0;
  /// Something that only people who asked for more words want to know.
  virtual void Remark(std::string_view text) = 0;

  /// One line, the newline is added. Never waits: a line for which there is no room is dropped.
  void ToStdout(std::string line);
  void ToStderr(std::string line);

 private:
  sys::Output stdout_{1};
  sys::Output stderr_{2};
};

/// "Terminated", "Real-time signal 6": as strsignal(3) in the C locale.
std::string DescribeSignal(int signal);

/// The steps of a start that the programs have words for.
bool IsExecStep(std::string_view step);
bool IsForkStep(std::string_view step);

}  // namespace reaperd::daemon
