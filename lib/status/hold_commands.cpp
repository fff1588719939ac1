// Methods that keep the dead and let them go.
#include <array>
#include <string>
#include <utility>

#include "status/handlers.h"
#include "status/json_writer.h"
#include "status/refusals.h"

namespace reaperd::status::handlers {
namespace {

pid_t PidOf(const Arguments& arguments) {
  return static_cast<pid_t>(arguments.Int("pid").value_or(0));
}

void WriteUntil(JsonWriter& json, const std::optional<Micros>& until_us, Micros wall_offset_us) {
  if (until_us) {
    json.String("until", FormatWallTime(*until_us + wall_offset_us));
  } else {
    json.Null("until");
  }
}

}  // namespace

Answer Hold(const Exchange& exchange) {
  const Arguments& arguments = exchange.arguments;
  const model::LeaseRequest request{.pid = PidOf(arguments),
                                    .id = arguments.TextOf("id"),
                                    .client = exchange.caller.id,
                                    .for_us = arguments.Int("for_us"),
                                    .until_disconnect = arguments.Flag("until_disconnect")};
  const auto want = arguments.Flag("want_pidfd") ? model::WantPidfd::kYes : model::WantPidfd::kNo;
  auto answer = exchange.service.control.Hold(request, want);
  if (!answer) return RefusalOf(answer.error(), "pid");
  JsonWriter json;
  json.OpenObject().StringUnlessEmpty("id", answer->id).Bool("held", answer->lease.held);
  WriteUntil(json, answer->lease.until_us, exchange.service.wall_offset_us());
  // Its index among the descriptors of the reply, which has no other.
  if (answer->pidfd) {
    json.Number("pidfd", 0);
  } else {
    json.Null("pidfd");
  }
  json.CloseObject();
  return Reply{std::move(json).Take(), std::move(answer->pidfd)};
}

Answer Release(const Exchange& exchange) {
  const Arguments& arguments = exchange.arguments;
  constexpr std::array<std::string_view, 3> kTexts{"pid", "rule", "barrier"};
  int chosen = arguments.Flag("all") ? 1 : 0;
  for (const std::string_view name : kTexts)
    chosen += arguments.Has(name) ? 1 : 0;
  if (chosen != 1) return InvalidParameter("pid", "just one of pid, rule, barrier and all = true");
  if (arguments.Has("id") && !arguments.Has("pid")) {
    return InvalidParameter("id", "it goes with a pid");
  }
  model::ReleaseRequest request = model::ReleaseAll{};
  std::string_view about = "all";
  if (arguments.Has("pid")) {
    request = model::ReleaseProcess{.pid = PidOf(arguments), .id = arguments.TextOf("id")};
    about = "pid";
  } else if (arguments.Has("rule")) {
    request = model::ReleaseRule{.name = arguments.TextOf("rule")};
    about = "rule";
  } else if (arguments.Has("barrier")) {
    request = model::ReleaseBarrier{.name = arguments.TextOf("barrier")};
    about = "barrier";
  }
  const auto answer = exchange.service.control.Release(request);
  if (!answer) return RefusalOf(answer.error(), about);
  JsonWriter json;
  json.OpenObject().Number("released", answer->released).CloseObject();
  return Reply{std::move(json).Take(), {}};
}

Answer AddHoldRule(const Exchange& exchange) {
  const auto added = exchange.service.control.AddHoldRule(exchange.arguments.TextOf("rule"));
  if (!added) return RefusalOf(added.error(), "rule");
  JsonWriter json;
  json.OpenObject().String("name", added->name).Key("warnings").OpenArray();
  for (const std::string& warning : added->warnings)
    json.String(warning);
  json.CloseArray().CloseObject();
  return Reply{std::move(json).Take(), {}};
}

Answer RemoveHoldRule(const Exchange& exchange) {
  const Status status = exchange.service.control.RemoveHoldRule(exchange.arguments.TextOf("name"));
  if (!status) return RefusalOf(status.error(), "name");
  return Reply{"{}", {}};
}

}  // namespace reaperd::status::handlers
