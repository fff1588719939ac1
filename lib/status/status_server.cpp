#include "status/status_server.h"

#include <sys/epoll.h>

#include <cerrno>
#include <span>
#include <utility>

#include "status/refusals.h"
#include "sys/unix_socket.h"

namespace reaperd::status {
namespace {

using event::After;
using event::Priority;

constexpr int kAcceptsPerTurn = 16;
// Edge-triggered: a client that we do not read from, since it does not take its replies, must not
// wake us again and again. Writability is asked for only while a reply waits
// (docs/kernel-facts.md#who-has-half-closed).
constexpr std::uint32_t kInput = EPOLLIN | EPOLLRDHUP | EPOLLET;
constexpr std::uint32_t kInputAndOutput = kInput | EPOLLOUT;

}  // namespace

Result<std::unique_ptr<StatusServer>> StatusServer::Create(event::EventLoop& loop,
                                                           sys::ProcessOps& ops,
                                                           ControlPlane& control, int listening_fd,
                                                           Settings settings) {
  std::unique_ptr<StatusServer> server(new StatusServer(loop, ops, control, std::move(settings)));
  if (listening_fd >= 0) {
    if (Status status = server->Listen(listening_fd); !status) return status.error();
  }
  return server;
}

StatusServer::StatusServer(event::EventLoop& loop, sys::ProcessOps& ops, ControlPlane& control,
                           Settings settings)
    : loop_(loop),
      ops_(ops),
      settings_(std::move(settings)),
      events_(ops, [this] { return service_.ContextFor({}); }),
      service_{.control = control,
               .events = events_,
               .processes = processes_,
               .zombies = zombies_,
               .clock = ops,
               .version = settings_.version,
               .instance = settings_.instance,
               .wall_offset_us = settings_.wall_offset_us,
               .counters = [this] { return counters(); },
               .on_gap = [this] { ++counters_.gaps; }},
      around_{.ops = ops,
              .service = service_,
              .counters = counters_,
              .promise = [this](model::ClientId id,
                                std::uint64_t request) { return PromiseTo(id, request); }},
      // After all descriptors of the turn: so that clients are served in turn, not by their number.
      queue_job_(
          loop.AddJob(Priority::kJobs, [this](event::Turn& turn) { return ServeQueue(turn); })),
      accept_again_(loop.AddDeadline([this] {
        if (listening_) loop_.Wake(*listening_);
      })),
      alive_(std::make_shared<StatusServer*>(this)) {
  events_.OnNews([this] { WakeFollowers(); });
}

StatusServer::~StatusServer() {
  alive_.reset();
  if (listening_) loop_.RemoveIo(*listening_);
  listening_.reset();
  loop_.ClearDeadline(accept_again_);
  loop_.RemoveIo(queue_job_);
  for (auto& [id, client] : clients_)
    loop_.RemoveIo(client.source);
}

Status StatusServer::Listen(int listening_fd) {
  auto source = loop_.AddIo(listening_fd, EPOLLIN | EPOLLET, Priority::kClients,
                            [this](std::uint32_t, event::Turn& turn) { return AcceptSome(turn); });
  if (!source) return source.error();
  listening_fd_ = listening_fd;
  listening_ = *source;
  return {};
}

After StatusServer::AcceptSome(event::Turn& turn) {
  for (int count = 0; count < kAcceptsPerTurn; ++count) {
    if (!AcceptOne()) return After::kWait;
    if (turn.OverNow()) break;
  }
  return After::kMore;
}

bool StatusServer::AcceptOne() {
  const int fd = sys::AcceptUnix(listening_fd_);
  if (fd >= 0) {
    Admit(UniqueFd(fd));
    return true;
  }
  if (fd == -EINTR || fd == -ECONNABORTED) return true;
  if (fd == -EAGAIN) return false;
  // No descriptor or memory left. Those who wait stay in the queue, and no edge will tell of them.
  ++counters_.accept_failures;
  loop_.SetDeadline(accept_again_, loop_.Now() + kAcceptPause_us);
  return false;
}

void StatusServer::Admit(UniqueFd fd) {
  ++counters_.accepted;
  const auto peer = sys::PeerOf(fd.get());
  if (!peer) return;
  const RightsInputs& inputs = settings_.rights;
  const bool shares = !NamespaceMatters(*peer, inputs) ||
                      sys::PeerSharesUserNamespace(fd.get(), peer->pid).value_or(false);
  const Right right = RightOf(*peer, inputs, shares);
  if (right == Right::kNone) {
    ++counters_.refused;
    TurnAway(fd, PermissionDenied(Right::kRead,
                                  "this socket is for root, for the user of reaperd "
                                  "and for the socket's group"));
    return;
  }
  const std::size_t places = right == Right::kAdmin ? kMaxClients : kMaxClients - kAdminPlaces;
  if (clients_.size() >= places) {
    ++counters_.turned_away;
    TurnAway(fd, TooManyClients());
    return;
  }
  Caller caller{.right = right,
                .sender = {.pid = peer->pid, .uid = peer->uid},
                .own_uid = OwnUid(*peer, inputs, shares)};
  static_cast<void>(AddClient(std::move(fd), std::move(caller)));
}

void StatusServer::TurnAway(const UniqueFd& fd, const Refusal& refusal) {
  // It has an empty buffer: this fits, and reaches the client whatever that sends
  // (docs/kernel-facts.md#closing-with-something-unread).
  const std::string text = RefusalText(refusal, sys::Terminator::kNul);
  static_cast<void>(ops_.Send(fd.get(), std::as_bytes(std::span(text))));
}

Status StatusServer::Adopt(UniqueFd fd, Right right) {
  return AddClient(std::move(fd), {.right = right});
}

Status StatusServer::AddClient(UniqueFd fd, Caller caller) {
  const model::ClientId id = ++last_id_;
  caller.id = id;
  const int number = fd.get();
  auto source = loop_.AddIo(number, kInput, Priority::kClients,
                            [this, id](std::uint32_t events, event::Turn&) {
                              OnEpoll(id, events);
                              return After::kWait;
                            });
  if (!source) {
    ++counters_.accept_failures;
    return source.error();
  }
  clients_.emplace(
      id, Client{.session = ClientSession(std::move(fd), std::move(caller)), .source = *source});
  return {};
}

void StatusServer::OnEpoll(model::ClientId id, std::uint32_t events) {
  const auto at = clients_.find(id);
  if (at == clients_.end()) return;
  at->second.session.OnEpoll(events);
  Enqueue(id, at->second);
}

void StatusServer::Enqueue(model::ClientId id, Client& client) {
  if (client.queued) return;
  client.queued = true;
  queue_.push_back(id);
  loop_.Wake(queue_job_);
}

After StatusServer::ServeQueue(event::Turn& turn) {
  while (!queue_.empty()) {
    const model::ClientId id = queue_.front();
    queue_.pop_front();
    Serve(id);
    if (turn.OverNow()) break;
  }
  return queue_.empty() ? After::kWait : After::kMore;
}

void StatusServer::Serve(model::ClientId id) {
  const auto at = clients_.find(id);
  if (at == clients_.end()) return;
  Client& client = at->second;
  client.queued = false;
  const ClientSession::Progress progress = client.session.Step(around_);
  switch (progress) {
    case ClientSession::Progress::kGone:
      Drop(id);
      return;
    case ClientSession::Progress::kMore:
      Enqueue(id, client);
      break;
    case ClientSession::Progress::kIdle:
    case ClientSession::Progress::kBlocked:
      break;
  }
  WatchOutput(client, progress == ClientSession::Progress::kBlocked);
}

void StatusServer::WatchOutput(Client& client, bool watch) {
  if (client.watching_output == watch) return;
  client.watching_output = watch;
  static_cast<void>(loop_.ChangeIo(client.source, watch ? kInputAndOutput : kInput));
}

void StatusServer::Drop(model::ClientId id) {
  const auto at = clients_.find(id);
  loop_.RemoveIo(at->second.source);
  clients_.erase(at);
  service_.control.OnClientGone(id);
}

void StatusServer::WakeFollowers() {
  for (auto& [id, client] : clients_) {
    if (!client.session.wants_news()) continue;
    client.session.OnNews();
    Enqueue(id, client);
  }
}

LateAnswer StatusServer::PromiseTo(model::ClientId id, std::uint64_t request) {
  return [alive = std::weak_ptr(alive_), id, request](const std::function<Answer()>& make) {
    if (const auto server = alive.lock()) (*server)->OnLateAnswer(id, request, make);
  };
}

void StatusServer::OnLateAnswer(model::ClientId id, std::uint64_t request,
                                const std::function<Answer()>& make) {
  const auto at = clients_.find(id);
  if (at == clients_.end() || !at->second.session.Awaits(request)) return;
  at->second.session.OnLateAnswer(request, make(), counters_);
  Enqueue(id, at->second);
}

SocketCounters StatusServer::counters() const {
  SocketCounters counters = counters_;
  counters.clients = clients_.size();
  counters.monitors = events_.followers();
  return counters;
}

}  // namespace reaperd::status
