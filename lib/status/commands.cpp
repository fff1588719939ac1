// Methods that act on processes and on the run itself.
#include <string>

#include "model/run_spec.h"
#include "model/signal_names.h"
#include "status/handlers.h"
#include "status/refusals.h"

namespace reaperd::status::handlers {
namespace {

Answer Done(const Status& status, std::string_view parameter) {
  if (!status) return RefusalOf(status.error(), parameter);
  return Reply{"{}", {}};
}

}  // namespace

Answer Signal(const Exchange& exchange) {
  const Arguments& arguments = exchange.arguments;
  const auto signal = model::ParseSignal(arguments.TextOf("signal"));
  if (!signal) {
    return InvalidParameter("signal", "expected " + std::string(model::kSignalWords));
  }
  model::SignalRequest request{.to = {}, .signal = *signal, .sender = exchange.caller.sender};
  if (const auto service = arguments.Text("service")) {
    if (arguments.Has("pid") || arguments.Has("id")) {
      return InvalidParameter("service", "either a service, or a process by pid and id");
    }
    request.to = model::SignalServiceRequest{.name = *service};
    return Done(exchange.service.control.Signal(request), "service");
  }
  // A bare number may be another's by the time that the signal is sent.
  if (!arguments.Has("pid")) return InvalidParameter("pid", "whom? pid and id, or service");
  const std::string id = arguments.TextOf("id");
  if (id.empty()) return InvalidParameter("id", "a pid is used again: its id is needed, too");
  request.to =
      model::SignalProcessRequest{.pid = static_cast<pid_t>(*arguments.Int("pid")), .id = id};
  return Done(exchange.service.control.Signal(request), "id");
}

Answer Shutdown(const Exchange& exchange) {
  return Done(exchange.service.control.Shutdown(exchange.caller.sender), "");
}

Answer SetLogLevel(const Exchange& exchange) {
  const auto level = model::kLogLevels.Parse(exchange.arguments.TextOf("level"));
  if (!level) return InvalidParameter("level", "expected " + model::kLogLevels.Alternatives());
  return Done(exchange.service.control.SetLogLevel(*level), "level");
}

Answer AnswerNoServices(const Exchange& /*exchange*/) {
  return NoServices();
}

}  // namespace reaperd::status::handlers
