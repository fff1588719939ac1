// What the voices print, on which stream, at which verbosity. "@" stands for our pid.
#include "daemon/personality/voice.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <functional>

#include "daemon/personality/catatonit_voice.h"
#include "daemon/personality/dumb_init_voice.h"
#include "daemon/personality/tini_voice.h"

namespace reaperd::daemon {
namespace {

using model::ExitStatus;
using Outcome = model::SignalOutcome;

struct Said {
  std::string out;
  std::string err;
};

void Replace(std::string& text, std::string_view what, std::string_view by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
}

Said Listen(RunObserver& voice, const std::function<void(RunObserver&)>& news) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  news(voice);
  Said said{testing::internal::GetCapturedStdout(), testing::internal::GetCapturedStderr()};
  for (std::string* text : {&said.out, &said.err})
    Replace(*text, std::to_string(getpid()), "@");
  return said;
}

SignalNews Forwarded(int received, int sent) {
  SignalNews news;
  news.received = received;
  news.sent = sent;
  return news;
}

SignalNews With(Outcome outcome, int received, int code = 0) {
  SignalNews news = Forwarded(received, received);
  news.outcome = outcome;
  news.error_code = code;
  return news;
}

model::ServiceSpec Main() {
  model::ServiceSpec spec;
  spec.command = {"./prog", "arg"};
  return spec;
}

Said TiniSays(unsigned verbosity, const std::function<void(RunObserver&)>& news,
              bool warn_on_reap = false) {
  const auto voice = MakeTiniVoice({verbosity, warn_on_reap});
  return Listen(*voice, news);
}

void WholeRun(RunObserver& voice) {
  voice.OnReady(false, true);
  voice.OnStarted(Main(), 70);
  voice.OnSignal(Forwarded(SIGTERM, SIGTERM));
  voice.OnReaped(71, ExitStatus::Exited(4), false);
  voice.OnReaped(70, ExitStatus::Killed(SIGTERM), true);
  voice.OnExit(143);
}

TEST(TiniVoice, IsSilentUnlessAsked) {
  for (const unsigned verbosity : {0U, 1U}) {
    const Said said = TiniSays(verbosity, WholeRun);
    EXPECT_EQ(said.out + said.err, "");
  }
}

TEST(TiniVoice, SpeaksInLevelsOnStandardOutput) {
  const std::string started = "[INFO  tini (@)] Spawned child process './prog' with pid '70'\n";
  const std::string ended =
      "[INFO  tini (@)] Main child exited with signal (with signal 'Terminated')\n";
  EXPECT_EQ(TiniSays(2, WholeRun).out, started + ended);
  const std::string reaped =
      "[DEBUG tini (@)] Passing signal: 'Terminated'\n"
      "[DEBUG tini (@)] Received SIGCHLD\n"
      "[DEBUG tini (@)] Reaped child with pid: '71'\n"
      "[DEBUG tini (@)] Received SIGCHLD\n"
      "[DEBUG tini (@)] Reaped child with pid: '70'\n";
  EXPECT_EQ(TiniSays(3, WholeRun).out, started + reaped + ended);
  EXPECT_EQ(TiniSays(~0U, WholeRun).out, "[TRACE tini (@)] Registered as child subreaper\n" +
                                             started + reaped + ended +
                                             "[TRACE tini (@)] Exiting: child has exited\n");
}

TEST(TiniVoice, WarnsOnStandardError) {
  const auto warnings = [](RunObserver& voice) {
    voice.OnNotReaping();
    voice.OnReaped(71, ExitStatus::Exited(0), false);
    voice.OnSignal(With(Outcome::kNobodyLeft, SIGHUP));
    voice.OnSignal(With(Outcome::kFailed, SIGUSR1, EPERM));
    voice.OnWarning(Error(0, "odd"));
    voice.OnLeftBehind({{12, "a\nb", 'S', "x"}});
  };
  const Said said = TiniSays(1, warnings, true);
  EXPECT_EQ(said.out, "");
  EXPECT_TRUE(said.err.starts_with("[WARN  tini (@)] Tini is not running as PID 1 and isn't "))
      << said.err;
  EXPECT_TRUE(
      said.err.ends_with("[WARN  tini (@)] Reaped zombie process with pid=71\n"
                         "[WARN  tini (@)] Child was dead when forwarding signal\n"
                         "[WARN  tini (@)] Cannot pass signal 'User defined signal 1': "
                         "Operation not permitted\n"
                         "[WARN  tini (@)] odd\n"
                         "[WARN  tini (@)] Leaving processes behind: 12 (a\\x0ab)\n"))
      << said.err;
  EXPECT_EQ(TiniSays(0, warnings, true).err, "");
}

TEST(TiniVoice, FatalErrorsAreAlwaysSaid) {
  const Said said = TiniSays(0, [](RunObserver& voice) {
    voice.OnStartFailed(Main(), "exec", ENOENT);
    voice.OnStartFailed(Main(), "interpreter", ENOENT);
    voice.OnStartFailed(Main(), "setpgid", EPERM);
    voice.OnStartFailed(Main(), "clone", EAGAIN);
    voice.OnFatal(Error(0, "end"));
  });
  EXPECT_EQ(said.err,
            "[FATAL tini (@)] exec ./prog failed: No such file or directory\n"
            "[FATAL tini (@)] exec ./prog failed: No such file or directory\n"
            "[FATAL tini (@)] setpgid failed: Operation not permitted\n"
            "[FATAL tini (@)] fork failed: Resource temporarily unavailable\n"
            "[FATAL tini (@)] end\n");
}

Said DumbInitSays(const DumbInitVoiceOptions& options,
                  const std::function<void(RunObserver&)>& news) {
  model::SignalPolicy signals;
  signals.job_signals_stop_us = true;
  signals.rewrite[SIGTSTP] = SIGSTOP;
  signals.rewrite[SIGHUP] = 0;
  const auto voice = MakeDumbInitVoice(options, signals);
  return Listen(*voice, news);
}

TEST(DumbInitVoice, TellsARunUnderVerbose) {
  const auto run = [](RunObserver& voice) {
    voice.OnReady(true, false);
    voice.OnTerminalReleased(ENOTTY, false);
    voice.OnStarted(Main(), 70);
    voice.OnSignal(Forwarded(SIGTSTP, SIGSTOP));
    voice.OnSignal(With(Outcome::kDropped, SIGHUP));
    voice.OnSignal(With(Outcome::kIgnored, SIGCONT));
    voice.OnReaped(71, ExitStatus::Killed(9), false);
    voice.OnReaped(70, ExitStatus::Exited(3), true);
  };
  DumbInitVoiceOptions options;
  EXPECT_EQ(DumbInitSays(options, run).err, "");
  options.verbose = true;
  options.debug_by_environment = true;
  const Said said = DumbInitSays(options, run);
  EXPECT_EQ(said.out, "");
  EXPECT_EQ(said.err,
            "[dumb-init] Running in debug mode.\n"
            "[dumb-init] Unable to detach from controlling tty (errno=25 Inappropriate ioctl for "
            "device).\n"
            "[dumb-init] Child spawned with PID 70.\n"
            "[dumb-init] Unable to attach to controlling tty (errno=25 Inappropriate ioctl for "
            "device).\n"
            "[dumb-init] setsid complete.\n"
            "[dumb-init] Received signal 20.\n"
            "[dumb-init] Translating signal 20 to 19.\n"
            "[dumb-init] Forwarded signal 19 to children.\n"
            "[dumb-init] Suspending self due to TTY signal.\n"
            "[dumb-init] Received signal 1.\n"
            "[dumb-init] Translating signal 1 to 0.\n"
            "[dumb-init] Not forwarding signal 0 to children (ignored).\n"
            "[dumb-init] Received signal 18.\n"
            "[dumb-init] Ignoring tty hand-off signal 18.\n"
            "[dumb-init] Received signal 17.\n"
            "[dumb-init] A child with PID 71 was terminated by signal 9.\n"
            "[dumb-init] Received signal 17.\n"
            "[dumb-init] A child with PID 70 exited with exit status 3.\n"
            "[dumb-init] Forwarded signal 15 to children.\n"
            "[dumb-init] Child exited with status 3. Goodbye.\n");
}

TEST(DumbInitVoice, ErrorsAreAlwaysSaid) {
  const Said said = DumbInitSays({}, [](RunObserver& voice) {
    voice.OnStartFailed(Main(), "exec", EACCES);
    voice.OnStartFailed(Main(), "interpreter", ENOENT);
    voice.OnStartFailed(Main(), "clone", EAGAIN);
    voice.OnStartFailed(Main(), "setsid", EPERM);
    voice.OnStartFailed(Main(), "chdir", ENOENT);
  });
  EXPECT_EQ(said.err,
            "[dumb-init] ./prog: Permission denied\n"
            "[dumb-init] ./prog: No such file or directory\n"
            "[dumb-init] Unable to fork. Exiting.\n"
            "[dumb-init] Unable to setsid (errno=1 Operation not permitted). Exiting.\n"
            "[dumb-init] ./prog: chdir: No such file or directory\n");
}

TEST(CatatonitVoice, ErrorsAlwaysTheRestUnderDebug) {
  const auto run = [](RunObserver& voice) {
    voice.OnStarted(Main(), 70);
    voice.OnSignal(Forwarded(SIGTERM, SIGTERM));
    voice.OnSignal(With(Outcome::kDropped, SIGTSTP));
    voice.OnSignal(With(Outcome::kFailed, SIGUSR1, EPERM));
    voice.OnReaped(71, ExitStatus::Exited(4), false);
    voice.OnReaped(72, ExitStatus::Killed(9), false);
    voice.OnReaped(70, ExitStatus::Exited(0), true);
    voice.OnStartFailed(Main(), "exec", ENOENT);
  };
  const std::string error = "ERROR (catatonit:@): failed to exec pid1: No such file or directory\n";
  const auto quiet = MakeCatatonitVoice(false);
  EXPECT_EQ(Listen(*quiet, run).err, error);
  const auto loud = MakeCatatonitVoice(true);
  EXPECT_EQ(Listen(*loud, run).err,
            "DEBUG (catatonit:@): pid1 (70) spawned: ./prog\n"
            "DEBUG (catatonit:@): ignoring kernel attempting to stop us: tty has TOSTOP set\n"
            "WARN (catatonit:@): forwarding of signal 10 to pid1 (70) failed: Operation not "
            "permitted\n"
            "DEBUG (catatonit:@): child process 71 exited with code 4\n"
            "DEBUG (catatonit:@): child process 72 exited due to signal 9\n" +
                error);
}

TEST(DescribeSignal, SpeaksAsStrsignalDoes) {
  EXPECT_EQ(DescribeSignal(SIGSEGV), "Segmentation fault");
  EXPECT_EQ(DescribeSignal(SIGRTMIN), "Real-time signal 0");
  EXPECT_EQ(DescribeSignal(SIGRTMAX), "Real-time signal 30");
  EXPECT_EQ(DescribeSignal(33), "Unknown signal 33");
}

}  // namespace
}  // namespace reaperd::daemon
