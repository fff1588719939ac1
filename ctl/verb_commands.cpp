// Verbs that change something: hold, release, rules, signal, shutdown, log-level. They are reaperd's
// to allow.
#include <optional>
#include <utility>

#include "base/text.h"
#include "ctl/phrases.h"
#include "ctl/show.h"
#include "ctl/verbs.h"
#include "model/signal_names.h"

namespace reaperd::ctl {
namespace {

std::int64_t PidOf(const std::string& text) {
  return static_cast<std::int64_t>(ParseUnsigned(text, INT32_MAX).value_or(0));
}

int Misused(const Session& session, std::string_view message) {
  session.Complain(message);
  return kUsage;
}

std::string LeaseText(std::int64_t pid, const client::Lease& lease, bool until_disconnect,
                      const View& view) {
  std::string text = std::to_string(pid);
  text += lease.held ? " is dead and held" : " is alive, and will be held when it dies";
  if (lease.until) text += ", released " + Until(*lease.until, view);
  if (until_disconnect) text += "; as long as this runs (^C ends it)";
  return text + "\n";
}

/// With its id: a number alone could be another process's before a command arrives.
client::Answer<client::ProcessName> Named(client::Client& client, std::int64_t pid) {
  const auto processes = client.ListProcesses();
  if (!processes) return processes.error();
  for (const client::Process& process : *processes)
    if (process.pid == pid) return client::ProcessName{pid, process.id};
  return client::Failure{.kind = client::Failure::Kind::kRefused,
                         .error = {},
                         .message = "there is no process " + std::to_string(pid) +
                                    " below reaperd: reaperctl ps lists those that are there"};
}

/// Just one of them; nullopt: it is not.
std::optional<client::ReleaseRequest> ReleaseOf(const Arguments& arguments) {
  const auto rule = arguments.Text("--rule");
  const auto barrier = arguments.Text("--barrier");
  const bool all = arguments.Has("--all");
  const std::size_t given =
      arguments.positionals.size() + (rule ? 1U : 0U) + (barrier ? 1U : 0U) + (all ? 1U : 0U);
  if (given != 1) return std::nullopt;
  if (rule) return client::RuleName{*rule};
  if (barrier) return client::BarrierName{*barrier};
  if (all) return client::Everything{};
  return client::ProcessName{PidOf(arguments.At(0)), std::nullopt};
}

int ShowRulesOf(Session& session, client::Client& client) {
  const auto rules = client.ListHoldRules();
  if (!rules) return session.Explain(rules.error());
  if (!session.json()) return session.Show(ShowRules(*rules, session.view()));
  for (const client::HoldRule& rule : rules->rules)
    session.out().Write("{\"rule\":" + rule.json + "}\n");
  for (const client::Barrier& barrier : rules->barriers)
    session.out().Write("{\"barrier\":" + barrier.json + "}\n");
  return session.Finish();
}

int AddRule(Session& session, client::Client& client, const std::string& rule) {
  const auto added = client.AddHoldRule(rule);
  if (!added) return session.Explain(added.error());
  for (const std::string& warning : added->warnings)
    session.Complain("warning: " + warning);
  return session.Show((session.json() ? added->json : "added rule " + added->name) + "\n");
}

/// A call that answers nothing: silence is success.
int Quiet(Session& session, const client::Answer<client::Nothing>& answer) {
  return answer ? session.Finish() : session.Explain(answer.error());
}

}  // namespace

int RunHold(Session& session, const Arguments& arguments) {
  const auto client = session.Connect();
  if (!client) return kUnreachable;
  const auto process = Named(*client, PidOf(arguments.At(0)));
  if (!process) return session.Explain(process.error());
  client::HoldRequest request{.process = *process,
                              .for_us = arguments.Duration("--for"),
                              .until_disconnect = arguments.Has("--until-disconnect")};
  const auto lease = client->HoldProcess(request);
  if (!lease) return session.Explain(lease.error());
  const std::string text = session.json() ? lease->json + "\n"
                                          : LeaseText(request.process.pid, *lease,
                                                      request.until_disconnect, session.view());
  const int shown = session.Show(text);
  if (!request.until_disconnect || shown != kDone) return shown;
  return session.Explain(client->WaitForDisconnect());
}

int RunRelease(Session& session, const Arguments& arguments) {
  auto request = ReleaseOf(arguments);
  if (!request) return Misused(session, "release: just one of PID, --rule, --barrier and --all");
  const auto client = session.Connect();
  if (!client) return kUnreachable;
  if (const auto* process = std::get_if<client::ProcessName>(&*request)) {
    auto named = Named(*client, process->pid);
    if (!named) return session.Explain(named.error());
    request = std::move(*named);
  }
  const auto released = client->Release(*request);
  if (!released) return session.Explain(released.error());
  return session.Show(session.json() ? released->json + "\n"
                                     : Count(released->released, "zombie") + " released\n");
}

int RunRules(Session& session, const Arguments& arguments) {
  const std::string action = arguments.At(0);
  const std::string what = arguments.At(1);
  if (!action.empty() && what.empty()) {
    return Misused(session, action == "add" ? "rules add: a rule is needed"
                                            : "rules remove: the name of a rule is needed");
  }
  const auto client = session.Connect();
  if (!client) return kUnreachable;
  if (action.empty()) return ShowRulesOf(session, *client);
  if (action == "add") return AddRule(session, *client, what);
  return Quiet(session, client->RemoveHoldRule(what));
}

int RunSignal(Session& session, const Arguments& arguments) {
  const std::string target = arguments.At(1);
  const std::int64_t pid = PidOf(target);
  const auto client = session.Connect();
  if (!client) return kUnreachable;
  const std::string signal = model::SignalName(model::ParseSignal(arguments.At(0)).value_or(0));
  if (pid == 0) return Quiet(session, client->Signal(client::ServiceName{target}, signal));
  const auto process = Named(*client, pid);
  if (!process) return session.Explain(process.error());
  return Quiet(session, client->Signal(*process, signal));
}

int RunShutdown(Session& session, const Arguments& /*arguments*/) {
  const auto client = session.Connect();
  return client ? Quiet(session, client->Shutdown()) : kUnreachable;
}

int RunLogLevel(Session& session, const Arguments& arguments) {
  const auto client = session.Connect();
  return client ? Quiet(session, client->SetLogLevel(arguments.At(0))) : kUnreachable;
}

}  // namespace reaperd::ctl
