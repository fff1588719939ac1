#include "event/event_loop.h"

#include <sys/timerfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <utility>

namespace reaperd::event {
namespace {

constexpr std::size_t kEventsPerTurn = 32;
/// How long to sleep when epoll itself fails: everything is polled at this pace instead.
constexpr Micros kFailureNap_us = 10 * kMillisecond;
constexpr std::uint64_t kTimerTag = std::numeric_limits<std::uint64_t>::max();

}  // namespace

EventLoop::EventLoop(sys::ProcessOps& ops, UniqueFd epoll) : ops_(ops), epoll_(std::move(epoll)) {}

Result<std::unique_ptr<EventLoop>> EventLoop::Create(sys::ProcessOps& ops) {
  UniqueFd epoll(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) return Error::FromErrno("cannot make an epoll set", errno);
  return std::unique_ptr<EventLoop>(new EventLoop(ops, std::move(epoll)));
}

int EventLoop::SetTimer(Micros at_us) {
  if (!timer_) {
    UniqueFd timer(timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC));
    if (!timer) return -errno;
    // Edge-triggered: setting the timer again takes back its readiness, so it need not be read.
    epoll_event event{};
    event.events = EPOLLIN | EPOLLET;
    event.data.u64 = kTimerTag;
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, timer.get(), &event) < 0) return -errno;
    timer_ = std::move(timer);
  }
  return ops_.SetTimer(timer_.get(), at_us);
}

Result<SourceId> EventLoop::AddIo(int fd, std::uint32_t epoll_events, Priority priority,
                                  IoHandler handler) {
  auto source = std::make_unique<Source>();
  source->fd = fd;
  source->priority = priority;
  source->io = std::move(handler);
  const SourceId id = Put(std::move(source));
  epoll_event event{};
  event.events = epoll_events;
  event.data.u64 = id;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) < 0) {
    const int code = errno;
    sources_[id]->removed = true;
    any_removed_ = true;
    return Error::FromErrno("cannot watch a descriptor", code);
  }
  return id;
}

SourceId EventLoop::Put(std::unique_ptr<Source> source) {
  if (free_.empty()) {
    sources_.push_back(std::move(source));
    return sources_.size() - 1;
  }
  const SourceId id = free_.back();
  free_.pop_back();
  sources_[id] = std::move(source);
  return id;
}

Status EventLoop::ChangeIo(SourceId id, std::uint32_t epoll_events) {
  epoll_event event{};
  event.events = epoll_events;
  event.data.u64 = id;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, sources_[id]->fd, &event) < 0) {
    return Error::FromErrno("cannot watch a descriptor", errno);
  }
  return {};
}

void EventLoop::RemoveIo(SourceId id) {
  Source& source = *sources_[id];
  if (source.removed) return;
  if (source.fd >= 0) epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, source.fd, nullptr);
  source.removed = true;
  any_removed_ = true;
}

SourceId EventLoop::AddJob(Priority priority, JobHandler handler) {
  auto source = std::make_unique<Source>();
  source->priority = priority;
  source->job = std::move(handler);
  return Put(std::move(source));
}

void EventLoop::Wake(SourceId id) {
  Source& source = *sources_[id];
  if (std::exchange(source.queued, true)) return;
  queues_[static_cast<std::size_t>(source.priority)].push_back(id);
}

DeadlineId EventLoop::AddDeadline(DeadlineHandler handler) {
  deadline_handlers_.push_back(std::move(handler));
  return deadlines_.Make();
}

void EventLoop::Run() {
  while (!stopped_)
    RunOnce();
}

void EventLoop::RunOnce() {
  ++turns_;
  Collect(ArmTimer());
  Turn turn(ops_);
  for (int priority = 0; priority < kPriorityCount; ++priority) {
    Dispatch(static_cast<Priority>(priority), turn);
  }
  Sweep();
}

int EventLoop::ArmTimer() {
  const bool work_left =
      std::any_of(queues_.begin(), queues_.end(), [](const auto& queue) { return !queue.empty(); });
  if (work_left) return 0;
  const auto next = deadlines_.Next();
  const Micros wanted_us = next ? std::max<Micros>(*next, 1) : 0;
  if (wanted_us == armed_us_) return -1;
  const int code = SetTimer(wanted_us);
  if (code == 0) {
    armed_us_ = wanted_us;
    return -1;
  }
  Fail("timerfd_settime", -code);
  if (!next) return -1;
  const Micros left_ms = (*next - ops_.Now() + kMillisecond - 1) / kMillisecond;
  return static_cast<int>(std::clamp<Micros>(left_ms, 0, 60'000));
}

void EventLoop::Collect(int timeout_ms) {
  std::array<epoll_event, kEventsPerTurn> events;
  const int count = ops_.EpollWait(epoll_.get(), events, timeout_ms);
  if (count < 0) {
    if (count == -EINTR) return;
    Fail("epoll_wait", -count);
    // Without its answer everything may be ready: all handlers cope with finding nothing.
    for (SourceId id = 0; id < sources_.size(); ++id) {
      if (!sources_[id] || sources_[id]->fd < 0) continue;
      sources_[id]->ready |= EPOLLIN;
      Wake(id);
    }
    ops_.Nap(kFailureNap_us);
    return;
  }
  for (const epoll_event& event : std::span(events).first(static_cast<std::size_t>(count))) {
    if (event.data.u64 == kTimerTag) {
      armed_us_ = 0;
      continue;
    }
    Source* const source = sources_[event.data.u64].get();
    if (source == nullptr) continue;
    source->ready |= event.events;
    Wake(event.data.u64);
  }
}

void EventLoop::Dispatch(Priority priority, Turn& turn) {
  if (priority == Priority::kDeadlines) RunDeadlines();
  auto& queue = queues_[static_cast<std::size_t>(priority)];
  if (queue.empty()) return;
  // Whoever is woken from here on waits for the next turn.
  serving_.swap(queue);
  for (const SourceId id : serving_) {
    Source& source = *sources_[id];
    if (source.removed) continue;
    source.queued = false;
    const std::uint32_t ready = std::exchange(source.ready, 0);
    const After after = source.fd >= 0 ? source.io(ready, turn) : source.job(turn);
    if (after == After::kMore && !source.removed) Wake(id);
  }
  serving_.clear();
}

void EventLoop::RunDeadlines() {
  if (!deadlines_.Next()) return;
  // A handler that sets its deadline anew, to now or to the past, waits for its turn.
  const Micros now_us = ops_.Now();
  earliest_us_ = now_us + 1;
  while (const auto due = deadlines_.TakeDue(now_us))
    deadline_handlers_[*due]();
  earliest_us_ = 0;
}

void EventLoop::Sweep() {
  if (!any_removed_) return;
  any_removed_ = false;
  // Places become free only between turns, so an event of this turn cannot reach a new source.
  for (SourceId id = 0; id < sources_.size(); ++id) {
    if (!sources_[id] || !sources_[id]->removed) continue;
    sources_[id].reset();
    free_.push_back(id);
  }
  // Nor can a wake: whoever takes a place is not taken for the one who had it.
  for (std::vector<SourceId>& queue : queues_)
    std::erase_if(queue, [this](SourceId id) { return sources_[id] == nullptr; });
}

}  // namespace reaperd::event
