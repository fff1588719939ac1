// top: the terminal, the connections and the clock around TopModel.
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "ctl/screen.h"
#include "ctl/terminal_size.h"
#include "ctl/top_model.h"
#include "ctl/verbs.h"
#include "sys/terminal.h"

namespace reaperd::ctl {
namespace {

constexpr Micros kBetweenDraws_us = 250 * kMillisecond;
constexpr Micros kCountdown_us = kSecond;  ///< redraws when nothing happens
constexpr int kNewsPerTurn = 2000;         ///< then keys and signals have their turn

constexpr std::array<int, 7> kSignals{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH, SIGCONT};

/// Signals as values, as long as this lives.
class SignalValues {
 public:
  SignalValues() {
    sigset_t set{};
    sigemptyset(&set);
    for (const int signal : kSignals)
      sigaddset(&set, signal);
    sigprocmask(SIG_BLOCK, &set, &before_);
    fd_.reset(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  }
  SignalValues(const SignalValues&) = delete;
  SignalValues& operator=(const SignalValues&) = delete;
  ~SignalValues() { sigprocmask(SIG_SETMASK, &before_, nullptr); }

  [[nodiscard]] int fd() const { return fd_.get(); }
  /// 0: none is there.
  [[nodiscard]] int Take() const {
    signalfd_siginfo info{};
    const ssize_t size = read(fd_.get(), &info, sizeof info);
    return size == static_cast<ssize_t>(sizeof info) ? static_cast<int>(info.ssi_signo) : 0;
  }

 private:
  sigset_t before_{};
  UniqueFd fd_;
};

class Top {
 public:
  Top(Session& session, client::Client client, client::Monitor monitor)
      : session_(session),
        client_(std::move(client)),
        monitor_(std::move(monitor)),
        screen_(session.surroundings().in, session.surroundings().out) {}

  int Run() {
    if (const auto failure = Begin()) return session_.Explain(*failure);
    screen_.Enter();
    const std::optional<client::Failure> failure = Loop();
    screen_.Leave();
    return failure ? session_.Explain(*failure) : kDone;
  }

 private:
  /// What there is; the monitor has begun before, so nothing is missed.
  std::optional<client::Failure> Begin() {
    const auto deaths = client_.ListAllDeaths({}, TopModel::kDeaths);
    if (!deaths) return deaths.error();
    model_.SetDeaths(*deaths);
    return ReadStatus();
  }

  std::optional<client::Failure> ReadStatus() {
    auto status = client_.GetStatus();
    if (!status) return status.error();
    model_.SetStatus(std::move(*status));
    return std::nullopt;
  }

  /// Until somebody ends it (nothing), or the connection does.
  std::optional<client::Failure> Loop() {
    bool dirty = true;
    Micros drawn_us = 0;
    while (!quit_) {
      const Micros now_us = BootClock().Now();
      const Micros due_us = drawn_us + (dirty ? kBetweenDraws_us : kCountdown_us);
      if (now_us >= due_us) {
        if (auto failure = ReadStatus()) return failure;
        if (!Draw()) return std::nullopt;
        drawn_us = now_us;
        dirty = false;
        continue;
      }
      WaitFor(due_us - now_us);
      const auto news = TakeNews();
      if (!news) return news.error();
      dirty = *news || resized_ || dirty;
      if (std::exchange(resized_, false)) drawn_us = 0;
      TakeSignal();
      TakeKeys();
    }
    return std::nullopt;
  }

  bool Draw() {
    const auto size = SizeOfTerminal(session_.surroundings().out);
    return size && screen_.Draw(model_.Lines(*size, session_.view()));
  }

  void WaitFor(Micros time_us) {
    std::array<pollfd, 3> entries{{{monitor_.fd(), POLLIN, 0},
                                   {signals_.fd(), POLLIN, 0},
                                   {keys_ ? session_.surroundings().in : -1, POLLIN, 0}}};
    poll(entries.data(), entries.size(), static_cast<int>(time_us / kMillisecond + 1));
    keys_ready_ = entries[2].revents != 0;
  }

  /// Whether there was some.
  client::Answer<bool> TakeNews() {
    for (int taken = 0; taken < kNewsPerTurn; ++taken) {
      auto news = monitor_.Take();
      if (!news) return news.error();
      if (!news->has_value()) return taken > 0;
      model_.Take(**news);
    }
    return true;
  }

  void TakeSignal() {
    for (int signal = signals_.Take(); signal != 0; signal = signals_.Take()) {
      switch (signal) {
        case SIGWINCH:
        case SIGCONT:
          resized_ = true;
          break;
        case SIGTSTP:
          screen_.Leave();
          sys::StopSelf();
          screen_.Enter();
          resized_ = true;
          break;
        default:
          quit_ = true;
      }
    }
  }

  void TakeKeys() {
    if (!keys_ready_) return;
    std::array<char, 64> keys{};
    const ssize_t size = read(session_.surroundings().in, keys.data(), keys.size());
    if (size == 0 || (size < 0 && errno != EINTR && errno != EAGAIN)) keys_ = false;
    for (ssize_t i = 0; i < size; ++i) {
      const char key = keys[static_cast<std::size_t>(i)];
      quit_ = quit_ || key == 'q' || key == 'Q';
    }
  }

  Session& session_;
  client::Client client_;
  client::Monitor monitor_;
  SignalValues signals_;
  Screen screen_;
  TopModel model_;
  bool keys_ = screen_.has_keys();
  bool keys_ready_ = false;
  bool resized_ = false;
  bool quit_ = false;
};

}  // namespace

int RunTop(Session& session, const Arguments& /*arguments*/) {
  if (session.json()) {
    session.Complain("top is for people; for programs: reaperctl events --json");
    return kUsage;
  }
  if (!session.surroundings().width) {
    session.Complain("top needs a terminal; elsewhere: reaperctl status, reaperctl events");
    return kUsage;
  }
  auto client = session.Connect();
  auto second = client ? session.Connect() : nullptr;
  if (!second) return kUnreachable;
  auto monitor = std::move(*second).StartMonitor();
  if (!monitor) return session.Explain(monitor.error());
  return Top(session, std::move(*client), std::move(*monitor)).Run();
}

}  // namespace reaperd::ctl
