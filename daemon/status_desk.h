// StatusDesk: the status socket of a run: where it is, and the server behind it. Owned by Daemon.
//
// A socket that the user named is opened before main is started, so that what is wrong with it is
// an error of the start. One at the usual places follows the start, which it must not delay, and is
// done without where there is no place for it.
#pragma once

#include <memory>

#include "base/result.h"
#include "daemon/death_desk.h"
#include "daemon/event_feed.h"
#include "event/event_loop.h"
#include "model/run_spec.h"
#include "status/control_plane.h"
#include "status/status_server.h"
#include "sys/process_ops.h"
#include "sys/unix_socket.h"

namespace reaperd::daemon {

class StatusDesk {
 public:
  struct Surroundings {
    event::EventLoop& loop;
    sys::ProcessOps& ops;
    status::ControlPlane& control;
    DeathDesk& deaths;
    EventFeed& events;
  };

  StatusDesk() = default;
  StatusDesk(const StatusDesk&) = delete;
  StatusDesk& operator=(const StatusDesk&) = delete;

  /// Listens at a path that was named; nothing happens for the usual places. The error names the
  /// option.
  Status OpenNamed(const model::StatusSocketSpec& spec);
  /// Listens at the usual places, if that was not done, and serves until Stop.
  Status Serve(const model::StatusSocketSpec& spec, const Surroundings& around);
  /// Takes the socket away; clients see the end of their connection.
  void Stop(EventFeed& events);

  /// Empty: there is none.
  [[nodiscard]] const std::string& path() const { return socket_.path(); }

 private:
  sys::ListeningSocket socket_;
  std::unique_ptr<status::StatusServer> server_;
};

}  // namespace reaperd::daemon
