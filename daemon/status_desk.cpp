#include "daemon/status_desk.h"

#include <unistd.h>

#include <string>
#include <utility>

#include "base/text.h"
#include "daemon/version.h"
#include "sys/socket_path.h"

namespace reaperd::daemon {

Status StatusDesk::OpenNamed(const model::StatusSocketSpec& spec) {
  if (spec.where != model::StatusSocketSpec::Where::kPath) return {};
  auto found = sys::ListenAtFirst({.named = spec.path}, spec.group);
  if (!found) return found.error().WithContext("--status-socket '" + Printable(spec.path) + "'");
  socket_ = std::move(found).value().socket;
  return {};
}

Status StatusDesk::Serve(const model::StatusSocketSpec& spec, const Surroundings& around) {
  if (socket_.fd() < 0) {
    // What the variable says is in the spec.
    auto found = sys::ListenAtFirst(sys::UsualSocketSearch(), spec.group);
    if (!found) return found.error();
    socket_ = std::move(found).value().socket;
  }
  // Now, and not for the first client: others could have used up the descriptors that it takes.
  const sys::OverflowIds overflow = sys::ReadOverflowIds();
  auto server = status::StatusServer::Create(
      around.loop, around.ops, around.control, socket_.fd(),
      {.version = std::string(kVersion),
       .instance = around.deaths.Json().instance,
       .wall_offset_us = [&deaths = around.deaths] { return deaths.Json().wall_offset_us; },
       .rights = {.our_uid = geteuid(),
                  .group = spec.group,
                  .overflow_uid = overflow.uid,
                  .overflow_gid = overflow.gid}});
  if (!server) {
    socket_.Close();
    return server.error();
  }
  server_ = std::move(server).value();
  around.events.Attach(&server_->event_log());
  return {};
}

void StatusDesk::Stop(EventFeed& events) {
  events.Attach(nullptr);
  server_.reset();
  socket_.Close();
}

}  // namespace reaperd::daemon
