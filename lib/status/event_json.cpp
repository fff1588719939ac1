#include "status/event_json.h"

#include <variant>
#include <vector>

#include "base/enum_names.h"
#include "model/signal_names.h"
#include "status/json_parts.h"
#include "status/json_writer.h"
#include "status/process_json.h"

namespace reaperd::status {
namespace {

using Step = model::ForeignEvent::Step;

// TABLE: words of the interface.
constexpr EnumNames<Step, 7> kSteps{{{
    {Step::kFound, "found"},
    {Step::kNudged, "nudged"},
    {Step::kTerminated, "terminated"},
    {Step::kKilled, "killed"},
    {Step::kGone, "gone"},
    {Step::kExempt, "exempt"},
    {Step::kFailed, "failed"},
}}};

struct BodyWriter {
  JsonWriter& json;
  const JsonContext& context;

  void operator()(const model::SpawnedEvent& event) const {
    json.Json("spawned", ChildJson(event.process, event.parent, context));
  }
  void operator()(const model::AdoptedEvent& event) const {
    json.Json("adopted", ChildJson(event.process, event.parent, context));
  }
  void operator()(const model::DiedEvent& event) const {
    const model::DeathRecord& record = *event.record;
    json.Key("died")
        .OpenObject()
        .Number("death_seq", record.seq)
        .Number("pid", record.pid)
        .StringUnlessEmpty("id", record.id)
        .StringUnlessEmpty("comm", record.comm);
    WriteEnd(json, record.end);
    json.CloseObject();
  }
  void operator()(const model::HeldEvent& event) const {
    json.Json("held", HoldInfoJson(event.hold, context));
  }
  void operator()(const model::ReleasedEvent& event) const {
    json.Key("released")
        .OpenObject()
        .Number("pid", event.pid)
        .StringUnlessEmpty("id", event.id)
        .String("rule", event.rule)
        .String("released_by", model::kReleaseReasons.Name(event.reason))
        .CloseObject();
  }
  void operator()(const model::ReapedEvent& event) const {
    json.Json("reaped", DeathRecordJson(*event.record, context));
  }
  void operator()(const model::BarrierEvent& event) const {
    json.Json("barrier", BarrierResultJson(event.result));
  }
  void operator()(const model::ForeignEvent& event) const {
    json.Key("foreign")
        .OpenObject()
        .String("step", kSteps.Name(event.step))
        .Json("zombie", ForeignZombieJson(event.zombie));
    if (event.error != 0) {
      json.Number("error", event.error);
    } else {
      json.Null("error");
    }
    json.CloseObject();
  }
  void operator()(const model::SignalEvent& event) const {
    json.Key("signal").OpenObject().String("received", model::SignalName(event.received));
    json.StringUnlessEmpty("sent", event.sent == 0 ? "" : model::SignalName(event.sent));
    json.Key("sender")
        .OpenObject()
        .Bool("kernel", event.sender.kernel)
        .Number("pid", event.sender.pid)
        .Number("uid", event.sender.uid)
        .CloseObject();
    json.String("outcome", model::kSignalOutcomes.Name(event.outcome)).CloseObject();
  }
  void operator()(const model::StoppingEvent& event) const {
    json.Key("stopping")
        .OpenObject()
        .String("phase", model::kRunPhases.Name(event.phase))
        .CloseObject();
  }
};

std::size_t BytesOf(const model::Shadow* shadow) {
  if (shadow == nullptr) return 0;
  std::size_t bytes = sizeof(model::Shadow) + shadow->comm.size();
  for (const auto* words : {&shadow->cmdline, &shadow->environ}) {
    if (!*words) continue;
    for (const std::string& word : **words)
      bytes += sizeof(std::string) + word.size();
  }
  for (const auto* text : {&shadow->exe, &shadow->cwd, &shadow->cgroup})
    bytes += *text ? (*text)->size() : 0;
  return bytes + (shadow->lineage ? shadow->lineage->size() * sizeof(model::Ancestor) : 0);
}

std::size_t BytesOf(const model::DeathRecord& record) {
  return sizeof record + record.service.size() + record.verdict.evidence.size() +
         BytesOf(record.shadow.get());
}

struct ByteCounter {
  std::size_t operator()(const model::SpawnedEvent& event) const {
    return BytesOf(event.process.shadow.get());
  }
  std::size_t operator()(const model::AdoptedEvent& event) const {
    return BytesOf(event.process.shadow.get());
  }
  std::size_t operator()(const model::DiedEvent& event) const { return BytesOf(*event.record); }
  std::size_t operator()(const model::HeldEvent& event) const {
    return BytesOf(*event.hold.record) + event.hold.rule.size() + event.hold.barrier.size();
  }
  // With the death that came before it, of which it is the same record.
  std::size_t operator()(const model::ReapedEvent& event) const { return BytesOf(*event.record); }
  std::size_t operator()(const model::BarrierEvent& event) const {
    return event.result.members.size() * sizeof(model::BarrierResult::Member);
  }
  template <typename Small>
  std::size_t operator()(const Small& /*event*/) const {
    return 0;
  }
};

std::optional<uid_t> OwnerOfWordsOf(const model::DeathRecord& record) {
  return model::OwnerOfWords(record.shadow.get(), record.uid);
}

struct SubjectFinder {
  // The uid of a process that lives is not noted.
  EventSubject operator()(const model::SpawnedEvent& /*event*/) const { return {true, {}}; }
  EventSubject operator()(const model::AdoptedEvent& /*event*/) const { return {true, {}}; }
  EventSubject operator()(const model::HeldEvent& event) const {
    return {true, OwnerOfWordsOf(*event.hold.record)};
  }
  EventSubject operator()(const model::ReapedEvent& event) const {
    return {true, OwnerOfWordsOf(*event.record)};
  }
  template <typename Wordless>
  EventSubject operator()(const Wordless& /*event*/) const {
    return {};
  }
};

}  // namespace

std::string EventJson(const model::Event& event, const JsonContext& context) {
  JsonWriter json(512);
  json.OpenObject().Number("seq", event.seq);
  Output{json, context}.Time("at", event.at_us);
  std::visit(BodyWriter{json, context}, event.body);
  json.CloseObject();
  return std::move(json).Take();
}

EventSubject SubjectOf(const model::EventBody& body) {
  return std::visit(SubjectFinder{}, body);
}

std::size_t EstimateBytes(const model::EventBody& body) {
  return std::visit(ByteCounter{}, body);
}

}  // namespace reaperd::status
