#include "ctl/session.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>
#include <variant>

#include "base/error.h"
#include "ctl/display.h"

namespace reaperd::ctl {
namespace {

struct Advice {
  int code;
  std::string_view text;
};

// TABLE: what to try, by the errors that were met; each is said once, in this order.
constexpr std::array<Advice, 6> kAdvice{{
    {EACCES,
     "it belongs to another user: try sudo, or let reaperd admit a group "
     "(reaperd --socket-group GROUP)"},
    {EPERM,
     "a directory that others can change is not trusted; if it is reaperd's, name the "
     "socket: --socket PATH"},
    {ECONNREFUSED, "reaperd ended and left its socket behind, or it is just starting"},
    {EAGAIN, "reaperd is there but takes no more connections: try again"},
    {ENOENT,
     "reaperd does not run here, or has no status socket: as PID 1 it has one, elsewhere "
     "start it with --status-socket PATH"},
    {ENOENT, "it runs in a container: docker exec CONTAINER reaperctl ..."},
}};

}  // namespace

std::string ConnectAdvice(const client::ConnectFailure& failure, uid_t euid) {
  std::string text = "cannot reach reaperd\n";
  for (const auto& attempt : failure.attempts)
    text += "  " + Harmless(attempt.path) + ": " + Harmless(attempt.message) + "\n";
  const auto met = [&](int code) {
    return std::any_of(failure.attempts.begin(), failure.attempts.end(),
                       [code](const auto& attempt) { return attempt.code == code; });
  };
  text += "What to try:\n";
  std::size_t said = 0;
  for (const Advice& advice : kAdvice) {
    if (!met(advice.code)) continue;
    text += "  - " + std::string(advice.text) + "\n";
    ++said;
  }
  if (euid != 0 && !failure.named && !met(EACCES)) {
    text += "  - it runs as another user: try sudo\n";
    ++said;
  }
  // Only that of our own user is looked at: see sys/socket_path.h.
  if (!failure.named && met(ENOENT)) {
    text +=
        "  - it runs as another user, whose UID says where: "
        "--socket /dev/shm/reaperd-UID/reaperd.sock\n";
    ++said;
  }
  if (said == 0) text += "  - another path: --socket PATH, or $REAPERD_STATUS_SOCKET\n";
  return text;
}

View Session::view() const {
  const bool terminal = surroundings_.width.has_value();
  const bool colors = globals_.color == "always" ||
                      (globals_.color == "auto" && terminal && !surroundings_.no_color);
  return {.width = surroundings_.width,
          .colors = colors ? Colors::kYes : Colors::kNo,
          .times = globals_.times,
          .now = WallNow()};
}

int Session::Show(std::string_view text) {
  out_.Write(text);
  return Finish();
}

bool Session::ShowNow(std::string_view text) {
  out_.Write(text);
  return out_.Flush();
}

int Session::Finish() {
  if (out_.Flush()) return kDone;
  if (out_.error() == EPIPE) return kBrokenPipe;
  Complain("cannot write: " + ErrnoText(out_.error()));
  return kRefused;
}

void Session::Complain(std::string_view text) const {
  Output err(surroundings_.err);
  err.Write("reaperctl: " + Harmless(text) + "\n");
  err.Flush();
}

std::unique_ptr<client::Client> Session::Connect() const {
  auto connected = client::Connect(globals_.socket, surroundings_.search);
  if (auto* connection = std::get_if<client::Connection>(&connected)) {
    return std::make_unique<client::Client>(std::move(*connection));
  }
  Output err(surroundings_.err);
  const auto& failure = std::get<client::ConnectFailure>(connected);
  err.Write("reaperctl: " + ConnectAdvice(failure, surroundings_.search.euid));
  err.Flush();
  return nullptr;
}

int Session::Explain(const client::Failure& failure) const {
  const bool named = failure.kind == client::Failure::Kind::kRefused && !failure.error.empty() &&
                     failure.error != failure.message;
  Complain(failure.message + (named ? " (" + failure.error + ")" : ""));
  return failure.kind == client::Failure::Kind::kConnection ? kUnreachable : kRefused;
}

}  // namespace reaperd::ctl
