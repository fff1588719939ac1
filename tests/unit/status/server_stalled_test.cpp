// What clients keep in memory that stand still in the middle of a long answer: a position, whatever
// they asked for and however many they are. Counted by what is still alive of what was listed.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server_fixture.h"
#include "test_values.h"

namespace reaperd::status {
namespace {

constexpr int kClients = 20;
constexpr std::uint64_t kRecords = 500;

/// Which of the listed are still there.
class Alive {
 public:
  void Note(const std::shared_ptr<const void>& listed) { all_.push_back(listed); }
  [[nodiscard]] std::ptrdiff_t Count() const {
    return std::count_if(all_.begin(), all_.end(), [](const auto& one) { return !one.expired(); });
  }

 private:
  std::vector<std::weak_ptr<const void>> all_;
};

class ServerStalledTest : public ServerTest {
 protected:
  /// It has asked, and does not read.
  Client& Stall(const std::string& name, const Json& parameters = Json::object()) {
    const std::uint64_t before = server_->counters().requests;
    clients_.push_back(Adopted(Right::kAdmin, 4096));
    clients_.back().Call(name, parameters, {{"more", true}});
    EXPECT_TRUE(TurnUntil([&] { return server_->counters().requests > before; }));
    Settle();
    return clients_.back();
  }
  /// Another thousand processes; who was there before is gone.
  void NewProcesses(pid_t first) {
    control_.processes.clear();
    for (pid_t pid = first; pid < first + 1000; ++pid)
      control_.processes.push_back(Process(pid));
    alive_.Note(control_.processes.back().child);
  }
  /// What the ring keeps; the ones before have left it.
  void NewRecords(std::uint64_t first) {
    control_.records.clear();
    for (std::uint64_t seq = first; seq < first + kRecords; ++seq) {
      control_.records.push_back(Death(seq));
      alive_.Note(control_.records.back());
    }
  }
  Json Next(Client& client) { return client.Receive().value("parameters", Json::object()); }

  Alive alive_;
  std::deque<Client> clients_;
};

TEST_F(ServerStalledTest, InDeathsKeepNoRecord) {
  NewRecords(1);
  for (int i = 0; i < kClients; ++i)
    Stall("ListDeaths", {{"limit", 1000}});
  NewRecords(kRecords + 1);
  EXPECT_EQ(alive_.Count(), kRecords) << "of what was asked for, none";
}

TEST_F(ServerStalledTest, InDeathsGoOnAfterAGapThatIsTold) {
  NewRecords(1);
  Client& client = Stall("ListDeaths", {{"limit", 1000}});
  NewRecords(2 * kRecords + 1);
  const Json before = Next(client);
  EXPECT_EQ(before["deaths"][0]["seq"], 1);
  EXPECT_EQ(before["oldest_seq"], 1);
  const Json after = Next(client);
  EXPECT_EQ(after["oldest_seq"], 2 * kRecords + 1);
  EXPECT_EQ(after["deaths"][0]["seq"], 2 * kRecords + 1);
  std::size_t told = before["deaths"].size() + after["deaths"].size();
  for (bool more = after["more"]; more;) {
    const Json part = Next(client);
    told += part["deaths"].size();
    more = part["more"];
  }
  EXPECT_EQ(told, before["deaths"].size() + kRecords);
}

TEST_F(ServerStalledTest, InDeathsGetNoMoreThanTheyAskedFor) {
  NewRecords(1);
  Client& client = Stall("ListDeaths", {{"limit", 300}});
  std::size_t told = 0;
  Json reply;
  do {
    reply = client.Receive();
    told += reply["parameters"]["deaths"].size();
  } while (reply.value("continues", false));
  EXPECT_EQ(told, 300U);
  EXPECT_EQ(reply["parameters"]["looked_to_seq"], 300);
  EXPECT_EQ(reply["parameters"]["more"], true);
}

TEST_F(ServerStalledTest, InProcessesShareTheNewestList) {
  control_.answer_at_once = true;
  for (int i = 0; i < kClients; ++i) {
    NewProcesses(2 + i);
    Stall(i % 2 == 0 ? "ListProcesses" : "Monitor");
  }
  EXPECT_EQ(alive_.Count(), 1);
  control_.processes.clear();
  EXPECT_EQ(alive_.Count(), 1) << "they are not through with it";
  for (Client& client : clients_)
    client.Close();
  EXPECT_TRUE(TurnUntil([&] { return server_->counters().clients == 0; }));
  EXPECT_EQ(alive_.Count(), 0);
}

TEST_F(ServerStalledTest, InProcessesGoOnInTheNewestListAndNameNobodyTwice) {
  control_.answer_at_once = true;
  NewProcesses(2);
  Client& client = Stall("ListProcesses");
  NewProcesses(502);
  Stall("ListProcesses");
  std::vector<pid_t> pids;
  for (bool more = true; more;) {
    const Json part = Next(client);
    for (const Json& process : part["processes"])
      pids.push_back(process["pid"]);
    more = part["more"];
  }
  EXPECT_EQ(pids.front(), 2);
  EXPECT_EQ(pids.back(), 1501);
  EXPECT_TRUE(std::is_sorted(pids.begin(), pids.end(), std::less_equal<>()));
}

TEST_F(ServerStalledTest, InZombiesGoOnInTheNewestList) {
  control_.answer_at_once = true;
  const auto zombies = [&](pid_t first) {
    control_.zombies.clear();
    for (pid_t pid = first; pid < first + 1000; ++pid)
      control_.zombies.push_back({.pid = pid, .comm = "z", .parent = 1});
  };
  zombies(2);
  Client& client = Stall("ListZombies");
  zombies(5000);
  Stall("ListZombies");
  EXPECT_EQ(Next(client)["zombies"][0]["pid"], 2);
  EXPECT_EQ(Next(client)["zombies"][0]["pid"], 5000);
}

TEST_F(ServerStalledTest, InHoldsKeepNoRecordAndHearOfNoLaterOnes) {
  control_.answer_at_once = true;
  NewRecords(1);
  for (const auto& record : control_.records)
    control_.held.push_back(HoldOf(record));
  for (int i = 0; i < kClients; ++i)
    Stall(i % 2 == 0 ? "ListHeld" : "Monitor");
  control_.held = {HoldOf(Death(kRecords + 1))};
  control_.held.front().since_us = ops_.Now() + kSecond;
  control_.records.clear();
  EXPECT_EQ(alive_.Count(), 0);
  EXPECT_FALSE(Next(clients_.front())["held"].empty());
  const Json rest = Next(clients_.front());
  EXPECT_TRUE(rest["held"].empty()) << "a later hold is no part of it";
  EXPECT_EQ(rest["more"], false);
}

}  // namespace
}  // namespace reaperd::status
