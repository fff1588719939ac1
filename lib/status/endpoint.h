// What a method of the status socket is made of: a call comes in as an Exchange, and an Answer comes
// out. Handlers see neither JSON of the client nor the connection.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "model/lease.h"
#include "model/peer.h"
#include "status/arguments.h"
#include "status/control_plane.h"
#include "status/latest_list.h"
#include "status/peer_rights.h"
#include "status/socket_counters.h"
#include "status/status_json.h"

namespace reaperd::status {

class EventLog;

/// Who asks.
struct Caller {
  model::ClientId id = 0;
  Right right = Right::kNone;
  model::SignalSender sender;    ///< pid and uid as the kernel told them
  std::optional<uid_t> own_uid;  ///< see OwnUid
  [[nodiscard]] Audience audience() const {
    return {.all = right == Right::kAdmin, .own_uid = own_uid};
  }
};

/// The parameters of a reply, a JSON object; with a descriptor, if it brings one.
struct Reply {
  std::string parameters;
  UniqueFd descriptor;
};

struct Refusal {
  std::string error;       ///< with its interface
  std::string parameters;  ///< a JSON object
};

/// A reply in several parts. It belongs to the connection, and ends with it.
class ReplyStream {
 public:
  enum class State {
    kMore,     ///< `parameters` is a reply, others follow
    kLast,     ///< it is the last one
    kWaiting,  ///< there is none now: the connection is woken when there is
  };
  struct Part {
    State state = State::kLast;
    std::string parameters;
  };

  ReplyStream() = default;
  ReplyStream(const ReplyStream&) = delete;
  ReplyStream& operator=(const ReplyStream&) = delete;
  virtual ~ReplyStream() = default;

  /// Called when there is room for another part.
  virtual Part Next() = 0;
};

/// The answer is given later, by Exchange::later.
struct AnswerLater {};

using Answer = std::variant<Reply, Refusal, std::unique_ptr<ReplyStream>, AnswerLater>;

/// Takes what makes the answer, and has it made if the client is still there. May be kept and called
/// for as long as one likes.
using LateAnswer = std::function<void(const std::function<Answer()>& make)>;

/// What all calls share. All of it outlives the calls.
struct Service {
  ControlPlane& control;
  EventLog& events;
  LatestList<model::ProcessView>& processes;
  LatestList<model::ForeignZombie>& zombies;
  const Clock& clock;
  std::string version;
  std::string instance;
  std::function<Micros()> wall_offset_us;  ///< wall time minus CLOCK_BOOTTIME, now
  std::function<SocketCounters()> counters;
  std::function<void()> on_gap;  ///< a monitor is told that it lost events

  [[nodiscard]] JsonContext ContextFor(Audience audience) const {
    return {.instance = instance, .wall_offset_us = wall_offset_us(), .audience = audience};
  }
};

/// Whether the client takes several replies.
enum class Replies { kOne, kSeveral };

struct Exchange {
  const Service& service;
  const Caller& caller;
  const Arguments& arguments;
  Replies replies = Replies::kOne;
  const LateAnswer& later;

  [[nodiscard]] JsonContext context() const { return service.ContextFor(caller.audience()); }
};

using Handler = Answer (*)(const Exchange& exchange);

enum class Answers { kAtOnce, kLater };

struct Endpoint {
  std::string_view method;  ///< with its interface
  Right right = Right::kAdmin;
  /// kSeveral: without "more" it is refused (ExpectedMore).
  Replies least_replies = Replies::kOne;
  Handler handler = nullptr;
  std::span<const Parameter> parameters;
  std::string_view doc;
  /// kLater: it does nothing but look for an answer, so it is not begun where none is wanted (oneway).
  Answers answers = Answers::kAtOnce;
};

}  // namespace reaperd::status
