// Verbs that follow what happens: events, wait.
#include <poll.h>

#include <cerrno>
#include <utility>
#include <variant>

#include "base/text.h"
#include "base/unique_fd.h"
#include "ctl/process_files.h"
#include "ctl/show.h"
#include "ctl/verbs.h"
#include "ctl/wait_plan.h"
#include "sys/pidfd.h"

namespace reaperd::ctl {
namespace {

/// The word of each kind of news, around its object.
std::string JsonOf(const client::News& news) {
  std::string key = "event";
  if (std::holds_alternative<client::Snapshot>(news.what)) key = "snapshot";
  if (std::holds_alternative<client::Gap>(news.what)) key = "gap";
  return "{\"" + key + "\":" + news.json + "}";
}

/// `whole` is the snapshot as far as it was told: for people its parts are one line, the last's.
std::string LineOf(const client::News& news, client::Snapshot& whole, const View& view) {
  if (const auto* event = std::get_if<client::Event>(&news.what)) return EventLine(*event, view);
  if (const auto* gap = std::get_if<client::Gap>(&news.what)) return GapLine(*gap, view);
  const auto& part = std::get<client::Snapshot>(news.what);
  whole.seq = part.seq;
  whole.processes.insert(whole.processes.end(), part.processes.begin(), part.processes.end());
  whole.held.insert(whole.held.end(), part.held.begin(), part.held.end());
  return part.more ? "" : SnapshotLine(whole, view);
}

int WaitFailed(const Session& session, std::string_view why) {
  session.Complain("wait: " + std::string(why));
  return kOwnFailure;
}

/// A pidfd of a process that another one than reaperd will reap; empty: it cannot be had, or is not
/// in our pid namespace.
UniqueFd WatchForeignChild(const Session& session, client::Client& lister,
                           const client::Process& process) {
  const auto status = lister.GetStatus();
  const std::string& proc = session.surroundings().proc;
  if (!status || !SeesSameProcesses(proc, lister.connection().peer_pid(), status->pid)) return {};
  UniqueFd pidfd = sys::OpenPidfd(static_cast<pid_t>(process.pid));
  return pidfd && ProcessFiles(proc).IsSame(process) ? std::move(pidfd) : UniqueFd();
}

/// Waits for news, or for the end of a process that reaperd will not tell of.
class Waiter {
 public:
  Waiter(Session& session, std::int64_t pid, client::Client lister, client::Monitor monitor)
      : session_(session),
        pid_(pid),
        plan_(pid),
        lister_(std::move(lister)),
        monitor_(std::move(monitor)) {}

  int Run() {
    // The snapshot comes at once, or there is something wrong.
    auto news = monitor_.Next(client::kAnswerTime_us);
    for (;;) {
      if (!news) return WaitFailed(session_, news.error().message);
      const auto step = Asked(plan_.Take(*news));
      if (!step) return WaitFailed(session_, step.error().message);
      if (const auto* ended = std::get_if<WaitPlan::Ended>(&*step)) return ended->end.ShellCode();
      if (const auto* unknown = std::get_if<WaitPlan::Unknown>(&*step)) {
        return WaitFailed(session_, unknown->why);
      }
      if (!WatchIfNeeded()) {
        return WaitFailed(session_, "it is the child of " + Parent() + ", not of reaperd, and " +
                                        "cannot be watched from here");
      }
      auto next = NextNews();
      if (!next) return ForeignEnd();
      news = std::move(*next);
    }
  }

 private:
  [[nodiscard]] std::string Parent() const {
    return plan_.process() ? std::to_string(plan_.process()->ppid) : "another process";
  }

  /// The step that follows when the plan was told what it asked for.
  client::Answer<WaitPlan::Step> Asked(WaitPlan::Step step) {
    if (std::holds_alternative<WaitPlan::AskList>(step)) {
      const auto deaths = lister_.ListAllDeaths({.pid = pid_});
      if (!deaths) return deaths.error();
      step = plan_.FromList(*deaths);
    }
    if (std::holds_alternative<WaitPlan::AskLook>(step)) {
      const auto look = TakeLook();
      if (!look) return look.error();
      step = plan_.FromLook(*look);
    }
    return step;
  }

  /// The number that another monitor begins with is of a time after the list was made.
  client::Answer<WaitPlan::Look> TakeLook() {
    auto processes = lister_.ListProcesses();
    if (!processes) return processes.error();
    auto client = session_.Connect();
    if (!client) return client::Failure{.message = "it cannot be seen who is still there"};
    auto monitor = std::move(*client).StartMonitor();
    if (!monitor) return monitor.error();
    const auto news = monitor->Next(client::kAnswerTime_us);
    if (!news) return news.error();
    const auto* snapshot = std::get_if<client::Snapshot>(&news->what);
    return WaitPlan::Look{std::move(*processes), snapshot != nullptr ? snapshot->seq : 0};
  }

  /// False: its end would go unseen.
  bool WatchIfNeeded() {
    if (!plan_.is_foreign_child() || pidfd_) return true;
    pidfd_ = WatchForeignChild(session_, lister_, *plan_.process());
    return pidfd_.valid();
  }

  /// nullopt: the process ended, and no news came of it.
  std::optional<client::Answer<client::News>> NextNews() {
    if (!pidfd_) return monitor_.Next();
    bool ended = false;
    for (;;) {
      auto taken = monitor_.Take();
      if (!taken) return client::Answer<client::News>(taken.error());
      if (taken->has_value()) return client::Answer<client::News>(std::move(**taken));
      if (ended) return std::nullopt;
      std::array<pollfd, 2> entries{{{monitor_.fd(), POLLIN, 0}, {pidfd_.get(), POLLIN, 0}}};
      if (poll(entries.data(), entries.size(), -1) < 0 && errno != EINTR) return std::nullopt;
      if (entries[1].revents == 0) continue;
      if (plan_.is_foreign_child()) {
        ended = true;  // news that is there already comes first
      } else {
        pidfd_.reset();  // it was adopted: reaperd will tell
        return monitor_.Next();
      }
    }
  }

  int ForeignEnd() {
    return WaitFailed(session_,
                      "it ended, but " + Parent() + ", its parent, has its status, not reaperd");
  }

  Session& session_;
  std::int64_t pid_;
  WaitPlan plan_;
  client::Client lister_;
  client::Monitor monitor_;
  UniqueFd pidfd_;
};

}  // namespace

int RunEvents(Session& session, const Arguments& arguments) {
  auto client = session.Connect();
  if (!client) return kUnreachable;
  auto monitor = std::move(*client).StartMonitor(arguments.Number("--after"));
  if (!monitor) return session.Explain(monitor.error());
  client::Snapshot snapshot;
  for (;;) {
    const auto news = monitor->Next();
    if (!news) return session.Explain(news.error());
    const bool shown = session.json() ? session.ShowJson(JsonOf(*news))
                                      : session.ShowNow(LineOf(*news, snapshot, session.view()));
    if (!shown) return session.Finish();
  }
}

int RunWait(Session& session, const Arguments& arguments) {
  const auto pid = static_cast<std::int64_t>(ParseUnsigned(arguments.At(0)).value_or(0));
  auto lister = session.Connect();
  auto second = lister ? session.Connect() : nullptr;
  if (!second) return kOwnFailure;
  auto monitor = std::move(*second).StartMonitor();
  if (!monitor) return WaitFailed(session, monitor.error().message);
  return Waiter(session, pid, std::move(*lister), std::move(*monitor)).Run();
}

}  // namespace reaperd::ctl
