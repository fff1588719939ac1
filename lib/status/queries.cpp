// Methods that are answered at once by one reply.
#include <string>
#include <utility>

#include "status/handlers.h"
#include "status/json_writer.h"
#include "status/refusals.h"
#include "status/run_json.h"

namespace reaperd::status::handlers {
namespace {

Reply ReplyOf(JsonWriter&& json) {
  return {.parameters = std::move(json).Take(), .descriptor = {}};
}

}  // namespace

Answer Ping(const Exchange& exchange) {
  JsonWriter json;
  json.OpenObject().String("instance", exchange.service.instance).CloseObject();
  return ReplyOf(std::move(json));
}

Answer GetStatus(const Exchange& exchange) {
  const Service& service = exchange.service;
  JsonWriter json(2048);
  json.OpenObject()
      .Json("status", StatusJson(service.control.GetStatus(), service.counters(),
                                 service.clock.Now(), exchange.context()))
      .CloseObject();
  return ReplyOf(std::move(json));
}

Answer Inspect(const Exchange& exchange) {
  ControlPlane& control = exchange.service.control;
  const model::DeathSelector which{
      .seq = std::nullopt,
      .pid = static_cast<pid_t>(exchange.arguments.Int("pid").value_or(0)),
      .id = exchange.arguments.TextOf("id")};
  const auto finding = control.FindDeath(which);
  if (!finding) return RefusalOf(finding.error(), "pid");
  const JsonContext context = exchange.context();
  JsonWriter json(4096);
  json.OpenObject().Json("record", DeathRecordJson(*finding->record, context));
  json.Json("before", finding->before ? DeathRecordJson(*finding->before, context) : "null");
  json.Json("hold", finding->hold ? HoldInfoJson(*finding->hold, context) : "null");
  json.Key("files").OpenArray();
  if (finding->hold) {
    // By its number: the pid may have died once more by the time that the files are read.
    const auto inspection =
        control.Inspect({.seq = finding->record->seq, .pid = which.pid, .id = which.id});
    if (inspection) {
      for (const model::InspectedFile& file : inspection->files)
        json.Json(InspectedFileJson(file));
    }
  }
  json.CloseArray().CloseObject();
  return ReplyOf(std::move(json));
}

Answer ListHoldRules(const Exchange& exchange) {
  return Reply{HoldRulesJson(exchange.service.control.ListHoldRules(), exchange.context()), {}};
}

Answer Explain(const Exchange& exchange) {
  JsonWriter json;
  json.OpenObject().String("text", exchange.service.control.Explain()).CloseObject();
  return ReplyOf(std::move(json));
}

}  // namespace reaperd::status::handlers
