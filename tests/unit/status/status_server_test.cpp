// Connections: who gets in, how many, in which order they are served, and what becomes of garbage.
#include "status/status_server.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <deque>
#include <filesystem>
#include <string>
#include <vector>

#include "event/turn.h"
#include "server_fixture.h"
#include "status/limits.h"

namespace reaperd::status {
namespace {

using namespace std::string_literals;
using StatusServerTest = ServerTest;

const std::string kPing = R"({"method":"io.reaperd.Manager.Ping"})";

std::size_t OpenDescriptors() {
  using Iterator = std::filesystem::directory_iterator;
  return static_cast<std::size_t>(std::distance(Iterator("/proc/self/fd"), Iterator()));
}

TEST_F(StatusServerTest, AnswersOverARealSocket) {
  Client client = Connect();
  EXPECT_EQ(client.Ask("Ping")["instance"], "8f2c");
  const Json status = client.Ask("GetStatus")["status"];
  EXPECT_EQ(status["pid"], 1);
  EXPECT_EQ(status["socket"]["clients"], 1);
  EXPECT_EQ(status["socket"]["requests"], 2);
}

TEST_F(StatusServerTest, EndsRepliesAsTheRequestEnded) {
  Client client = Connect();
  client.Send(kPing + "\n");
  EXPECT_TRUE(client.Receive().is_object());
  EXPECT_EQ(client.last_end(), '\n');
  client.Send(kPing + "\0"s);
  EXPECT_TRUE(client.Receive().is_object());
  EXPECT_EQ(client.last_end(), '\0');
  client.Send("{\n \"method\":\n \"io.reaperd.Manager.Nope\"\n}\n");
  EXPECT_EQ(client.Receive()["error"], "org.varlink.service.MethodNotFound");
  EXPECT_EQ(client.last_end(), '\n');
}

TEST_F(StatusServerTest, AnswersInOrder) {
  Client client = Connect();
  client.Call("ListProcesses");
  client.Call("Ping");
  client.Call("Explain");
  EXPECT_TRUE(TurnUntil([&] { return control_.waiting() == 1; }));
  EXPECT_TRUE(client.Silent());
  control_.AnswerLater();
  EXPECT_TRUE(client.Receive()["parameters"].contains("processes"));
  EXPECT_TRUE(client.Receive()["parameters"].contains("instance"));
  EXPECT_TRUE(client.Receive()["parameters"].contains("text"));
}

TEST_F(StatusServerTest, TakesMessagesByteByByte) {
  Client client = Connect();
  for (const char byte : kPing + "\0"s) {
    client.Send({&byte, 1});
    Settle();
  }
  EXPECT_TRUE(client.Receive()["parameters"].contains("instance"));
}

TEST_F(StatusServerTest, DoesNotAnswerOneway) {
  Client client = Connect();
  client.Call("Shutdown", Json::object(), {{"oneway", true}});
  client.Call("Nope", Json::object(), {{"oneway", true}});
  client.Call("Hold", {{"pid", "x"}}, {{"oneway", true}});
  client.Call("ListProcesses", Json::object(), {{"oneway", true}});
  EXPECT_EQ(client.Ask("Ping")["instance"], "8f2c");
  control_.AnswerLater();
  EXPECT_TRUE(client.Silent());
  EXPECT_EQ(control_.calls, std::vector<std::string>{"shutdown"});
}

TEST_F(StatusServerTest, DoesWhatAClientSentBeforeItLeft) {
  Client client = Connect();
  client.Call("Shutdown", Json::object(), {{"oneway", true}});
  client.Call("Ping");
  client.Close();
  EXPECT_TRUE(TurnUntil([&] { return control_.calls.size() == 2; }));
  EXPECT_EQ(control_.calls[0], "shutdown");
  EXPECT_EQ(server_->counters().clients, 0U);
}

TEST_F(StatusServerTest, KnowsNoOtherMethods) {
  Client client = Connect();
  EXPECT_EQ(client.Refusal("Nope"), "MethodNotFound");
  EXPECT_EQ(client.Refusal("org.varlink.service.Nope"), "MethodNotFound");
  EXPECT_EQ(client.Refusal("io.systemd.Manager.Ping"), "InterfaceNotFound");
  client.Send(R"({"method":"Ping"})" + "\0"s);
  EXPECT_EQ(client.Receive()["error"], "org.varlink.service.InterfaceNotFound");
  EXPECT_EQ(client.Refusal("Ping", {{"x", 1}}), "InvalidParameter");
  EXPECT_EQ(client.Refusal("Ping", Json::object(), {{"upgrade", true}}), "Unsupported");
}

TEST_F(StatusServerTest, AnswersGarbageOnceAndCloses) {
  const std::vector<std::string> garbage{
      "GET / HTTP/1.1\r\n\r\n",
      "\0"s,
      "{}\0"s,
      "[]\n",
      "{\"method\":\"\xFF\"}\0"s,
      "{\"method\":\"io.reaperd.Manager.Ping\",\"method\":\"x\"}\0"s,
      "{\"method\":\"io.reaperd.Manager.Ping\",\"x\":" + std::string(40, '[') +
          std::string(40, ']') + "}\0"s,
      "{\"method\":\"io.reaperd.Manager.Ping\",\"x\":1e999}\0"s,
      "{\"method\":\"io.reaperd.Manager.Pi\0"s,
  };
  for (const std::string& bytes : garbage) {
    SCOPED_TRACE(bytes);
    Client client = Connect();
    client.Send(bytes + kPing + "\0"s);
    EXPECT_EQ(client.Receive()["error"], "io.reaperd.Manager.BadMessage");
    EXPECT_TRUE(client.Receive().is_null());
  }
  EXPECT_EQ(server_->counters().bad_messages, garbage.size());
  EXPECT_EQ(server_->counters().clients, 0U);
}

TEST_F(StatusServerTest, AnswersNumbersOutOfRange) {
  Client client = Connect();
  for (const char* number : {"99999999999999999999", "-1", "1.5", "4294967296", "0"}) {
    client.Send(R"({"method":"io.reaperd.Manager.Hold","parameters":{"pid":)" +
                std::string(number) + "}}\0"s);
    EXPECT_EQ(client.Receive()["error"], "org.varlink.service.InvalidParameter") << number;
  }
  EXPECT_TRUE(control_.leases.empty());
}

TEST_F(StatusServerTest, RefusesAMessageThatIsTooLarge) {
  Client client = Connect();
  client.Send(kPing + "\0"s);
  client.Send(std::string(sys::kMaxMessageBytes + 1, ' '));
  EXPECT_TRUE(client.Receive().contains("parameters"));
  const Json reply = client.Receive();
  EXPECT_EQ(reply["error"], "io.reaperd.Manager.MessageTooLarge");
  EXPECT_EQ(reply["parameters"]["limit_bytes"], sys::kMaxMessageBytes);
  EXPECT_TRUE(client.Receive().is_null());
}

TEST_F(StatusServerTest, TakesAMessageOfJustTheLimit) {
  Client client = Connect();
  client.Send(std::string(sys::kMaxMessageBytes - kPing.size(), ' ') + kPing + "\0"s);
  EXPECT_TRUE(client.Receive()["parameters"].contains("instance"));
}

TEST_F(StatusServerTest, SaysThatTheEndOfAMessageIsMissing) {
  Client client = Connect();
  client.Send(kPing + "\0"s + kPing);
  client.ShutDownWriting();
  EXPECT_TRUE(client.Receive()["parameters"].contains("instance"));
  EXPECT_EQ(client.Receive()["error"], "io.reaperd.Manager.BadMessage");
  EXPECT_TRUE(client.Receive().is_null());
}

TEST_F(StatusServerTest, StillAnswersAClientThatHasShutDownItsSide) {
  Client client = Connect();
  client.Call("ListProcesses");
  client.Call("Ping");
  client.ShutDownWriting();
  EXPECT_TRUE(TurnUntil([&] { return control_.waiting() == 1; }));
  control_.AnswerLater();
  EXPECT_TRUE(client.Receive()["parameters"].contains("processes"));
  EXPECT_TRUE(client.Receive()["parameters"].contains("instance"));
  EXPECT_TRUE(client.Receive().is_null());
}

TEST_F(StatusServerTest, RefusesTooManyRequestsAtOnce) {
  Client patient = Connect();
  for (std::size_t i = 0; i < kMaxRequestsInFlight; ++i)
    patient.Call("Ping");
  for (std::size_t i = 0; i < kMaxRequestsInFlight; ++i)
    EXPECT_TRUE(patient.Receive()["parameters"].contains("instance"));
  Client hasty = Connect();
  std::string calls;
  for (std::size_t i = 0; i <= kMaxRequestsInFlight; ++i)
    calls += kPing + "\0"s;
  hasty.Send(calls);
  const Json reply = hasty.Receive();
  EXPECT_EQ(reply["error"], "io.reaperd.Manager.TooManyRequests");
  EXPECT_EQ(reply["parameters"]["limit"], kMaxRequestsInFlight);
  EXPECT_TRUE(hasty.Receive().is_null());
}

TEST_F(StatusServerTest, DoesNotReadFromWhoDoesNotReadItsReplies) {
  control_.explanation = std::string(60'000, 'x');
  Client client = Adopted(Right::kAdmin, 4096);
  const std::string call = R"({"method":"io.reaperd.Manager.Explain"})" + "\0"s;
  // What the sockets hold is not ours to bound; beyond it the client cannot send.
  std::size_t sent = 0;
  int stalled = 0;
  while (stalled < 3 && sent < 100'000) {
    const ssize_t size = send(client.fd(), call.data(), call.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (size == static_cast<ssize_t>(call.size())) {
      ++sent;
      stalled = 0;
    } else {
      ASSERT_LT(size, 0);
      ++stalled;
      Settle();
    }
  }
  EXPECT_LT(sent, 100'000U);
  EXPECT_LE(server_->counters().requests, 2U);
  Client other = Connect();
  EXPECT_EQ(other.Ask("Ping")["instance"], "8f2c");
}

TEST_F(StatusServerTest, ServesOthersWhileOneAsksForMuch) {
  control_.explanation = std::string(50'000, 'x');
  Client greedy = Adopted(Right::kAdmin);
  Client modest = Connect();
  for (int i = 0; i < 10; ++i)
    greedy.Call("Explain");
  modest.Call("Ping");
  EXPECT_TRUE(modest.Receive()["parameters"].contains("instance"));
  for (int i = 0; i < 10; ++i)
    EXPECT_TRUE(greedy.Receive()["parameters"].contains("text"));
}

TEST_F(StatusServerTest, EndsATurnByTimeHoweverManyAskForWhatIsDear) {
  constexpr int kClients = 30;
  int calls = 0;
  control_.on_explain = [&] {
    ++calls;
    ops_.Pass(kMillisecond);
  };
  std::deque<Client> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.push_back(Connect());
    clients.back().Ask("Ping");
    clients.back().Call("Explain");
  }
  for (int turns = 0; calls < kClients && turns < 1000; ++turns) {
    const int before = calls;
    loop_->SetDeadline(0, loop_->Now() + kMillisecond);
    loop_->RunOnce();
    ASSERT_LE(calls - before, event::Turn::kBudget_us / kMillisecond);
  }
  for (Client& client : clients)
    EXPECT_TRUE(client.Receive()["parameters"].contains("text"));
}

TEST_F(StatusServerTest, HasRoomForSoManyClients) {
  std::vector<Client> clients;
  for (std::size_t i = 0; i < kMaxClients; ++i) {
    clients.push_back(Connect());
    ASSERT_EQ(clients.back().Ask("Ping")["instance"], "8f2c");
  }
  Client late = Connect();
  const Json reply = late.Receive();
  EXPECT_EQ(reply["error"], "io.reaperd.Manager.TooManyClients");
  EXPECT_EQ(reply["parameters"]["limit"], kMaxClients);
  EXPECT_TRUE(late.Receive().is_null());
  EXPECT_EQ(server_->counters().turned_away, 1U);
  clients.pop_back();
  EXPECT_TRUE(TurnUntil([&] { return server_->counters().clients == kMaxClients - 1; }));
  EXPECT_EQ(Connect().Ask("Ping")["instance"], "8f2c");
}

TEST_F(StatusServerTest, KeepsTheLastPlacesForAdmins) {
  if (!CanBeOthers()) GTEST_SKIP() << "only root can be another user";
  Serve({.our_uid = 0, .group = 50});
  std::vector<Client> readers;
  for (std::size_t i = 0; i < kMaxClients - kAdminPlaces; ++i) {
    readers.push_back(ConnectAs(1234, 50));
    ASSERT_EQ(readers.back().Ask("Ping")["instance"], "8f2c");
  }
  EXPECT_EQ(ConnectAs(1234, 50).Receive()["error"], "io.reaperd.Manager.TooManyClients");
  EXPECT_EQ(Connect().Ask("Ping")["instance"], "8f2c");
}

TEST_F(StatusServerTest, TellsStrangersNothing) {
  if (!CanBeOthers()) GTEST_SKIP() << "only root can be another user";
  Serve({.our_uid = 0, .group = 50});
  Client stranger = ConnectAs(1234, 51);
  const Json reply = stranger.Receive();
  EXPECT_EQ(reply["error"], "io.reaperd.Manager.PermissionDenied");
  EXPECT_EQ(reply["parameters"]["right"], "read");
  EXPECT_TRUE(stranger.Receive().is_null());
  EXPECT_EQ(server_->counters().refused, 1U);
  EXPECT_EQ(server_->counters().clients, 0U);
}

TEST_F(StatusServerTest, KnowsItsOwnUserAlsoWhenThatIsNobody) {
  if (!CanBeOthers()) GTEST_SKIP() << "only root can be another user";
  Serve({.our_uid = 65534});
  EXPECT_EQ(ConnectAs(65534, 65534).Ask("Ping")["instance"], "8f2c");
}

TEST_F(StatusServerTest, TakesMoreWhenThereIsADescriptorAgain) {
  Client first = Connect();
  first.Ask("Ping");
  Client second = Connect();
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 0;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  EXPECT_TRUE(TurnUntil([&] { return server_->counters().accept_failures > 0; }));
  const std::uint64_t turns = loop_->turns();
  EXPECT_EQ(first.Ask("Ping")["instance"], "8f2c");
  Settle();
  // It pauses: no attempt in each turn.
  EXPECT_LT(server_->counters().accept_failures, 3U);
  EXPECT_GT(loop_->turns(), turns + 5);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(second.Ask("Ping")["instance"], "8f2c");
}

TEST_F(StatusServerTest, LeaksNoDescriptor) {
  Settle();
  const std::size_t before = OpenDescriptors();
  for (int round = 0; round < 20; ++round) {
    Client client = Connect();
    client.Ask("Ping");
    client.Send("garbage\n");
    EXPECT_TRUE(client.EndsSoon());
    Client reset = Connect();
    reset.Call("Explain");
    reset.Close();
  }
  EXPECT_TRUE(TurnUntil([&] { return server_->counters().clients == 0; }));
  EXPECT_EQ(OpenDescriptors(), before);
}

TEST_F(StatusServerTest, SurvivesCallsThatFail) {
  Client client = Connect();
  client.Ask("Ping");
  ops_.Fail({.call = test::Call::kRead, .code = EINTR, .count = 1});
  ops_.Fail({.call = test::Call::kSend, .code = EINTR, .count = 1});
  EXPECT_EQ(client.Ask("Ping")["instance"], "8f2c");
  ops_.Heal();
  ops_.Fail({.call = test::Call::kSend, .code = ENOMEM, .count = 1});
  client.Call("Ping");
  EXPECT_TRUE(client.EndsSoon());
  ops_.Heal();
  Client other = Connect();
  ops_.Fail({.call = test::Call::kRead, .code = EIO, .count = 1});
  other.Call("Ping");
  EXPECT_TRUE(other.EndsSoon());
  EXPECT_EQ(server_->counters().clients, 0U);
}

TEST_F(StatusServerTest, MakesThreeCallsForARequest) {
  Client client = Connect();
  client.Ask("Ping");
  Settle();
  const auto reads = ops_.calls(test::Call::kRead);
  const auto sends = ops_.calls(test::Call::kSend);
  for (int i = 0; i < 10; ++i)
    client.Ask("Ping");
  EXPECT_EQ(ops_.calls(test::Call::kRead), reads + 10);
  EXPECT_EQ(ops_.calls(test::Call::kSend), sends + 10);
}

TEST_F(StatusServerTest, IsNotWokenByAClientThatIsNotServed) {
  control_.explanation = std::string(400'000, 'x');
  Client client = Adopted(Right::kAdmin, 4096);
  client.Call("Explain");
  client.Call("Explain");
  Settle();
  const auto sends = ops_.calls(test::Call::kSend);
  Settle();
  EXPECT_EQ(ops_.calls(test::Call::kSend), sends);
}

TEST(ClientSession, IsSmall) {
  // With its place in the map and its source in the loop, an idle client stays below 1 KiB.
  EXPECT_LE(sizeof(ClientSession), 448U);
}

}  // namespace
}  // namespace reaperd::status
