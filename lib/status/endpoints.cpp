#include "status/endpoints.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <utility>

#include "model/record_query.h"
#include "status/handlers.h"
#include "status/refusals.h"

namespace reaperd::status {
namespace {

using Type = Parameter::Type;

constexpr std::int64_t kMaxPid = std::numeric_limits<pid_t>::max();
constexpr std::int64_t kMaxLimit = model::RecordQuery::kMaxLimit;

// TABLES: the parameters of the methods.
constexpr Parameter kPid{.name = "pid", .type = Type::kInt, .least = 1, .greatest = kMaxPid};
constexpr Parameter kThePid{
    .name = "pid", .type = Type::kInt, .need = Need::kRequired, .least = 1, .greatest = kMaxPid};
constexpr Parameter kId{.name = "id"};
constexpr Parameter kTheName{.name = "name", .need = Need::kRequired};
constexpr Parameter kAfterSeq{.name = "after_seq", .type = Type::kInt};

constexpr std::array kInterfaceName{Parameter{.name = "interface", .need = Need::kRequired}};
constexpr std::array kListProcesses{
    Parameter{.name = "after_pid", .type = Type::kInt, .greatest = kMaxPid},
    Parameter{.name = "limit", .type = Type::kInt, .least = 1},
};
constexpr std::array kListDeaths{
    kAfterSeq,
    kPid,
    Parameter{.name = "service"},
    Parameter{.name = "cause"},
    Parameter{.name = "since"},
    Parameter{.name = "limit", .type = Type::kInt, .least = 1, .greatest = kMaxLimit},
};
constexpr std::array kProcess{kThePid, kId};
constexpr std::array kMonitor{kAfterSeq};
constexpr std::array kHold{
    kThePid,
    kId,
    Parameter{.name = "for_us", .type = Type::kInt},
    Parameter{.name = "until_disconnect", .type = Type::kFlag},
    Parameter{.name = "want_pidfd", .type = Type::kFlag},
};
constexpr std::array kRelease{
    kPid,
    kId,
    Parameter{.name = "rule"},
    Parameter{.name = "barrier"},
    Parameter{.name = "all", .type = Type::kFlag},
};
constexpr std::array kRule{Parameter{.name = "rule", .need = Need::kRequired}};
constexpr std::array kName{kTheName};
constexpr std::array kSignal{
    kPid,
    kId,
    Parameter{.name = "service"},
    Parameter{.name = "signal", .need = Need::kRequired},
};
constexpr std::array kLevel{Parameter{.name = "level", .need = Need::kRequired}};
constexpr std::array kLogs{Parameter{.name = "name"}};

constexpr Replies kOne = Replies::kOne;
constexpr Replies kSeveral = Replies::kSeveral;

// TABLE: method, right, replies that the client has to take, handler, parameters, what it does. To
// add a method: here, in handlers.h, and in the interface file; the tests name what is missing.
constexpr std::array kEndpoints{
    Endpoint{"org.varlink.service.GetInfo",
             Right::kNone,
             kOne,
             handlers::GetInfo,
             {},
             "who answers here, and its interfaces"},
    Endpoint{"org.varlink.service.GetInterfaceDescription", Right::kNone, kOne,
             handlers::GetInterfaceDescription, kInterfaceName, "the text of an interface"},
    Endpoint{"io.reaperd.Manager.Ping",
             Right::kRead,
             kOne,
             handlers::Ping,
             {},
             "whether somebody listens"},
    Endpoint{"io.reaperd.Manager.GetStatus",
             Right::kRead,
             kOne,
             handlers::GetStatus,
             {},
             "the run: its state, counters and limits"},
    Endpoint{"io.reaperd.Manager.ListProcesses", Right::kRead, kOne, handlers::ListProcesses,
             kListProcesses, "all descendants, living and dead", Answers::kLater},
    Endpoint{"io.reaperd.Manager.ListDeaths", Right::kRead, kOne, handlers::ListDeaths, kListDeaths,
             "death records"},
    Endpoint{"io.reaperd.Manager.Inspect", Right::kRead, kOne, handlers::Inspect, kProcess,
             "the last death of a pid, and the files of its zombie"},
    Endpoint{"io.reaperd.Manager.ListHeld",
             Right::kRead,
             kOne,
             handlers::ListHeld,
             {},
             "zombies that are kept"},
    Endpoint{"io.reaperd.Manager.ListHoldRules",
             Right::kRead,
             kOne,
             handlers::ListHoldRules,
             {},
             "hold rules, barriers and limits"},
    Endpoint{"io.reaperd.Manager.ListZombies",
             Right::kRead,
             kOne,
             handlers::ListZombies,
             {},
             "zombies that only their living parents can reap",
             Answers::kLater},
    Endpoint{"io.reaperd.Manager.ListBlockers",
             Right::kRead,
             kOne,
             handlers::ListBlockers,
             {},
             "who is alive below reaperd"},
    Endpoint{"io.reaperd.Manager.Explain",
             Right::kRead,
             kOne,
             handlers::Explain,
             {},
             "the settings of this run, for people"},
    Endpoint{"io.reaperd.Manager.Monitor", Right::kRead, kSeveral, handlers::Monitor, kMonitor,
             "what there is, then what happens", Answers::kLater},
    Endpoint{"io.reaperd.Manager.Hold", Right::kAdmin, kOne, handlers::Hold, kHold,
             "keep a process when it is dead"},
    Endpoint{"io.reaperd.Manager.Release", Right::kAdmin, kOne, handlers::Release, kRelease,
             "reap what is kept"},
    Endpoint{"io.reaperd.Manager.AddHoldRule", Right::kAdmin, kOne, handlers::AddHoldRule, kRule,
             "keep all that match, from now on"},
    Endpoint{"io.reaperd.Manager.RemoveHoldRule", Right::kAdmin, kOne, handlers::RemoveHoldRule,
             kName, "forget a hold rule"},
    Endpoint{"io.reaperd.Manager.Signal", Right::kAdmin, kOne, handlers::Signal, kSignal,
             "send a signal to a process or a service"},
    Endpoint{
        "io.reaperd.Manager.Shutdown", Right::kAdmin, kOne, handlers::Shutdown, {}, "begin a stop"},
    Endpoint{"io.reaperd.Manager.SetLogLevel", Right::kAdmin, kOne, handlers::SetLogLevel, kLevel,
             "log more or less"},
    Endpoint{"io.reaperd.Manager.ListServices",
             Right::kRead,
             kOne,
             handlers::AnswerNoServices,
             {},
             "later"},
    Endpoint{"io.reaperd.Manager.StartService", Right::kRead, kOne, handlers::AnswerNoServices,
             kName, "later"},
    Endpoint{"io.reaperd.Manager.StopService", Right::kRead, kOne, handlers::AnswerNoServices,
             kName, "later"},
    Endpoint{"io.reaperd.Manager.RestartService", Right::kRead, kOne, handlers::AnswerNoServices,
             kName, "later"},
    Endpoint{"io.reaperd.Manager.GetLogs", Right::kRead, kOne, handlers::AnswerNoServices, kLogs,
             "later"},
    Endpoint{
        "io.reaperd.Manager.Reload", Right::kRead, kOne, handlers::AnswerNoServices, {}, "later"},
};

Refusal NotFound(std::string_view method) {
  const std::size_t dot = method.rfind('.');
  const std::string_view interface =
      dot == std::string_view::npos ? std::string_view() : method.substr(0, dot);
  if (interface == kInterface || interface == kVarlinkInterface) return MethodNotFound(method);
  return InterfaceNotFound(interface);
}

}  // namespace

std::span<const Endpoint> Endpoints() {
  return kEndpoints;
}

const Endpoint* FindEndpoint(std::string_view method) {
  const auto* const row = std::find_if(kEndpoints.begin(), kEndpoints.end(),
                                       [&](const Endpoint& each) { return each.method == method; });
  return row == kEndpoints.end() ? nullptr : row;
}

Answer Dispatch(Call call, const Service& service, const Caller& caller, const LateAnswer& later) {
  const Endpoint* const endpoint = FindEndpoint(call.method);
  if (endpoint == nullptr) return NotFound(call.method);
  if (caller.right < endpoint->right) {
    return PermissionDenied(endpoint->right,
                            "this takes the right " + std::string(kRights.Name(endpoint->right)) +
                                ", yours is " + std::string(kRights.Name(caller.right)));
  }
  if (call.upgrade) return Unsupported("no connection to this socket can be upgraded");
  if (endpoint->least_replies == Replies::kSeveral && !call.more) return ExpectedMore();
  const CheckedArguments checked = CheckArguments(std::move(call.arguments), endpoint->parameters);
  if (!checked.wrong.empty()) return InvalidParameter(checked.wrong, checked.why);
  if (call.oneway && endpoint->answers == Answers::kLater) return Reply{"{}", {}};
  return endpoint->handler({.service = service,
                            .caller = caller,
                            .arguments = checked.arguments,
                            .replies = call.more ? Replies::kSeveral : Replies::kOne,
                            .later = later});
}

}  // namespace reaperd::status
