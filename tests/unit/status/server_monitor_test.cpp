// Monitor: the snapshot, the events after it, and what a slow reader loses.
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "server_fixture.h"
#include "status/limits.h"
#include "test_values.h"

namespace reaperd::status {
namespace {

class ServerMonitorTest : public ServerTest {
 protected:
  void Follow(Client& client, const Json& parameters = Json::object()) {
    client.Call("Monitor", parameters, {{"more", true}});
  }
  /// The next part; it is continued, as all are.
  Json Next(Client& client) {
    const Json reply = client.Receive();
    if (!reply.is_object()) return Json::object();
    EXPECT_EQ(reply.value("continues", false), true) << reply;
    return reply.value("parameters", Json::object());
  }
  void Happen(int count) {
    for (int i = 0; i < count; ++i) {
      if (server_->event_log().Wanted()) {
        server_->event_log().OnEvent(kSecond, model::StoppingEvent{});
      } else {
        server_->event_log().Skip();
      }
    }
  }
};

TEST_F(ServerMonitorTest, TellsWhatThereIsThenWhatHappens) {
  control_.processes = {Process(5)};
  control_.held = {HoldOf(Death(1))};
  Happen(3);
  Client client = Connect();
  Follow(client);
  EXPECT_TRUE(TurnUntil([&] { return control_.waiting() == 1; }));
  Happen(1);
  control_.AnswerLater();
  const Json snapshot = Next(client)["snapshot"];
  EXPECT_EQ(snapshot["seq"], 3);
  EXPECT_EQ(snapshot["processes"][0]["pid"], 5);
  EXPECT_EQ(snapshot["held"][0]["rule"], "crashes");
  EXPECT_EQ(snapshot["more"], false);
  EXPECT_EQ(Next(client)["event"]["seq"], 4);
  EXPECT_TRUE(client.Silent());
  Happen(2);
  EXPECT_EQ(Next(client)["event"]["seq"], 5);
  EXPECT_EQ(Next(client)["event"]["seq"], 6);
  EXPECT_EQ(server_->counters().monitors, 1U);
}

TEST_F(ServerMonitorTest, CutsALongSnapshot) {
  control_.answer_at_once = true;
  for (pid_t pid = 2; pid < 1002; ++pid)
    control_.processes.push_back(Process(pid));
  for (std::uint64_t seq = 1; seq <= 100; ++seq)
    control_.held.push_back(HoldOf(Death(seq, 1000, 1000)));
  Client client = Connect();
  Follow(client);
  std::size_t processes = 0;
  std::size_t held = 0;
  bool more = true;
  int parts = 0;
  while (more && parts < 100) {
    const Json part = Next(client)["snapshot"];
    ASSERT_TRUE(part.is_object());
    EXPECT_LE(part.dump().size(), kMaxReplyBytes);
    EXPECT_EQ(part["seq"], 0);
    processes += part["processes"].size();
    held += part["held"].size();
    more = part["more"];
    ++parts;
  }
  EXPECT_EQ(processes, 1000U);
  EXPECT_EQ(held, 100U);
  EXPECT_GT(parts, 3);
  Happen(1);
  EXPECT_EQ(Next(client)["event"]["seq"], 1);
}

TEST_F(ServerMonitorTest, SnapshotsNothing) {
  control_.answer_at_once = true;
  Client client = Connect();
  Follow(client);
  const Json snapshot = Next(client)["snapshot"];
  EXPECT_TRUE(snapshot["processes"].empty());
  EXPECT_EQ(snapshot["more"], false);
}

TEST_F(ServerMonitorTest, GoesOnAfterANumber) {
  control_.answer_at_once = true;
  Client first = Connect();
  Follow(first);
  Next(first);
  Happen(5);
  first.Close();
  EXPECT_TRUE(TurnUntil([&] { return server_->counters().clients == 0; }));
  EXPECT_EQ(server_->counters().monitors, 0U);
  Happen(1);
  Client second = Connect();
  Follow(second, {{"after_seq", 3}});
  for (std::uint64_t seq = 4; seq <= 6; ++seq)
    EXPECT_EQ(Next(second)["event"]["seq"], seq);
}

TEST_F(ServerMonitorTest, RefusesANumberThatIsNotYet) {
  Happen(3);
  Client client = Connect();
  EXPECT_EQ(client.Refusal("Monitor", {{"after_seq", 4}}, {{"more", true}}), "InvalidParameter");
  EXPECT_EQ(client.Refusal("Monitor"), "ExpectedMore");
  Follow(client, {{"after_seq", 3}});
  EXPECT_TRUE(client.Silent());
}

TEST_F(ServerMonitorTest, TellsWhatIsLostBeforeTheFirstFollower) {
  Happen(10);
  Client client = Connect();
  Follow(client, {{"after_seq", 4}});
  const Json gap = Next(client)["gap"];
  EXPECT_EQ(gap["from"], 5);
  EXPECT_EQ(gap["to"], 10);
  Happen(1);
  EXPECT_EQ(Next(client)["event"]["seq"], 11);
  EXPECT_EQ(server_->counters().gaps, 1U);
}

TEST_F(ServerMonitorTest, LosesNothingUntoldForASlowReader) {
  control_.answer_at_once = true;
  Client slow = Adopted(Right::kAdmin, 4096);
  Client quick = Connect();
  Follow(slow);
  Follow(quick);
  Next(quick);
  const std::uint64_t rounds = 3 * EventLog::kMaxEvents / 100;
  std::uint64_t quick_seq = 0;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    Happen(100);
    for (int i = 0; i < 100; ++i)
      ASSERT_EQ(Next(quick)["event"]["seq"], ++quick_seq);
  }
  EXPECT_EQ(server_->counters().gaps, 0U);
  // Now it reads: a part from before, one gap, then the oldest and all after it.
  EXPECT_EQ(Next(slow)["snapshot"]["seq"], 0);
  const std::uint64_t last = server_->event_log().last_seq();
  std::uint64_t seq = 0;
  int gaps = 0;
  while (seq < last) {
    const Json part = Next(slow);
    if (part.contains("gap")) {
      ++gaps;
      ASSERT_EQ(part["gap"]["from"], seq + 1);
      seq = part["gap"]["to"];
    } else {
      ASSERT_TRUE(part.contains("event")) << part;
      ASSERT_EQ(part["event"]["seq"], seq + 1);
      ++seq;
    }
  }
  EXPECT_EQ(gaps, 1);
  EXPECT_EQ(server_->counters().gaps, 1U);
  EXPECT_LE(server_->event_log().kept(), EventLog::kMaxEvents);
}

TEST_F(ServerMonitorTest, HearsWordsAsItsRightSays) {
  control_.answer_at_once = true;
  control_.processes = {Process(5)};
  Client admin = Connect();
  Client reader = Adopted(Right::kRead);
  for (Client* client : {&admin, &reader}) {
    Follow(*client);
    const Json snapshot = Next(*client)["snapshot"];
    EXPECT_EQ(snapshot["processes"][0]["cmdline"].is_array(), client == &admin);
  }
  server_->event_log().OnEvent(0, model::ReapedEvent{.record = Death(1)});
  EXPECT_TRUE(Next(admin)["event"]["reaped"]["cmdline"].is_array());
  EXPECT_TRUE(Next(reader)["event"]["reaped"]["cmdline"].is_null());
}

TEST_F(ServerMonitorTest, IsSharedByManyAtTheCostOfOneText) {
  control_.answer_at_once = true;
  std::vector<Client> clients;
  for (int i = 0; i < 10; ++i) {
    clients.push_back(Connect());
    Follow(clients.back());
    Next(clients.back());
  }
  Happen(20);
  for (Client& client : clients) {
    for (std::uint64_t seq = 1; seq <= 20; ++seq)
      EXPECT_EQ(Next(client)["event"]["seq"], seq);
  }
  EXPECT_EQ(server_->event_log().texts_made(), 20U);
}

TEST_F(ServerMonitorTest, StillTellsAClientThatOnlyReads) {
  control_.answer_at_once = true;
  Client client = Connect();
  Follow(client);
  client.ShutDownWriting();
  Next(client);
  Happen(1);
  EXPECT_EQ(Next(client)["event"]["seq"], 1);
  client.Close();
  EXPECT_TRUE(TurnUntil([&] { return server_->counters().clients == 0; }));
}

TEST_F(ServerMonitorTest, IsNotTakenByOneway) {
  control_.answer_at_once = true;
  Client client = Connect();
  client.Call("Monitor", Json::object(), {{"more", true}, {"oneway", true}});
  EXPECT_EQ(client.Ask("Ping")["instance"], "8f2c");
  EXPECT_EQ(server_->counters().monitors, 0U);
}

TEST_F(ServerMonitorTest, SurvivesALookThatEndsAfterTheServer) {
  Client client = Connect();
  Follow(client);
  client.Call("ListZombies");
  EXPECT_TRUE(TurnUntil([&] { return control_.waiting() == 1; }));
  server_.reset();
  control_.AnswerLater();
  EXPECT_TRUE(client.EndsSoon());
}

TEST_F(ServerMonitorTest, SurvivesALookThatEndsAfterTheClient) {
  Client client = Connect();
  client.Call("ListProcesses");
  EXPECT_TRUE(TurnUntil([&] { return control_.waiting() == 1; }));
  client.Close();
  EXPECT_TRUE(TurnUntil([&] { return server_->counters().clients == 0; }));
  Client other = Connect();
  other.Ask("Ping");
  control_.AnswerLater();
  EXPECT_TRUE(other.Silent());
}

}  // namespace
}  // namespace reaperd::status
