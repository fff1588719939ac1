#include "daemon/personality/tini_voice.h"

#include <unistd.h>

#include "daemon/personality/voice.h"

namespace reaperd::daemon {
namespace {

std::string Prefixed(std::string_view level, std::string_view text) {
  return '[' + std::string(level) + " tini (" + std::to_string(getpid()) + ")] " +
         std::string(text);
}

class TiniVoice final : public Voice {
 public:
  explicit TiniVoice(const TiniVoiceOptions& options) : options_(options) {}

  void OnReady([[maybe_unused]] bool pid1, bool subreaper) override {
    if (subreaper) Trace("Registered as child subreaper");
  }

  void OnNotReaping() override {
    Warn(
        "Tini is not running as PID 1 and isn't registered as a child subreaper.\n"
        "Zombie processes will not be re-parented to Tini, so zombie reaping won't work.\n"
        "To fix the problem, use the -s option or set the environment variable TINI_SUBREAPER to "
        "register Tini as a child subreaper, or run Tini as PID 1.");
  }

  void OnStarted(const model::ServiceSpec& spec, pid_t pid) override {
    Info("Spawned child process '" + spec.command.front() + "' with pid '" + std::to_string(pid) +
         '\'');
  }

  void OnStartFailed(const model::ServiceSpec& spec, std::string_view step, int code) override {
    std::string what(step);
    if (IsForkStep(step)) what = "fork";
    if (IsExecStep(step)) what = "exec " + spec.command.front();
    Fatal(what + " failed: " + ErrnoText(code));
  }

  void OnSignal(const SignalNews& news) override {
    using Outcome = model::SignalOutcome;
    switch (news.outcome) {
      case Outcome::kForwarded:
      case Outcome::kDrainEnded:
        return Debug("Passing signal: '" + DescribeSignal(news.sent) + '\'');
      case Outcome::kNobodyLeft:
        return Warn("Child was dead when forwarding signal");
      case Outcome::kFailed:
        // tini ends here, and its container with it, only because its child runs as another user.
        return Warn("Cannot pass signal '" + DescribeSignal(news.sent) +
                    "': " + ErrnoText(news.error_code));
      case Outcome::kDrainStarted:
        return Info("Draining on signal: '" + DescribeSignal(news.received) + '\'');
      case Outcome::kKilledAll:
        return Info("Killing everything on signal: '" + DescribeSignal(news.received) + '\'');
      case Outcome::kDropped:
      case Outcome::kIgnored:
        return;
    }
  }

  void OnReaped(pid_t pid, const model::ExitStatus& status, bool is_main) override {
    Debug("Received SIGCHLD");
    Debug("Reaped child with pid: '" + std::to_string(pid) + '\'');
    if (!is_main) {
      if (options_.warn_on_reap) Warn("Reaped zombie process with pid=" + std::to_string(pid));
      return;
    }
    if (status.how == model::ExitStatus::How::kExit) {
      Info("Main child exited normally (with status '" + std::to_string(status.value) + "')");
    } else {
      Info("Main child exited with signal (with signal '" + DescribeSignal(status.value) + "')");
    }
  }

  void OnExit([[maybe_unused]] int code) override { Trace("Exiting: child has exited"); }

 protected:
  void Warn(std::string_view text) override {
    if (options_.verbosity >= 1) ToStderr(Prefixed("WARN ", text));
  }
  void Fatal(std::string_view text) override { ToStderr(TiniFatalLine(text)); }
  void Remark(std::string_view text) override { Info(text); }

 private:
  void Info(std::string_view text) { Say(2, "INFO ", text); }
  void Debug(std::string_view text) { Say(3, "DEBUG", text); }
  void Trace(std::string_view text) { Say(4, "TRACE", text); }

  void Say(unsigned verbosity, std::string_view level, std::string_view text) {
    if (options_.verbosity >= verbosity) ToStdout(Prefixed(level, text));
  }

  TiniVoiceOptions options_;
};

}  // namespace

std::unique_ptr<RunObserver> MakeTiniVoice(const TiniVoiceOptions& options) {
  return std::make_unique<TiniVoice>(options);
}

std::string TiniFatalLine(std::string_view text) {
  return Prefixed("FATAL", text);
}

}  // namespace reaperd::daemon
