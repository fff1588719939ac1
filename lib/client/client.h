// Client: the methods of io.reaperd.Manager as calls with values. One owner, one connection; a call
// blocks until it is answered, or for kAnswerTime_us. Monitor takes the connection for itself.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "client/answer.h"
#include "client/connection.h"
#include "client/death.h"
#include "client/event.h"
#include "client/hold.h"
#include "client/process.h"
#include "client/status.h"

namespace reaperd::client {

/// One process: with its id, never another one that has the number by now.
struct ProcessName {
  std::int64_t pid = 0;
  std::optional<std::string> id;
};
struct ServiceName {
  std::string name;
};
struct RuleName {
  std::string name;
};
struct BarrierName {
  std::string name;
};
struct Everything {};

struct HoldRequest {
  ProcessName process;
  std::optional<Micros> for_us;
  bool until_disconnect = false;
};
using ReleaseRequest = std::variant<ProcessName, RuleName, BarrierName, Everything>;
using SignalTarget = std::variant<ProcessName, ServiceName>;

/// A reply's parameters, as JSON.
struct RawReply {
  std::string parameters;
  bool continues = false;
};

/// News as it comes. The first is the snapshot, in parts, unless it was asked to go on from a seq.
class Monitor {
 public:
  [[nodiscard]] int fd() const { return connection_.fd(); }
  /// nullopt as a time: for ever. A time that is over is ETIMEDOUT.
  Answer<News> Next(std::optional<Micros> time_us = std::nullopt);
  /// Never waits; nullopt: nothing there.
  Answer<std::optional<News>> Take();

 private:
  friend class Client;
  explicit Monitor(Connection connection) : connection_(std::move(connection)) {}

  Connection connection_;
};

class Client {
 public:
  explicit Client(Connection connection) : connection_(std::move(connection)) {}

  [[nodiscard]] const Connection& connection() const { return connection_; }

  /// The instance that answers.
  Answer<std::string> Ping();
  Answer<RunStatus> GetStatus();
  /// The same in two steps, for who waits for other things, too: connection().fd() tells of the
  /// answer. No other call before it is taken.
  Answer<Nothing> AskStatus();
  /// Never waits; nullopt: no answer yet.
  Answer<std::optional<RunStatus>> TakeStatus();
  Answer<std::vector<Process>> ListProcesses();
  /// One page, of up to `limit`.
  Answer<DeathPage> ListDeaths(const DeathQuery& query, int limit = 1000);
  /// All pages; of them the last `keep`.
  Answer<std::vector<Death>> ListAllDeaths(DeathQuery query, std::size_t keep = SIZE_MAX);
  Answer<Inspection> Inspect(const ProcessName& process);
  Answer<std::vector<Hold>> ListHeld();
  Answer<HoldRules> ListHoldRules();
  Answer<std::vector<ForeignZombie>> ListZombies();
  Answer<Blockers> ListBlockers();
  Answer<std::string> Explain();

  Answer<Lease> HoldProcess(const HoldRequest& request);
  Answer<Released> Release(const ReleaseRequest& request);
  Answer<AddedRule> AddHoldRule(std::string_view rule);
  Answer<Nothing> RemoveHoldRule(std::string_view name);
  Answer<Nothing> Signal(const SignalTarget& target, std::string_view signal);
  Answer<Nothing> Shutdown();
  Answer<Nothing> SetLogLevel(std::string_view level);

  /// This client's connection is the monitor's then: it can call nothing more.
  Answer<Monitor> StartMonitor(std::optional<std::int64_t> after_seq = std::nullopt) &&;

  /// Until the other end closes, or a signal ends us: for what lasts as long as the connection.
  Failure WaitForDisconnect();

  /// Of any method: the parameters as JSON, in and out.
  Answer<RawReply> Call(std::string_view method, std::string_view parameters);
  /// The same, with "more": a call of `each` per reply. It may say that it is enough.
  enum class Go { kOn, kStop };
  Answer<Nothing> CallMore(std::string_view method, std::string_view parameters,
                           const std::function<Go(const RawReply&)>& each);

 private:
  Answer<Nothing> Send(std::string_view method, std::string_view parameters, bool more);

  Connection connection_;
};

}  // namespace reaperd::client
