// Verbs about deaths: deaths, why, inspect.
#include <set>
#include <utility>
#include <variant>

#include "base/text.h"
#include "ctl/show.h"
#include "ctl/verbs.h"
#include "ctl/why.h"

namespace reaperd::ctl {
namespace {

constexpr std::size_t kDefaultLimit = 100;

client::DeathQuery QueryOf(const Arguments& arguments, const View& view) {
  return {.after_seq = std::nullopt,
          .pid = arguments.Number("--pid"),
          .service = arguments.Text("--service"),
          .cause = arguments.Text("--cause"),
          .since = arguments.Instant("--since", view.now)};
}

bool Matches(const client::DeathQuery& query, const client::Death& death) {
  return (!query.pid || death.pid == *query.pid) &&
         (!query.service || death.service == query.service) &&
         (!query.cause || death.verdict.cause == *query.cause) &&
         (!query.since || death.died_at >= *query.since);
}

/// Prints deaths as they come, each once.
class Follower {
 public:
  Follower(Session& session, client::DeathQuery query)
      : session_(session), query_(std::move(query)) {}

  /// False: nobody reads it any more.
  bool Print(const client::Death& death) {
    if (!Matches(query_, death) || !seen_.insert(death.seq).second) return true;
    if (session_.json()) return session_.ShowJson(death.json);
    return session_.ShowNow(DeathLine(death, session_.view()));
  }

  /// A record is complete with the reap, or as soon as it is held.
  bool Take(const client::News& news) {
    if (const auto* gap = std::get_if<client::Gap>(&news.what)) {
      session_.Complain(std::to_string(gap->to - gap->from + 1) +
                        " events are lost: deaths may be missing here");
      return true;
    }
    const auto* event = std::get_if<client::Event>(&news.what);
    if (event == nullptr) return true;
    if (const auto* reaped = std::get_if<client::ReapedEvent>(&event->body)) {
      return Print(reaped->death);
    }
    const auto* held = std::get_if<client::HeldEvent>(&event->body);
    return held == nullptr || Print(held->hold.record);
  }

 private:
  Session& session_;
  client::DeathQuery query_;
  std::set<std::int64_t> seen_;
};

/// Monitor first, then the list: what dies between is in both, and shown once.
int Follow(Session& session, client::Client lister, const client::DeathQuery& query,
           std::size_t limit) {
  auto second = session.Connect();
  if (!second) return kUnreachable;
  auto monitor = std::move(*second).StartMonitor();
  if (!monitor) return session.Explain(monitor.error());
  // Its first word: from here on nothing is missed.
  auto news = monitor->Next(client::kAnswerTime_us);
  if (!news) return session.Explain(news.error());
  const auto deaths = lister.ListAllDeaths(query, limit);
  if (!deaths) return session.Explain(deaths.error());
  Follower follower(session, query);
  for (const client::Death& death : *deaths)
    if (!follower.Print(death)) return session.Finish();
  while (news) {
    if (!follower.Take(*news)) return session.Finish();
    news = monitor->Next();
  }
  return session.Explain(news.error());
}

std::optional<client::Process> Living(client::Client& client, std::int64_t pid) {
  const auto processes = client.ListProcesses();
  if (!processes) return std::nullopt;
  for (const client::Process& process : *processes) {
    if (process.pid == pid && process.state != "held") return process;
  }
  return std::nullopt;
}

/// The paragraph; the record with what is around it, for programs.
int ShowWhy(Session& session, const WhyFacts& facts) {
  if (!session.json()) return session.Show(WhyText(facts, session.view()));
  std::string around;
  for (const client::Death& death : facts.around)
    around += (around.empty() ? "" : ",") + death.json;
  return session.Show("{\"death\":" + facts.death.json + ",\"around\":[" + around + "]}\n");
}

int NoSuchDeath(Session& session, std::int64_t pid, const client::Failure& failure,
                const std::optional<client::Process>& living) {
  if (failure.error != "NotFound") return session.Explain(failure);
  if (!living) {
    session.Complain("no process " + std::to_string(pid) +
                     " lives below reaperd, and no death of it is on record");
    return kRefused;
  }
  const int shown = session.Show(session.json() ? "{\"process\":" + living->json + "}\n"
                                                : AliveText(*living, session.view()));
  return shown == kDone ? kRefused : shown;
}

}  // namespace

int RunDeaths(Session& session, const Arguments& arguments) {
  auto client = session.Connect();
  if (!client) return kUnreachable;
  const auto query = QueryOf(arguments, session.view());
  const auto limit = static_cast<std::size_t>(arguments.Number("--limit").value_or(kDefaultLimit));
  if (arguments.Has("--follow")) return Follow(session, std::move(*client), query, limit);
  const auto deaths = client->ListAllDeaths(query, limit);
  if (!deaths) return session.Explain(deaths.error());
  if (!session.json()) return session.Show(ShowDeaths(*deaths, session.view()));
  for (const client::Death& death : *deaths)
    session.out().Write(death.json + "\n");
  return session.Finish();
}

int RunWhy(Session& session, const Arguments& arguments) {
  const auto client = session.Connect();
  if (!client) return kUnreachable;
  const auto pid = static_cast<std::int64_t>(ParseUnsigned(arguments.At(0)).value_or(0));
  const auto living = Living(*client, pid);
  auto inspection = client->Inspect({.pid = pid, .id = std::nullopt});
  if (!inspection) return NoSuchDeath(session, pid, inspection.error(), living);
  WhyFacts facts{.death = std::move(*inspection), .around = {}, .successor = std::nullopt};
  // "dead" is this death itself, which is not reaped yet.
  if (living && living->state != "dead") facts.successor = living;
  const WallMicros died = facts.death.record.died_at;
  client::DeathQuery query{.since = died - kBefore_us};
  auto around = client->ListAllDeaths(query);
  if (!around) return session.Explain(around.error());
  for (client::Death& death : *around) {
    if (death.died_at <= died + kAfter_us) facts.around.push_back(std::move(death));
  }
  const int shown = ShowWhy(session, facts);
  return shown == kDone && facts.successor && facts.successor->state == "alive" ? kRefused : shown;
}

int RunInspect(Session& session, const Arguments& arguments) {
  const auto client = session.Connect();
  if (!client) return kUnreachable;
  const auto pid = static_cast<std::int64_t>(ParseUnsigned(arguments.At(0)).value_or(0));
  const auto inspection = client->Inspect({.pid = pid, .id = std::nullopt});
  if (!inspection) return session.Explain(inspection.error());
  return session.Show(session.json() ? inspection->json + "\n"
                                     : ShowInspection(*inspection, session.view()));
}

}  // namespace reaperd::ctl
