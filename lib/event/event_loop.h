// EventLoop: epoll, deadlines and resumable jobs on one thread.
//
// A turn waits, then serves every ready source, due deadline and woken job once, by priority. All
// descriptors are non-blocking or never read here; all handlers are noexcept and give back control
// when Turn::Over says so.
//
// Handlers may add, remove and wake anything, themselves included: a removed handler is destroyed
// after the turn. Descriptors belong to the caller, who removes the source before closing: epoll
// keeps a closed descriptor that a child still holds
// (docs/kernel-facts.md#epoll-keeps-a-closed-descriptor-that-a-child-holds).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "event/deadlines.h"
#include "event/priorities.h"
#include "event/turn.h"
#include "sys/process_ops.h"

namespace reaperd::event {

using SourceId = std::size_t;

/// What a handler leaves behind.
enum class After {
  kWait,  ///< until the next event, wake or deadline
  kMore,  ///< work is left: call again in the next turn, which does not wait
};

class EventLoop {
 public:
  using IoHandler = std::function<After(std::uint32_t epoll_events, Turn& turn)>;
  using JobHandler = std::function<After(Turn& turn)>;
  using DeadlineHandler = std::function<void()>;
  /// A call of the loop itself failed and the loop goes on: `what` and its errno.
  using FailureHandler = std::function<void(std::string_view what, int code)>;

  /// `ops` must outlive the loop.
  static Result<std::unique_ptr<EventLoop>> Create(sys::ProcessOps& ops);
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;
  ~EventLoop() = default;

  void OnFailure(FailureHandler handler) { on_failure_ = std::move(handler); }

  /// `epoll_events`: EPOLLIN, EPOLLET …
  Result<SourceId> AddIo(int fd, std::uint32_t epoll_events, Priority priority, IoHandler handler);
  /// Watches for other events from now on; what holds already is told again.
  Status ChangeIo(SourceId id, std::uint32_t epoll_events);
  /// Also takes the descriptor out of epoll. A job can be removed, too.
  void RemoveIo(SourceId id);

  SourceId AddJob(Priority priority, JobHandler handler);
  /// The job runs in this turn if its priority is still to come, else in the next. A handler of
  /// descriptors is called, too, without events if there are none.
  void Wake(SourceId id);

  DeadlineId AddDeadline(DeadlineHandler handler);
  /// From the handler of a deadline, one that is past is served in the next turn.
  void SetDeadline(DeadlineId id, Micros at_us) {
    deadlines_.Set(id, std::max(at_us, earliest_us_));
  }
  void ClearDeadline(DeadlineId id) { deadlines_.Clear(id); }

  /// One turn.
  void RunOnce();
  /// Turns until Stop.
  void Run();
  void Stop() { stopped_ = true; }

  [[nodiscard]] Micros Now() const { return ops_.Now(); }
  [[nodiscard]] std::uint64_t turns() const { return turns_; }

 private:
  struct Source {
    int fd = -1;  ///< -1: a job
    Priority priority = Priority::kJobs;
    IoHandler io;
    JobHandler job;
    std::uint32_t ready = 0;  ///< epoll events not yet given to the handler
    bool queued = false;      ///< stands in the queue of its priority
    bool removed = false;
  };

  EventLoop(sys::ProcessOps& ops, UniqueFd epoll);
  int SetTimer(Micros at_us);
  /// Milliseconds for epoll: 0 when work is left, -1 when the timer or nothing limits the wait.
  int ArmTimer();
  void Collect(int timeout_ms);
  void Dispatch(Priority priority, Turn& turn);
  void RunDeadlines();
  void Sweep();
  SourceId Put(std::unique_ptr<Source> source);
  void Fail(std::string_view what, int code) {
    if (on_failure_) on_failure_(what, code);
  }

  sys::ProcessOps& ops_;
  UniqueFd epoll_;
  UniqueFd timer_;  ///< made at the first deadline: most runs never have one
  std::vector<std::unique_ptr<Source>> sources_;
  std::vector<SourceId> free_;  ///< empty places in sources_
  /// Who is to be served, by priority: a turn costs what is ready, not what there is.
  std::array<std::vector<SourceId>, kPriorityCount> queues_;
  std::vector<SourceId> serving_;  ///< the queue of the priority whose turn it is
  Deadlines deadlines_;
  std::deque<DeadlineHandler> deadline_handlers_;  ///< a handler that adds others stays where it is
  Micros armed_us_ = 0;                            ///< what the timer is set to; 0: nothing
  Micros earliest_us_ = 0;  ///< while due deadlines are served: just after them
  FailureHandler on_failure_;
  std::uint64_t turns_ = 0;
  bool any_removed_ = false;
  bool stopped_ = false;
};

}  // namespace reaperd::event
