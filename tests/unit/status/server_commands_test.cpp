// The methods that act: who may, what is asked of the daemon, and how it refuses.
#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <variant>
#include <vector>

#include "server_fixture.h"
#include "status/endpoints.h"
#include "test_values.h"

namespace reaperd::status {
namespace {

using Words = std::vector<std::string>;
using ServerCommandsTest = ServerTest;

TEST_F(ServerCommandsTest, Holds) {
  Client client = Connect();
  const Json reply =
      client.Ask("Hold", {{"pid", 7}, {"id", "i7"}, {"for_us", 5000}, {"until_disconnect", true}});
  EXPECT_EQ(reply["id"], "i7");
  EXPECT_EQ(reply["held"], false);
  EXPECT_TRUE(reply["pidfd"].is_null());
  ASSERT_EQ(control_.leases.size(), 1U);
  EXPECT_EQ(control_.leases[0].pid, 7);
  EXPECT_EQ(control_.leases[0].id, "i7");
  EXPECT_EQ(control_.leases[0].for_us, 5000);
  EXPECT_TRUE(control_.leases[0].until_disconnect);
  EXPECT_EQ(client.Refusal("Hold", {{"pid", 7}, {"for_us", -1}}), "InvalidParameter");
}

TEST_F(ServerCommandsTest, EndsTheLeasesOfAClientThatIsGone) {
  Client client = Connect();
  client.Ask("Hold", {{"pid", 7}, {"until_disconnect", true}});
  Client other = Connect();
  other.Ask("Hold", {{"pid", 8}});
  ASSERT_NE(control_.leases[0].client, control_.leases[1].client);
  control_.calls.clear();
  client.Close();
  const Words gone{"gone " + std::to_string(control_.leases[0].client)};
  EXPECT_TRUE(TurnUntil([&] { return control_.calls == gone; }));
}

TEST_F(ServerCommandsTest, BringsTheDescriptorOfALease) {
  const int given = open("/dev/null", O_RDONLY | O_CLOEXEC);
  control_.pidfd = given;
  Client client = Connect();
  EXPECT_EQ(client.Ask("Hold", {{"pid", 7}, {"want_pidfd", true}})["pidfd"], 0);
  ASSERT_EQ(client.descriptors().size(), 1U);
  struct stat info {};
  EXPECT_EQ(fstat(client.descriptors()[0].get(), &info), 0);
  EXPECT_TRUE(S_ISCHR(info.st_mode));
  // The lowest number that is free: that of the server's, which has closed it.
  EXPECT_LE(client.descriptors()[0].get(), given);
}

TEST_F(ServerCommandsTest, ReleasesJustWhatIsNamed) {
  Client client = Connect();
  EXPECT_EQ(client.Ask("Release", {{"pid", 7}, {"id", "i7"}})["released"], 2);
  client.Ask("Release", {{"rule", "r"}});
  client.Ask("Release", {{"barrier", "b"}});
  client.Ask("Release", {{"all", true}});
  ASSERT_EQ(control_.releases.size(), 4U);
  EXPECT_EQ(std::get<model::ReleaseProcess>(control_.releases[0]).id, "i7");
  EXPECT_EQ(std::get<model::ReleaseRule>(control_.releases[1]).name, "r");
  EXPECT_EQ(std::get<model::ReleaseBarrier>(control_.releases[2]).name, "b");
  EXPECT_TRUE(std::holds_alternative<model::ReleaseAll>(control_.releases[3]));
  for (const Json& parameters : {Json::object(), Json{{"pid", 7}, {"rule", "r"}},
                                 Json{{"all", false}}, Json{{"all", true}, {"barrier", "b"}},
                                 Json{{"rule", "r"}, {"id", "i7"}}, Json{{"id", "i7"}}}) {
    EXPECT_EQ(client.Refusal("Release", parameters), "InvalidParameter") << parameters;
  }
  EXPECT_EQ(control_.releases.size(), 4U);
}

TEST_F(ServerCommandsTest, AddsAndRemovesRules) {
  Client client = Connect();
  const Json added = client.Ask("AddHoldRule", {{"rule", "cause=signal,for=30s"}});
  EXPECT_EQ(added["name"], "rule-1");
  EXPECT_EQ(added["warnings"].size(), 1U);
  client.Ask("RemoveHoldRule", {{"name", "rule-1"}});
  EXPECT_EQ(control_.calls, (Words{"add rule cause=signal,for=30s", "remove rule rule-1"}));
  control_.error = Error(EINVAL, "there is no key 'cuase'");
  client.Call("AddHoldRule", {{"rule", "cuase=signal"}});
  const Json refused = client.Receive();
  EXPECT_EQ(refused["error"], "org.varlink.service.InvalidParameter");
  EXPECT_EQ(refused["parameters"]["parameter"], "rule");
  EXPECT_EQ(refused["parameters"]["message"], "there is no key 'cuase'");
}

TEST_F(ServerCommandsTest, SignalsOnlyWhomAnIdNames) {
  Client client = Connect();
  client.Ask("Signal", {{"pid", 7}, {"id", "i7"}, {"signal", "TERM"}});
  client.Ask("Signal", {{"service", "main"}, {"signal", "10"}});
  ASSERT_EQ(control_.signals.size(), 2U);
  EXPECT_EQ(std::get<model::SignalProcessRequest>(control_.signals[0].to).id, "i7");
  EXPECT_EQ(control_.signals[0].signal, SIGTERM);
  EXPECT_EQ(control_.signals[0].sender.pid, getpid());
  EXPECT_EQ(control_.signals[0].sender.uid, geteuid());
  EXPECT_EQ(std::get<model::SignalServiceRequest>(control_.signals[1].to).name, "main");
  EXPECT_EQ(control_.signals[1].signal, 10);
  for (const Json& parameters :
       {Json{{"pid", 7}, {"signal", "TERM"}}, Json{{"pid", 7}, {"id", ""}, {"signal", "TERM"}},
        Json{{"signal", "TERM"}}, Json{{"service", "main"}, {"pid", 7}, {"signal", "TERM"}},
        Json{{"pid", 7}, {"id", "i7"}, {"signal", "NOPE"}}, Json{{"pid", 7}, {"id", "i7"}}}) {
    EXPECT_EQ(client.Refusal("Signal", parameters), "InvalidParameter") << parameters;
  }
  EXPECT_EQ(control_.signals.size(), 2U);
}

TEST_F(ServerCommandsTest, StopsAndSetsTheLevel) {
  Client client = Connect();
  client.Ask("Shutdown");
  EXPECT_EQ(control_.stopper->pid, getpid());
  client.Ask("SetLogLevel", {{"level", "debug"}});
  EXPECT_EQ(control_.level, model::LogLevel::kDebug);
  EXPECT_EQ(client.Refusal("SetLogLevel", {{"level", "loud"}}), "InvalidParameter");
}

TEST_F(ServerCommandsTest, TellsHowTheDaemonRefuses) {
  Client client = Connect();
  const std::vector<std::pair<int, std::string>> refusals{
      {ESRCH, "NoSuchProcess"},    {ENOENT, "NotFound"},        {ENOSPC, "LimitReached"},
      {EAGAIN, "TryAgain"},        {ESHUTDOWN, "ShuttingDown"}, {EOPNOTSUPP, "Unsupported"},
      {EPERM, "PermissionDenied"}, {EMFILE, "Failed"},          {EEXIST, "AlreadyExists"}};
  for (const auto& [code, name] : refusals) {
    control_.error = Error(code, "because");
    EXPECT_EQ(client.Refusal("Hold", {{"pid", 7}}), name);
    EXPECT_EQ(client.Refusal("Release", {{"all", true}}), name);
    EXPECT_EQ(client.Refusal("Signal", {{"service", "main"}, {"signal", "TERM"}}), name);
    EXPECT_EQ(client.Refusal("Shutdown"), name);
  }
  EXPECT_EQ(server_->counters().errors, 4 * refusals.size());
}

TEST_F(ServerCommandsTest, LetsAReaderOnlyRead) {
  control_.answer_at_once = true;
  control_.records = {Death(1)};
  Client reader = Adopted(Right::kRead);
  for (const Endpoint& endpoint : Endpoints()) {
    if (endpoint.right != Right::kAdmin) continue;
    reader.Call(std::string(endpoint.method), {{"pid", 7}});
    const Json reply = reader.Receive();
    EXPECT_EQ(reply["error"], "io.reaperd.Manager.PermissionDenied") << endpoint.method;
    EXPECT_EQ(reply["parameters"]["right"], "admin");
  }
  EXPECT_TRUE(control_.calls.empty());
  for (const char* name : {"Ping", "GetStatus", "ListProcesses", "ListDeaths", "ListHeld",
                           "ListHoldRules", "ListZombies", "ListBlockers", "Explain"}) {
    EXPECT_TRUE(reader.Ask(name).is_object()) << name;
  }
}

TEST_F(ServerCommandsTest, HasNoServices) {
  Client client = Adopted(Right::kRead);
  EXPECT_EQ(client.Refusal("ListServices"), "NoServices");
  EXPECT_EQ(client.Refusal("StartService", {{"name", "web"}}), "NoServices");
  EXPECT_EQ(client.Refusal("StopService"), "InvalidParameter");
  EXPECT_EQ(client.Refusal("GetLogs"), "NoServices");
  EXPECT_EQ(client.Refusal("Reload"), "NoServices");
}

}  // namespace
}  // namespace reaperd::status
