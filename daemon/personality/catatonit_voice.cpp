#include "daemon/personality/catatonit_voice.h"

#include <unistd.h>

#include "daemon/personality/voice.h"

namespace reaperd::daemon {
namespace {

std::string Prefixed(std::string_view level, std::string_view text) {
  return std::string(level) + " (catatonit:" + std::to_string(getpid()) + "): " + std::string(text);
}

class CatatonitVoice final : public Voice {
 public:
  explicit CatatonitVoice(bool debug) : debug_(debug) {}

  void OnStarted(const model::ServiceSpec& spec, pid_t pid) override {
    main_pid_ = pid;
    Debug("pid1 (" + std::to_string(pid) + ") spawned: " + spec.command.front());
  }

  void OnStartFailed([[maybe_unused]] const model::ServiceSpec& spec, std::string_view step,
                     int code) override {
    std::string what = "failed to spawn pid1: " + std::string(step);
    if (IsExecStep(step)) what = "failed to exec pid1";
    if (IsForkStep(step)) what = "failed to fork child";
    Fatal(what + ": " + ErrnoText(code));
  }

  void OnSignal(const SignalNews& news) override {
    using Outcome = model::SignalOutcome;
    if (news.outcome == Outcome::kDropped) {
      Debug("ignoring kernel attempting to stop us: tty has TOSTOP set");
    } else if (news.outcome == Outcome::kFailed) {
      Warn("forwarding of signal " + std::to_string(news.sent) + " to pid1 (" +
           std::to_string(main_pid_) + ") failed: " + ErrnoText(news.error_code));
    }
  }

  void OnReaped(pid_t pid, const model::ExitStatus& status, bool is_main) override {
    if (is_main) return;
    const bool exited = status.how == model::ExitStatus::How::kExit;
    Debug("child process " + std::to_string(pid) +
          (exited ? " exited with code " : " exited due to signal ") +
          std::to_string(status.value));
  }

 protected:
  void Warn(std::string_view text) override { SayIfDebugging("WARN", text); }
  void Fatal(std::string_view text) override { ToStderr(CatatonitErrorLine(text)); }
  void Remark(std::string_view text) override { SayIfDebugging("INFO", text); }

 private:
  void Debug(std::string_view text) { SayIfDebugging("DEBUG", text); }

  void SayIfDebugging(std::string_view level, std::string_view text) {
    if (debug_) ToStderr(Prefixed(level, text));
  }

  bool debug_;
  pid_t main_pid_ = 0;
};

}  // namespace

std::unique_ptr<RunObserver> MakeCatatonitVoice(bool debug) {
  return std::make_unique<CatatonitVoice>(debug);
}

std::string CatatonitErrorLine(std::string_view text) {
  return Prefixed("ERROR", text);
}

}  // namespace reaperd::daemon
