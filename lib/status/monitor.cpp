// Monitor: what there is, then what happens.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "status/event_log.h"
#include "status/handlers.h"
#include "status/json_writer.h"
#include "status/process_json.h"
#include "status/refusals.h"
#include "status/reply_pages.h"

namespace reaperd::status::handlers {
namespace {

/// What there was at the time of `seq`, not yet sent.
struct Snapshot {
  std::uint64_t seq = 0;
  model::ProcessList processes;
  std::vector<model::HoldInfo> held;
};

class MonitorStream final : public ReplyStream {
 public:
  MonitorStream(const Service& service, Audience audience, EventLog::Follower follower,
                std::uint64_t after_seq)
      : service_(service),
        audience_(audience),
        follower_(std::move(follower)),
        after_seq_(after_seq) {}

  void BeginWith(Snapshot snapshot) { snapshot_ = std::make_unique<Snapshot>(std::move(snapshot)); }

  Part Next() override { return snapshot_ ? Part{State::kMore, NextOfSnapshot()} : NextEvent(); }

 private:
  std::string NextOfSnapshot() {
    constexpr std::size_t kRoom = kMaxReplyBytes - kEnvelopeBytes;
    const JsonContext context = service_.ContextFor(audience_);
    const std::size_t processes = snapshot_->processes->size();
    const std::size_t held = snapshot_->held.size();
    const Page first = MakePage(
        next_process_, processes,
        [&](std::size_t index) { return ProcessJson((*snapshot_->processes)[index], context); },
        kRoom);
    const bool begin_held = first.next == processes;
    // A record that does not fit beside the processes comes with the next part.
    const AtLeast at_least = first.next == next_process_ ? AtLeast::kOne : AtLeast::kNone;
    const Page second = MakePage(
        next_held_, begin_held ? held : next_held_,
        [&](std::size_t index) { return HoldInfoJson(snapshot_->held[index], context); },
        kRoom > first.items.size() ? kRoom - first.items.size() : 0, at_least);
    next_process_ = first.next;
    next_held_ = second.next;
    const bool more = next_process_ < processes || next_held_ < held;
    JsonWriter json(first.items.size() + second.items.size() + kEnvelopeBytes);
    json.OpenObject()
        .Key("snapshot")
        .OpenObject()
        .Number("seq", snapshot_->seq)
        .Json("processes", first.items)
        .Json("held", second.items)
        .Bool("more", more)
        .CloseObject()
        .CloseObject();
    if (!more) snapshot_.reset();
    return std::move(json).Take();
  }

  Part NextEvent() {
    const EventLog::Reading reading = service_.events.ReadAfter(after_seq_, audience_);
    if (reading.kind == EventLog::Reading::Kind::kNothing) return {.state = State::kWaiting};
    after_seq_ = reading.to;
    JsonWriter json(reading.text.size() + 64);
    json.OpenObject();
    if (reading.kind == EventLog::Reading::Kind::kEvent) {
      json.Json("event", reading.text);
    } else {
      service_.on_gap();
      json.Key("gap")
          .OpenObject()
          .Number("from", reading.from)
          .Number("to", reading.to)
          .CloseObject();
    }
    json.CloseObject();
    return {.state = State::kMore, .parameters = std::move(json).Take()};
  }

  const Service& service_;
  Audience audience_;
  EventLog::Follower follower_;
  std::uint64_t after_seq_;
  std::unique_ptr<Snapshot> snapshot_;  ///< nullptr: it was sent
  std::size_t next_process_ = 0;
  std::size_t next_held_ = 0;
};

}  // namespace

Answer Monitor(const Exchange& exchange) {
  const Service& service = exchange.service;
  EventLog& events = service.events;
  const Audience audience = exchange.caller.audience();
  if (const auto after = exchange.arguments.Int("after_seq")) {
    const auto after_seq = static_cast<std::uint64_t>(*after);
    if (after_seq > events.last_seq()) {
      return InvalidParameter("after_seq", "no event has that number yet: the last one has " +
                                               std::to_string(events.last_seq()));
    }
    return std::make_unique<MonitorStream>(service, audience, events.Follow(), after_seq);
  }
  // The number first: what changes while the processes are looked for comes as events.
  const std::uint64_t seq = events.last_seq();
  service.control.ListProcesses([&service, audience, seq, follower = events.Follow(),
                                 later = exchange.later](const Result<model::ProcessList>& list) {
    later([&]() -> Answer {
      if (!list) return RefusalOf(list.error());
      auto stream = std::make_unique<MonitorStream>(service, audience, follower, seq);
      stream->BeginWith({.seq = seq, .processes = *list, .held = service.control.ListHeld()});
      return stream;
    });
  });
  return AnswerLater{};
}

}  // namespace reaperd::status::handlers
