// Verbs that show one answer: status, ps, zombies, held, blockers, explain, ping.
#include <iterator>
#include <utility>

#include "ctl/process_files.h"
#include "ctl/show.h"
#include "ctl/verbs.h"

namespace reaperd::ctl {
namespace {

/// Each value's JSON on a line.
template <typename T>
int ShowObjects(Session& session, const std::vector<T>& values) {
  for (const T& value : values)
    session.out().Write(value.json + "\n");
  return session.Finish();
}

/// One call, and what to do with its answer.
template <typename Call, typename Show>
int Answered(Session& session, Call call, Show show) {
  const auto client = session.Connect();
  if (!client) return kUnreachable;
  const auto answer = call(*client);
  if (!answer) return session.Explain(answer.error());
  return show(*answer);
}

std::vector<ProcessRow> Completed(const Session& session, client::Client& client,
                                  const std::vector<client::Process>& processes) {
  std::vector<ProcessRow> rows;
  rows.reserve(processes.size());
  const std::string& proc = session.surroundings().proc;
  const auto status = client.GetStatus();
  const bool same = status && SeesSameProcesses(proc, client.connection().peer_pid(), status->pid);
  const ProcessFiles files(proc);
  for (const client::Process& process : processes)
    rows.push_back(same ? files.Complete(process) : ProcessRow{process, std::nullopt, {}});
  return rows;
}

}  // namespace

int RunStatus(Session& session, const Arguments& /*arguments*/) {
  return Answered(
      session, [](client::Client& client) { return client.GetStatus(); },
      [&](const client::RunStatus& status) {
        return session.Show(session.json() ? status.json + "\n"
                                           : ShowStatus(status, session.view()));
      });
}

int RunPs(Session& session, const Arguments& arguments) {
  const auto client = session.Connect();
  if (!client) return kUnreachable;
  const auto processes = client->ListProcesses();
  if (!processes) return session.Explain(processes.error());
  if (session.json()) return ShowObjects(session, *processes);
  const Order order = arguments.Has("--tree") ? Order::kTree : Order::kPid;
  const auto rows = Arrange(Completed(session, *client, *processes), order);
  return session.Show(ShowProcesses(rows, session.view()));
}

int RunZombies(Session& session, const Arguments& /*arguments*/) {
  const auto client = session.Connect();
  if (!client) return kUnreachable;
  const auto held = client->ListHeld();
  if (!held) return session.Explain(held.error());
  const auto foreign = client->ListZombies();
  if (!foreign) return session.Explain(foreign.error());
  if (!session.json()) return session.Show(ShowZombies(*held, *foreign, session.view()));
  for (const client::Hold& hold : *held)
    session.out().Write("{\"held\":" + hold.json + "}\n");
  for (const client::ForeignZombie& zombie : *foreign)
    session.out().Write("{\"foreign\":" + zombie.json + "}\n");
  return session.Finish();
}

int RunHeld(Session& session, const Arguments& /*arguments*/) {
  return Answered(
      session, [](client::Client& client) { return client.ListHeld(); },
      [&](const std::vector<client::Hold>& held) {
        if (session.json()) return ShowObjects(session, held);
        return session.Show(ShowHeld(held, session.view()));
      });
}

int RunBlockers(Session& session, const Arguments& /*arguments*/) {
  return Answered(
      session, [](client::Client& client) { return client.ListBlockers(); },
      [&](const client::Blockers& blockers) {
        if (session.json()) return ShowObjects(session, blockers.processes);
        return session.Show(ShowBlockers(blockers, session.view()));
      });
}

int RunExplain(Session& session, const Arguments& /*arguments*/) {
  const auto client = session.Connect();
  if (!client) return kUnreachable;
  if (session.json()) {
    const auto reply = client->Call("Explain", "{}");
    return reply ? session.Show(reply->parameters + "\n") : session.Explain(reply.error());
  }
  const auto text = client->Explain();
  if (!text) return session.Explain(text.error());
  return session.Show(text->ends_with('\n') ? *text : *text + "\n");
}

int RunPing(Session& session, const Arguments& /*arguments*/) {
  const auto client = session.Connect();
  if (!client) return kUnreachable;
  if (session.json()) {
    const auto reply = client->Call("Ping", "{}");
    return reply ? session.Show(reply->parameters + "\n") : session.Explain(reply.error());
  }
  const auto instance = client->Ping();
  return instance ? session.Show(*instance + "\n") : session.Explain(instance.error());
}

}  // namespace reaperd::ctl
