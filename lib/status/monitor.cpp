// Monitor: what there is, then what happens.
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "status/event_log.h"
#include "status/handlers.h"
#include "status/json_writer.h"
#include "status/positions.h"
#include "status/process_json.h"
#include "status/refusals.h"
#include "status/reply_pages.h"

namespace reaperd::status::handlers {
namespace {

/// What there was at the time of `seq`, and how far it is sent. What goes on while it is sent is
/// told by events: so it may as well be what there is by then, and nothing of it is kept.
struct Snapshot {
  std::uint64_t seq = 0;
  LatestList<model::ProcessView>::Reader processes;
  pid_t after_pid = 0;
  HoldPosition after_hold;
  Micros until_us = 0;  ///< later holds are events after `seq`
};

class MonitorStream final : public ReplyStream {
 public:
  MonitorStream(const Service& service, Audience audience, EventLog::Follower follower,
                std::uint64_t after_seq)
      : service_(service),
        audience_(audience),
        follower_(std::move(follower)),
        after_seq_(after_seq) {}

  void BeginWith(Snapshot snapshot) { snapshot_ = std::move(snapshot); }

  Part Next() override { return snapshot_ ? Part{State::kMore, NextOfSnapshot()} : NextEvent(); }

 private:
  std::string NextOfSnapshot() {
    constexpr std::size_t kRoom = kMaxReplyBytes - kEnvelopeBytes;
    const JsonContext context = service_.ContextFor(audience_);
    const auto processes = ItemsAfter(**snapshot_->processes, snapshot_->after_pid);
    const auto all_held = HoldsBegunBy(service_.control, snapshot_->until_us);
    const auto held = ItemsAfter(all_held, snapshot_->after_hold);
    const Page first = MakePage(
        0, processes.size(),
        [&](std::size_t index) { return ProcessJson(processes[index], context); }, kRoom);
    const bool begin_held = first.next == processes.size();
    // A record that does not fit beside the processes comes with the next part.
    const AtLeast at_least = first.next == 0 ? AtLeast::kOne : AtLeast::kNone;
    const Page second = MakePage(
        0, begin_held ? held.size() : 0,
        [&](std::size_t index) { return HoldInfoJson(held[index], context); },
        kRoom > first.items.size() ? kRoom - first.items.size() : 0, at_least);
    if (first.next > 0) snapshot_->after_pid = PositionOf(processes[first.next - 1]);
    if (second.next > 0) snapshot_->after_hold = PositionOf(held[second.next - 1]);
    const bool more = first.next < processes.size() || second.next < held.size();
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
  std::optional<Snapshot> snapshot_;  ///< nullopt: it was sent
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
  service.control.ListProcesses(
      exchange.caller.id, [&service, audience, seq, follower = events.Follow(),
                           later = exchange.later](const Result<model::ProcessList>& list) {
        later([&]() -> Answer {
          if (!list) return RefusalOf(list.error());
          auto stream = std::make_unique<MonitorStream>(service, audience, follower, seq);
          stream->BeginWith({.seq = seq,
                             .processes = service.processes.Put(*list),
                             .until_us = service.clock.Now()});
          return stream;
        });
      });
  return AnswerLater{};
}

}  // namespace reaperd::status::handlers
