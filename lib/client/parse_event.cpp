#include <array>
#include <string_view>

#include "client/parse.h"

namespace reaperd::client {
namespace {

constexpr std::string_view kTimeWords = "a time such as 2026-11-22T06:00:00.120Z";

using BodyReader = void (*)(FieldReader& in, std::string_view key, EventBody& out);

/// The whole object is the event.
template <typename T>
void ReadBody(FieldReader& in, std::string_view key, EventBody& out) {
  in(key, out.emplace<T>());
}
/// The object is the event's only member.
template <typename T, auto kMember>
void ReadMember(FieldReader& in, std::string_view key, EventBody& out) {
  in(key, out.emplace<T>().*kMember);
}

struct BodyKind {
  std::string_view key;
  BodyReader read;
};

// TABLE: the members of an event of which one is not null.
constexpr std::array<BodyKind, 11> kBodies{{
    {"spawned", ReadMember<SpawnedEvent, &SpawnedEvent::process>},
    {"adopted", ReadMember<AdoptedEvent, &AdoptedEvent::process>},
    {"died", ReadBody<DiedEvent>},
    {"held", ReadMember<HeldEvent, &HeldEvent::hold>},
    {"released", ReadBody<ReleasedEvent>},
    {"reaped", ReadMember<ReapedEvent, &ReapedEvent::death>},
    {"barrier", ReadMember<BarrierEvent, &BarrierEvent::result>},
    {"foreign", ReadBody<ForeignEvent>},
    {"signal", ReadBody<SignalEvent>},
    {"service", ReadBody<ServiceEvent>},
    {"stopping", ReadBody<StoppingEvent>},
}};

}  // namespace

void Read(FieldReader& in, DiedEvent& out) {
  in("death_seq", out.death_seq)("pid", out.pid)("id", out.id)("comm", out.comm)("end", out.end);
}

void Read(FieldReader& in, ReleasedEvent& out) {
  in("pid", out.pid)("id", out.id)("rule", out.rule)("released_by", out.released_by);
}

void Read(FieldReader& in, ForeignEvent& out) {
  in("step", out.step)("zombie", out.zombie)("error", out.error);
}

void Read(FieldReader& in, Sender& out) {
  in("kernel", out.kernel)("pid", out.pid)("uid", out.uid);
}

void Read(FieldReader& in, SignalEvent& out) {
  in("received", out.received)("sent", out.sent)("sender", out.sender)("outcome", out.outcome);
}

void Read(FieldReader& in, ServiceEvent& out) {
  in("name", out.name)("state", out.state);
}

void Read(FieldReader& in, StoppingEvent& out) {
  in("phase", out.phase);
}

void Read(FieldReader& in, Event& out) {
  in("seq", out.seq).Word("at", out.at, ParseWallTime, kTimeWords);
  for (const BodyKind& kind : kBodies) {
    if (in.Has(kind.key)) return kind.read(in, kind.key, out.body);
  }
}

void Read(FieldReader& in, Snapshot& out) {
  in("seq", out.seq)("processes", out.processes)("held", out.held)("more", out.more);
}

void Read(FieldReader& in, Gap& out) {
  in("from", out.from)("to", out.to);
}

void Read(FieldReader& in, News& out) {
  const auto take = [&](std::string_view key, auto value) {
    in(key, value);
    out.what = std::move(value);
    const JsonValue* object = in.Find(key);
    out.json = object != nullptr ? object->raw : "";
  };
  if (in.Has("snapshot")) return take("snapshot", Snapshot{});
  if (in.Has("gap")) return take("gap", Gap{});
  take("event", Event{});
}

}  // namespace reaperd::client
