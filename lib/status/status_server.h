// StatusServer: the status socket on the loop. Takes connections, decides by the kernel's word who
// may do what, and serves all clients in turn within the time of a turn of the loop.
//
// Owned by the daemon, as are the loop, the control plane and the listening descriptor, which all
// live longer. Never waits, never fails after Create: what the system refuses is counted. Idle
// clients cost no wake-up. An answer that comes when its client, or the server itself, is gone is
// dropped.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "event/event_loop.h"
#include "status/client_session.h"
#include "status/control_plane.h"
#include "status/event_log.h"
#include "status/peer_rights.h"
#include "status/socket_counters.h"
#include "sys/process_ops.h"

namespace reaperd::status {

class StatusServer {
 public:
  struct Settings {
    std::string version;
    std::string instance;                    ///< names this run; hexadecimal
    std::function<Micros()> wall_offset_us;  ///< wall time minus CLOCK_BOOTTIME, now
    RightsInputs rights;
  };

  /// `listening_fd` is non-blocking; -1: none, clients are only adopted.
  static Result<std::unique_ptr<StatusServer>> Create(event::EventLoop& loop, sys::ProcessOps& ops,
                                                      ControlPlane& control, int listening_fd,
                                                      Settings settings);
  StatusServer(const StatusServer&) = delete;
  StatusServer& operator=(const StatusServer&) = delete;
  ~StatusServer();

  /// Serves a connection that we made ourselves (a socket pair), with this right and no more.
  Status Adopt(UniqueFd fd, Right right);

  [[nodiscard]] SocketCounters counters() const;
  [[nodiscard]] EventLog& event_log() { return events_; }

 private:
  struct Client {
    ClientSession session;
    event::SourceId source = 0;
    bool queued = false;
    bool watching_output = false;
  };

  StatusServer(event::EventLoop& loop, sys::ProcessOps& ops, ControlPlane& control,
               Settings settings);
  Status Listen(int listening_fd);

  event::After AcceptSome(event::Turn& turn);
  /// False: nothing can be accepted now.
  bool AcceptOne();
  void Admit(UniqueFd fd);
  void TurnAway(const UniqueFd& fd, const Refusal& refusal);
  Status AddClient(UniqueFd fd, Caller caller);

  void OnEpoll(model::ClientId id, std::uint32_t events);
  void Enqueue(model::ClientId id, Client& client);
  event::After ServeQueue(event::Turn& turn);
  void Serve(model::ClientId id);
  void WatchOutput(Client& client, bool watch);
  void Drop(model::ClientId id);
  void WakeFollowers();

  LateAnswer PromiseTo(model::ClientId id, std::uint64_t request);
  void OnLateAnswer(model::ClientId id, std::uint64_t request, const std::function<Answer()>& make);

  event::EventLoop& loop_;
  sys::ProcessOps& ops_;
  Settings settings_;
  EventLog events_;
  LatestList<model::ProcessView> processes_;
  LatestList<model::ForeignZombie> zombies_;
  Service service_;
  SocketCounters counters_;
  ClientSession::Around around_;
  event::SourceId queue_job_;
  event::DeadlineId accept_again_;
  int listening_fd_ = -1;
  std::optional<event::SourceId> listening_;
  model::ClientId last_id_ = 0;
  std::map<model::ClientId, Client> clients_;
  std::deque<model::ClientId> queue_;  ///< to be served, in turn
  /// Promises hold it weakly: gone when we are.
  std::shared_ptr<StatusServer*> alive_;
};

}  // namespace reaperd::status
