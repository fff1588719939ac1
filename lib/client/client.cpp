#include "client/client.h"

#include <cerrno>

#include "base/error.h"
#include "client/parameters.h"
#include "client/reply.h"

namespace reaperd::client {
namespace {

constexpr std::string_view kInterface = "io.reaperd.Manager.";

/// A reply whose members are read by `read`.
template <typename T, typename F>
Answer<T> Members(Answer<RawReply> reply, F read) {
  if (!reply) return reply.error();
  return ReadObject<T>(reply->parameters, read);
}

/// A reply that is a T as a whole.
template <typename T>
Answer<T> Whole(Answer<RawReply> reply) {
  return Members<T>(std::move(reply), [](FieldReader& in, T& out) { Read(in, out); });
}

/// A reply of one member.
template <typename T>
Answer<T> Member(Answer<RawReply> reply, std::string_view key) {
  return Members<T>(std::move(reply), [key](FieldReader& in, T& out) { in(key, out); });
}

/// A list that comes in parts, each under `key` of a reply.
template <typename T>
Answer<std::vector<T>> Gathered(Client& client, std::string_view method, std::string_view key) {
  std::vector<T> all;
  std::optional<Failure> failure;
  const auto done = client.CallMore(method, "{}", [&](const RawReply& reply) {
    auto part = Member<std::vector<T>>(reply, key);
    if (!part) failure = part.error();
    if (!failure) std::move(part->begin(), part->end(), std::back_inserter(all));
    return Client::Go::kOn;  // to the last reply: the next call's is not to be one of these
  });
  if (!done) return done.error();
  if (failure) return *failure;
  return all;
}

Answer<Nothing> Empty(const Answer<RawReply>& reply) {
  if (!reply) return reply.error();
  return Nothing{};
}

Parameters Naming(const ProcessName& process) {
  Parameters parameters;
  parameters.Add("pid", process.pid).Add("id", process.id);
  return parameters;
}

struct ReleaseNaming {
  Parameters operator()(const ProcessName& process) const { return Naming(process); }
  Parameters operator()(const RuleName& rule) const { return Parameters().Add("rule", rule.name); }
  Parameters operator()(const BarrierName& barrier) const {
    return Parameters().Add("barrier", barrier.name);
  }
  Parameters operator()(const Everything& /*all*/) const { return Parameters().Add("all", true); }
};

Parameters Naming(const ReleaseRequest& request) {
  return std::visit(ReleaseNaming{}, request);
}

Parameters Naming(const SignalTarget& target) {
  if (const auto* process = std::get_if<ProcessName>(&target)) return Naming(*process);
  return Parameters().Add("service", std::get<ServiceName>(target).name);
}

}  // namespace

Answer<Nothing> Client::Send(std::string_view method, std::string_view parameters, bool more) {
  std::string message = "{\"method\":\"";
  if (method.find('.') == std::string_view::npos) message += kInterface;
  message += method;
  message += "\",\"parameters\":";
  message += parameters;
  if (more) message += ",\"more\":true";
  message += '}';
  return connection_.Send(message);
}

Answer<RawReply> Client::Call(std::string_view method, std::string_view parameters) {
  const auto sent = Send(method, parameters, false);
  if (!sent) return sent.error();
  const auto message = connection_.Receive();
  if (!message) return message.error();
  return ReadReply(*message);
}

Answer<Nothing> Client::CallMore(std::string_view method, std::string_view parameters,
                                 const std::function<Go(const RawReply&)>& each) {
  const auto sent = Send(method, parameters, true);
  if (!sent) return sent.error();
  for (;;) {
    const auto message = connection_.Receive();
    if (!message) return message.error();
    const auto reply = ReadReply(*message);
    if (!reply) return reply.error();
    if (each(*reply) == Go::kStop || !reply->continues) return Nothing{};
  }
}

Answer<std::string> Client::Ping() {
  return Member<std::string>(Call("Ping", "{}"), "instance");
}

Answer<RunStatus> Client::GetStatus() {
  return Member<RunStatus>(Call("GetStatus", "{}"), "status");
}

Answer<Nothing> Client::AskStatus() {
  return Send("GetStatus", "{}", false);
}

Answer<std::optional<RunStatus>> Client::TakeStatus() {
  const auto message = connection_.Take();
  if (!message) return message.error();
  if (!message->has_value()) return std::optional<RunStatus>();
  auto status = Member<RunStatus>(ReadReply(**message), "status");
  if (!status) return status.error();
  return std::optional<RunStatus>(std::move(*status));
}

Answer<std::vector<Process>> Client::ListProcesses() {
  return Gathered<Process>(*this, "ListProcesses", "processes");
}

Answer<DeathPage> Client::ListDeaths(const DeathQuery& query, int limit) {
  Parameters parameters;
  parameters.Add("after_seq", query.after_seq).Add("pid", query.pid);
  parameters.Add("service", query.service).Add("cause", query.cause);
  if (query.since) parameters.Add("since", FormatWallTime(*query.since));
  parameters.Add("limit", limit);
  return Whole<DeathPage>(Call("ListDeaths", parameters.text()));
}

Answer<std::vector<Death>> Client::ListAllDeaths(DeathQuery query, std::size_t keep) {
  std::vector<Death> all;
  for (;;) {
    auto page = ListDeaths(query);
    if (!page) return page.error();
    std::move(page->deaths.begin(), page->deaths.end(), std::back_inserter(all));
    if (all.size() > keep) {
      all.erase(all.begin(), all.end() - static_cast<std::ptrdiff_t>(keep));
    }
    // A page that brings us no further would be asked for again for ever.
    if (!page->more || page->looked_to_seq <= query.after_seq.value_or(-1)) return all;
    query.after_seq = page->looked_to_seq;
  }
}

Answer<Inspection> Client::Inspect(const ProcessName& process) {
  return Whole<Inspection>(Call("Inspect", Naming(process).text()));
}

Answer<std::vector<Hold>> Client::ListHeld() {
  return Gathered<Hold>(*this, "ListHeld", "held");
}

Answer<HoldRules> Client::ListHoldRules() {
  return Whole<HoldRules>(Call("ListHoldRules", "{}"));
}

Answer<std::vector<ForeignZombie>> Client::ListZombies() {
  return Gathered<ForeignZombie>(*this, "ListZombies", "zombies");
}

Answer<Blockers> Client::ListBlockers() {
  return Whole<Blockers>(Call("ListBlockers", "{}"));
}

Answer<std::string> Client::Explain() {
  return Member<std::string>(Call("Explain", "{}"), "text");
}

Answer<Lease> Client::HoldProcess(const HoldRequest& request) {
  Parameters parameters = Naming(request.process);
  parameters.Add("for_us", request.for_us);
  if (request.until_disconnect) parameters.Add("until_disconnect", true);
  return Whole<Lease>(Call("Hold", parameters.text()));
}

Answer<Released> Client::Release(const ReleaseRequest& request) {
  return Whole<Released>(Call("Release", Naming(request).text()));
}

Answer<AddedRule> Client::AddHoldRule(std::string_view rule) {
  return Whole<AddedRule>(Call("AddHoldRule", Parameters().Add("rule", rule).text()));
}

Answer<Nothing> Client::RemoveHoldRule(std::string_view name) {
  return Empty(Call("RemoveHoldRule", Parameters().Add("name", name).text()));
}

Answer<Nothing> Client::Signal(const SignalTarget& target, std::string_view signal) {
  return Empty(Call("Signal", Naming(target).Add("signal", signal).text()));
}

Answer<Nothing> Client::Shutdown() {
  return Empty(Call("Shutdown", "{}"));
}

Answer<Nothing> Client::SetLogLevel(std::string_view level) {
  return Empty(Call("SetLogLevel", Parameters().Add("level", level).text()));
}

Answer<Monitor> Client::StartMonitor(std::optional<std::int64_t> after_seq) && {
  const auto sent = Send("Monitor", Parameters().Add("after_seq", after_seq).text(), true);
  if (!sent) return sent.error();
  return Monitor(std::move(connection_));
}

Failure Client::WaitForDisconnect() {
  for (;;) {
    const auto message = connection_.Receive(std::nullopt);
    if (!message) return message.error();
  }
}

Answer<News> Monitor::Next(std::optional<Micros> time_us) {
  const auto message = connection_.Receive(time_us);
  if (!message) return message.error();
  return Whole<News>(ReadReply(*message));
}

Answer<std::optional<News>> Monitor::Take() {
  auto message = connection_.Take();
  if (!message) return message.error();
  if (!message->has_value()) return std::optional<News>();
  auto news = Whole<News>(ReadReply(**message));
  if (!news) return news.error();
  return std::optional<News>(std::move(*news));
}

}  // namespace reaperd::client
