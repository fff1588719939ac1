// Scribe: the loop's side of the helper process for what may block: appending lines to the death
// log, reading other processes' cmdline and environ. Owned by the composition root; never waits,
// but in Finish.
//
// The worker is made at the first need, and again after it was lost (5 times in 10 s at most; not
// while 4 lost ones have not ended, stuck in the kernel). It is lost when it dies, when it says
// what is no reply, and when it says nothing for 250 ms while a read is outstanding: then it is
// killed. What it had not acknowledged by then counts as dropped, though some of it may be written.
//
// It is a clone child (sys/helper_process.h): no plain wait sees it, but the list of children does.
// Whoever reaps must do so by waitid(P_PID, pid, __WALL) when OnScribeEnded says so, and then tell
// OnReaped: its pid is signalled until that.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/rate_limit.h"
#include "base/unique_fd.h"
#include "event/event_loop.h"
#include "model/counters.h"
#include "scribe/process_text.h"
#include "scribe/protocol.h"
#include "scribe/worker.h"
#include "sys/process_ops.h"

namespace reaperd::scribe {

enum class LossReason {
  kEnded,   ///< it died, or closed its socket
  kSilent,  ///< no reply in time: killed
  kBroken,  ///< its reply is none: killed
};

struct ScribeLoss {
  pid_t pid = 0;
  LossReason reason = LossReason::kEnded;
  std::uint64_t lines = 0;  ///< lost with it, at most
  std::size_t reads = 0;    ///< that stay unanswered
};

struct ScribeSetup {
  WorkerSetup worker;
  Micros reply_time_us = 250 * kMillisecond;  ///< of silence while a read is outstanding
  /// What the worker runs; another one is for tests.
  std::function<int(int socket, const WorkerSetup& setup)> worker_main = RunWorker;
};

/// Who is told. Must not block, and must not call Append, Read… or Finish.
class ScribeObserver {
 public:
  ScribeObserver() = default;
  ScribeObserver(const ScribeObserver&) = delete;
  ScribeObserver& operator=(const ScribeObserver&) = delete;
  virtual ~ScribeObserver() = default;

  /// A new child of ours, model::Role::kHelper. `pidfd` stays the scribe's; -1: there is none.
  virtual void OnScribeStarted(pid_t pid, int pidfd) = 0;
  virtual void OnScribeStartFailed([[maybe_unused]] const Error& error) {}
  virtual void OnScribeLost([[maybe_unused]] const ScribeLoss& loss) {}
  /// At the end: so many lines were dropped, and no line of the log that came after them tells.
  virtual void OnLogLacks([[maybe_unused]] std::uint64_t lines) {}
  /// It is, or soon will be, a zombie: reap it. Told again, ever more rarely, until OnReaped.
  virtual void OnScribeEnded(pid_t pid) = 0;
};

class Scribe {
 public:
  static constexpr std::size_t kMaxReads = 64;  ///< outstanding at a time
  /// Of lines that wait here for room in the worker's socket, which takes some 200.
  static constexpr std::size_t kMaxWaitingBytes = std::size_t{1} << 20U;
  static constexpr int kStarts = 5;
  static constexpr Micros kStartsPer_us = 10 * kSecond;
  static constexpr std::size_t kMaxUnreaped = 4;  ///< lost workers

  /// nullopt: not read, for whatever reason.
  using TextHandler = std::function<void(std::optional<ProcessText> text)>;

  /// `loop`, `ops`, `observer` and the log's descriptor must outlive it.
  Scribe(event::EventLoop& loop, sys::ProcessOps& ops, ScribeObserver& observer, ScribeSetup setup);
  Scribe(const Scribe&) = delete;
  Scribe& operator=(const Scribe&) = delete;
  /// The worker ends by itself, when it has done what it was told; handlers are not called.
  ~Scribe();

  /// A line without its newline; a JSON object, if it is to tell of drops. It is written in time,
  /// or dropped and counted.
  void Append(std::string_view line);

  /// The handler is called once, later, from the loop; only Finish calls it at once.
  void ReadCmdline(pid_t pid, std::uint64_t start_ticks, TextHandler handler) {
    Read(TextKind::kCmdline, pid, start_ticks, std::move(handler));
  }
  void ReadEnviron(pid_t pid, std::uint64_t start_ticks, TextHandler handler) {
    Read(TextKind::kEnviron, pid, start_ticks, std::move(handler));
  }

  /// A child was reaped; nothing happens if it was not a worker.
  void OnReaped(pid_t pid);

  /// No line is on its way: what was appended is written, or counted as dropped.
  [[nodiscard]] bool quiet() const {
    return !worker_ || (worker_->lines_on_their_way() == 0 && worker_->waiting.empty());
  }
  /// A KILL that spares nobody is about to be sent: the worker may end, and what is appended from
  /// here on goes to another one. Reads that are outstanding stay unanswered.
  void LetGo();

  /// At the end of the run, when the loop has stopped: waits until all lines are written and the
  /// worker has ended, at most for `budget_us`; then it is killed, which takes up to 20 ms more. All
  /// reads are answered with nullopt. After that lines are dropped.
  void Finish(Micros budget_us);

  /// Of the living worker, 0 when there is none.
  [[nodiscard]] pid_t pid() const { return worker_ ? worker_->pid : 0; }
  [[nodiscard]] bool IsWorker(pid_t pid) const;
  [[nodiscard]] const model::ScribeCounters& counters() const { return counters_; }

 private:
  struct Outstanding {
    std::uint64_t id = 0;
    TextHandler handler;
  };

  struct Waiting {
    std::uint64_t dropped_before = 0;
    std::string line;
  };

  struct Worker {
    pid_t pid = 0;
    UniqueFd pidfd;
    UniqueFd socket;
    event::SourceId source = 0;
    std::uint64_t lines_sent = 0;
    std::uint64_t drops_passed = 0;  ///< told to it by AppendRequest::dropped_before
    Acknowledgement done;
    std::deque<Outstanding> reads;  ///< answered in order
    std::deque<Waiting> waiting;    ///< sent when it acknowledges what is on its way
    std::size_t waiting_bytes = 0;

    [[nodiscard]] std::uint64_t lines_on_their_way() const { return lines_sent - done.handled; }
  };

  /// A worker that is to end, or has.
  struct Leaving {
    pid_t pid = 0;
    UniqueFd pidfd;
    std::optional<event::SourceId> source;  ///< of the pidfd, until it is readable
  };

  void Read(TextKind kind, pid_t pid, std::uint64_t start_ticks, TextHandler handler);
  bool HaveWorker();
  /// False when there is no worker, or no room in its socket.
  bool Send(const Request& request);
  bool SendLine(std::uint64_t dropped_before, std::string_view line);
  void SendWaiting();
  /// For when there is room; dropped when too many wait, or nothing will tell of the room.
  void LetWait(std::string_view line);
  void Drop();
  void Unanswered(TextHandler handler);

  void TakeReplies(event::Turn& turn);
  bool Take(const Acknowledgement& done);
  bool Take(const ReadReply& reply);
  void OnReplyDeadline();
  void ArmReplyDeadline();

  /// It is ours no more; accounts for what was outstanding. `reason` empty: it was told to go.
  Leaving Detach(std::optional<LossReason> reason);
  void Leave(std::optional<LossReason> reason);
  void KillWorker(pid_t pid, int pidfd);
  void WatchEnd(Leaving leaving);
  void OnEnd(pid_t pid);
  void RemindOfTheDead();
  void AwaitEnds(Micros end_us);

  event::EventLoop& loop_;
  sys::ProcessOps& ops_;
  ScribeObserver& observer_;
  ScribeSetup setup_;
  std::optional<Worker> worker_;
  std::vector<Leaving> leaving_;
  RateLimit starts_{kStarts, kStartsPer_us};
  bool started_before_ = false;
  bool finished_ = false;
  std::uint64_t untold_ = 0;  ///< drops that no worker knows of
  std::uint64_t last_id_ = 0;
  event::DeadlineId reply_deadline_;
  Micros reply_due_us_ = 0;  ///< when the deadline is set to
  event::DeadlineId reminder_;
  Micros reminder_pause_us_ = 0;
  event::SourceId unanswered_job_;
  std::vector<TextHandler> unanswered_;
  model::ScribeCounters counters_;
};

}  // namespace reaperd::scribe
