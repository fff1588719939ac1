#include "daemon/personality/dumb_init_voice.h"

#include <signal.h>

#include <cerrno>

#include "daemon/personality/voice.h"

namespace reaperd::daemon {
namespace {

bool IsJobSignal(int signal) {
  return signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

std::string WithErrno(std::string_view what, int code) {
  return std::string(what) + " (errno=" + std::to_string(code) + ' ' + ErrnoText(code) + ").";
}

class DumbInitVoice final : public Voice {
 public:
  DumbInitVoice(const DumbInitVoiceOptions& options, const model::SignalPolicy& signals)
      : options_(options), signals_(signals) {}

  void OnReady([[maybe_unused]] bool pid1, [[maybe_unused]] bool subreaper) override {
    if (options_.debug_by_environment) Debug("Running in debug mode.");
    if (options_.no_session_by_environment) Debug("Not running in setsid mode.");
  }

  void OnTerminalReleased(int code, bool session_leader) override {
    // A terminal that the leader of our session keeps is not to be had for another session.
    attach_error_ = code == 0 && !session_leader ? EPERM : code;
    if (code != 0) {
      Debug(WithErrno("Unable to detach from controlling tty", code));
    } else if (session_leader) {
      Debug("Detached from controlling tty, ignoring the first SIGHUP and SIGCONT we receive.");
    } else {
      Debug("Detached from controlling tty, but was not session leader.");
    }
  }

  void OnStarted([[maybe_unused]] const model::ServiceSpec& spec, pid_t pid) override {
    Debug("Child spawned with PID " + std::to_string(pid) + '.');
    if (!options_.new_session) return;
    if (attach_error_ != 0) {
      Debug(WithErrno("Unable to attach to controlling tty", attach_error_));
    }
    Debug("setsid complete.");
  }

  void OnStartFailed(const model::ServiceSpec& spec, std::string_view step, int code) override {
    if (IsForkStep(step)) return Fatal("Unable to fork. Exiting.");
    if (step == "setsid") return Fatal(WithErrno("Unable to setsid", code) + " Exiting.");
    std::string what = spec.command.front();
    if (!IsExecStep(step)) what += ": " + std::string(step);
    Fatal(what + ": " + ErrnoText(code));
  }

  void OnSignal(const SignalNews& news) override {
    using Outcome = model::SignalOutcome;
    Debug("Received signal " + std::to_string(news.received) + '.');
    switch (news.outcome) {
      case Outcome::kIgnored:
        return Debug("Ignoring tty hand-off signal " + std::to_string(news.received) + '.');
      case Outcome::kDrainStarted:
        return Debug("Draining before the signal is forwarded.");
      case Outcome::kKilledAll:
        return Debug("Killing everything.");
      case Outcome::kForwarded:
      case Outcome::kDrainEnded:
      case Outcome::kDropped:
      case Outcome::kNobodyLeft:
      case Outcome::kFailed:
        TellForwarding(news.received);
        if (news.outcome == Outcome::kFailed) {
          Debug("Forwarding failed: " + ErrnoText(news.error_code));
        }
        if (signals_.job_signals_stop_us && IsJobSignal(news.received)) {
          Debug("Suspending self due to TTY signal.");
        }
        return;
    }
  }

  void OnReaped(pid_t pid, const model::ExitStatus& status, bool is_main) override {
    Debug("Received signal " + std::to_string(SIGCHLD) + '.');
    const std::string child = "A child with PID " + std::to_string(pid);
    const std::string value = std::to_string(status.value);
    if (status.how == model::ExitStatus::How::kExit) {
      Debug(child + " exited with exit status " + value + '.');
    } else {
      Debug(child + " was terminated by signal " + value + '.');
    }
    if (!is_main) return;
    TellForwarding(SIGTERM);
    Debug("Child exited with status " + std::to_string(status.ShellCode()) + ". Goodbye.");
  }

 protected:
  void Warn(std::string_view text) override { ToStderr(DumbInitLine(text)); }
  void Fatal(std::string_view text) override { ToStderr(DumbInitLine(text)); }
  void Remark(std::string_view text) override { Debug(text); }

 private:
  void Debug(std::string_view text) {
    if (options_.verbose) ToStderr(DumbInitLine(text));
  }

  void TellForwarding(int signal) {
    const int sent = signals_.rewrite[static_cast<std::size_t>(signal)];
    const std::string number = std::to_string(sent);
    if (sent != signal) {
      Debug("Translating signal " + std::to_string(signal) + " to " + number + '.');
    }
    if (sent == 0) {
      Debug("Not forwarding signal " + number + " to children (ignored).");
    } else {
      Debug("Forwarded signal " + number + " to children.");
    }
  }

  DumbInitVoiceOptions options_;
  model::SignalPolicy signals_;
  int attach_error_ = 0;
};

}  // namespace

std::unique_ptr<RunObserver> MakeDumbInitVoice(const DumbInitVoiceOptions& options,
                                               const model::SignalPolicy& signals) {
  return std::make_unique<DumbInitVoice>(options, signals);
}

std::string DumbInitLine(std::string_view text) {
  return "[dumb-init] " + std::string(text);
}

}  // namespace reaperd::daemon
