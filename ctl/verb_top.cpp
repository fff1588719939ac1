// top: the terminal, the connections and the clock around TopModel.
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
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
    // Whoever does not wait for the first answer is ended by the signal itself: there is nothing to
    // restore yet.
    if (const auto failure = Begin()) return session_.Explain(*failure);
    signals_.emplace();
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
    return std::nullopt;
  }

  /// Until somebody ends it (nothing), or the connection does. Nothing in it waits for reaperd
  /// alone: keys and signals count while it is silent.
  std::optional<client::Failure> Loop() {
    for (;;) {
      WaitFor(DueAt() - BootClock().Now());
      TakeSignals();
      TakeKeys();
      if (quit_) return std::nullopt;
      if (auto failure = TakeNews()) return failure;
      if (auto failure = TakeStatus()) return failure;
      if (auto failure = AskWhenDue()) return failure;
      if (std::exchange(redraw_, false) && !Draw()) return std::nullopt;
    }
  }

  [[nodiscard]] Micros DueAt() const {
    if (asking_) return asked_us_ + client::kAnswerTime_us;
    return asked_us_ + (dirty_ ? kBetweenDraws_us : kCountdown_us);
  }

  std::optional<client::Failure> AskWhenDue() {
    const Micros now_us = BootClock().Now();
    if (now_us < DueAt()) return std::nullopt;
    if (asking_) return client::NoAnswerWithin(client::kAnswerTime_us);
    const auto asked = client_.AskStatus();
    if (!asked) return asked.error();
    asking_ = true;
    asked_us_ = now_us;
    dirty_ = false;
    return std::nullopt;
  }

  std::optional<client::Failure> TakeStatus() {
    auto status = client_.TakeStatus();
    if (!status) return status.error();
    if (!status->has_value()) return std::nullopt;
    model_.SetStatus(std::move(**status));
    asking_ = false;
    redraw_ = true;
    return std::nullopt;
  }

  bool Draw() {
    const auto size = SizeOfTerminal(session_.surroundings().out);
    return size && screen_.Draw(model_.Lines(*size, session_.view()));
  }

  void WaitFor(Micros time_us) {
    std::array<pollfd, 4> entries{{{monitor_.fd(), POLLIN, 0},
                                   {client_.connection().fd(), POLLIN, 0},
                                   {signals_->fd(), POLLIN, 0},
                                   {keys_ ? session_.surroundings().in : -1, POLLIN, 0}}};
    const Micros left_us = std::max<Micros>(time_us, 0);
    poll(entries.data(), entries.size(), static_cast<int>(left_us / kMillisecond + 1));
    keys_ready_ = entries[3].revents != 0;
  }

  std::optional<client::Failure> TakeNews() {
    for (int taken = 0; taken < kNewsPerTurn; ++taken) {
      auto news = monitor_.Take();
      if (!news) return news.error();
      if (!news->has_value()) return std::nullopt;
      model_.Take(**news);
      dirty_ = true;
    }
    return std::nullopt;
  }

  void TakeSignals() {
    for (int signal = signals_->Take(); signal != 0; signal = signals_->Take()) {
      switch (signal) {
        case SIGWINCH:
        case SIGCONT:
          redraw_ = true;
          break;
        case SIGTSTP:
          screen_.Leave();
          sys::StopSelf();
          screen_.Enter();
          redraw_ = true;
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
  std::optional<SignalValues> signals_;
  Screen screen_;
  TopModel model_;
  bool keys_ = screen_.has_keys();
  bool keys_ready_ = false;
  bool asking_ = false;  ///< and not answered yet
  Micros asked_us_ = 0;
  bool dirty_ = true;    ///< there are news that the status does not count yet
  bool redraw_ = false;  ///< as soon as may be
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
