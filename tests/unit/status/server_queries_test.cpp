// The methods that ask: what they answer, how it is cut into pages, and who hears which words.
#include <errno.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "server_fixture.h"
#include "status/interface_text.h"
#include "status/limits.h"
#include "test_values.h"

namespace reaperd::status {
namespace {

class ServerQueriesTest : public ServerTest {
 protected:
  /// All replies to a call with "more".
  std::vector<Json> AllReplies(Client& client, const std::string& name,
                               const Json& parameters = Json::object()) {
    client.Call(name, parameters, {{"more", true}});
    std::vector<Json> replies;
    for (;;) {
      const Json reply = client.Receive();
      if (!reply.is_object()) return replies;
      replies.push_back(reply.value("parameters", Json::object()));
      if (!reply.value("continues", false)) return replies;
    }
  }
};

TEST_F(ServerQueriesTest, TellsOfTheRun) {
  control_.view.main = model::MainView{.pid = 7,
                                       .name = "main",
                                       .state = model::MainView::State::kHeld,
                                       .started_us = kSecond,
                                       .end = model::ExitStatus::Killed(SIGSEGV, true)};
  control_.view.counters.hold.released[2] = 5;
  Client client = Connect();
  const Json status = client.Ask("GetStatus")["status"];
  EXPECT_EQ(status["mode"], "command");
  EXPECT_EQ(status["main"]["state"], "held");
  EXPECT_EQ(status["main"]["end"]["core"], true);
  EXPECT_EQ(status["holds"]["lease_end"], 5);
  EXPECT_EQ(status["limits"]["message_bytes"], 256 * 1024);
  EXPECT_EQ(status["limits"]["reply_bytes"], kMaxReplyBytes);
  control_.view.main.reset();
  const Json without = client.Ask("GetStatus")["status"];
  EXPECT_EQ(without["mode"], "services");
  EXPECT_TRUE(without["main"].is_null());
}

TEST_F(ServerQueriesTest, DescribesItself) {
  Client client = Connect();
  const Json info = client.Ask("org.varlink.service.GetInfo");
  EXPECT_EQ(info["interfaces"], (Json{"org.varlink.service", "io.reaperd.Manager"}));
  const auto description = [&](const char* interface) {
    return client.Ask("org.varlink.service.GetInterfaceDescription",
                      {{"interface", interface}})["description"];
  };
  EXPECT_EQ(description("io.reaperd.Manager"), std::string(kManagerInterfaceText));
  EXPECT_EQ(description("org.varlink.service"), std::string(kVarlinkServiceText));
  EXPECT_EQ(client.Refusal("org.varlink.service.GetInterfaceDescription", {{"interface", "x.y"}}),
            "InterfaceNotFound");
}

TEST_F(ServerQueriesTest, ListsProcessesWhenTheLookIsDone) {
  control_.processes = {Process(5), Process(9, 0), {.pid = 11, .parent = 9}};
  control_.processes[1].state = model::ProcessState::kHeld;
  Client client = Connect();
  client.Call("ListProcesses");
  EXPECT_TRUE(TurnUntil([&] { return control_.waiting() == 1; }));
  EXPECT_TRUE(client.Silent());
  control_.AnswerLater();
  const Json reply = client.Receive()["parameters"];
  ASSERT_EQ(reply["processes"].size(), 3U);
  EXPECT_EQ(reply["more"], false);
  EXPECT_EQ(reply["processes"][0]["cmdline"][0], "worker");
  EXPECT_EQ(reply["processes"][0]["role"], "adopted");
  EXPECT_EQ(reply["processes"][1]["state"], "held");
  EXPECT_TRUE(reply["processes"][2]["role"].is_null());
  EXPECT_TRUE(reply["processes"][2]["uid"].is_null());
}

TEST_F(ServerQueriesTest, ListsProcessesInPages) {
  control_.answer_at_once = true;
  for (pid_t pid = 2; pid < 2002; ++pid)
    control_.processes.push_back(Process(pid));
  Client client = Connect();
  std::int64_t after = 0;
  std::size_t seen = 0;
  bool more = true;
  int pages = 0;
  while (more && pages < 100) {
    const Json page = client.Ask("ListProcesses", {{"after_pid", after}});
    EXPECT_LE(page.dump().size(), kMaxReplyBytes);
    seen += page["processes"].size();
    after = page["processes"].back()["pid"];
    more = page["more"];
    ++pages;
  }
  EXPECT_EQ(seen, 2000U);
  EXPECT_GT(pages, 3);
  const auto replies = AllReplies(client, "ListProcesses");
  EXPECT_EQ(replies.size(), static_cast<std::size_t>(pages));
  EXPECT_EQ(replies.back()["more"], false);
  const Json some = client.Ask("ListProcesses", {{"after_pid", 10}, {"limit", 3}});
  EXPECT_EQ(some["processes"].size(), 3U);
  EXPECT_EQ(some["processes"][0]["pid"], 11);
  EXPECT_EQ(some["more"], true);
}

TEST_F(ServerQueriesTest, LooksForNothingThatNobodyWillRead) {
  Client client = Connect();
  for (const char* name : {"ListProcesses", "ListZombies", "Monitor"})
    client.Call(name, Json::object(), {{"oneway", true}, {"more", true}});
  client.Ask("Ping");
  EXPECT_EQ(control_.waiting(), 0U);
  EXPECT_EQ(server_->counters().requests, 4U);
  client.Call("ListProcesses", {{"nope", 1}}, {{"oneway", true}});
  client.Ask("Ping");
  EXPECT_EQ(server_->counters().errors, 1U) << "what is wrong with it is still counted";
}

TEST_F(ServerQueriesTest, TellsWhyProcessesCannotBeListed) {
  control_.error = Error(EOPNOTSUPP, "there is no /proc");
  control_.answer_at_once = true;
  Client client = Connect();
  EXPECT_EQ(client.Refusal("ListProcesses"), "Unsupported");
  EXPECT_EQ(client.Refusal("ListZombies"), "Unsupported");
  EXPECT_EQ(client.Refusal("Monitor", Json::object(), {{"more", true}}), "Unsupported");
}

TEST_F(ServerQueriesTest, ListsDeathsAsAsked) {
  for (std::uint64_t seq = 1; seq <= 5; ++seq)
    control_.records.push_back(Death(seq));
  Client client = Connect();
  const Json page = client.Ask("ListDeaths", {{"after_seq", 1},
                                              {"limit", 2},
                                              {"cause", "oom-kill"},
                                              {"service", "web"},
                                              {"since", "2026-11-22T06:00:00Z"}});
  EXPECT_EQ(page["deaths"].size(), 2U);
  EXPECT_EQ(page["looked_to_seq"], 3);
  EXPECT_EQ(page["oldest_seq"], 1);
  EXPECT_EQ(page["more"], true);
  EXPECT_EQ(control_.query->cause, model::Cause::kOomKill);
  EXPECT_EQ(control_.query->service, "web");
  EXPECT_EQ(control_.query->since_us, 0);
  EXPECT_EQ(client.Ask("ListDeaths")["deaths"].size(), 5U);
  EXPECT_EQ(control_.query->limit, 100U);
}

TEST_F(ServerQueriesTest, RefusesDeathsThatCannotBe) {
  Client client = Connect();
  for (const Json& parameters :
       {Json{{"limit", 0}}, Json{{"limit", 1001}}, Json{{"cause", "murder"}},
        Json{{"since", "now"}}, Json{{"after_seq", -1}}, Json{{"pid", 0}},
        Json{{"pid", 2147483648}}, Json{{"nope", 1}}}) {
    client.Call("ListDeaths", parameters);
    const Json reply = client.Receive();
    EXPECT_EQ(reply["error"], "org.varlink.service.InvalidParameter");
    EXPECT_EQ(reply["parameters"]["parameter"], parameters.begin().key());
  }
}

TEST_F(ServerQueriesTest, CutsDeathsAtTheSizeOfAReply) {
  for (std::uint64_t seq = 1; seq <= 200; ++seq)
    control_.records.push_back(Death(seq, 1000, 2000));
  control_.records.push_back(Death(201, 1000, 2 * kMaxReplyBytes));
  control_.records.push_back(Death(202));
  Client client = Connect();
  const Json first = client.Ask("ListDeaths");
  EXPECT_LE(first.dump().size(), kMaxReplyBytes);
  EXPECT_EQ(first["looked_to_seq"], first["deaths"].back()["seq"]);
  EXPECT_EQ(first["more"], true);
  std::uint64_t expected = 1;
  const auto replies = AllReplies(client, "ListDeaths", {{"limit", 1000}});
  for (const Json& reply : replies) {
    for (const Json& death : reply["deaths"])
      EXPECT_EQ(death["seq"], expected++);
    // What is larger than a reply stands alone.
    if (reply.dump().size() > kMaxReplyBytes) {
      EXPECT_EQ(reply["deaths"].size(), 1U);
    }
    EXPECT_EQ(reply["looked_to_seq"], expected - 1);
    EXPECT_EQ(reply["more"], expected <= 202);
  }
  EXPECT_EQ(expected, 203U);
}

TEST_F(ServerQueriesTest, TellsOfWhatIsHeld) {
  control_.held = {HoldOf(Death(1)), HoldOf(Death(2))};
  control_.held[1].barrier.clear();
  control_.held[1].until_us.reset();
  Client client = Connect();
  const Json reply = client.Ask("ListHeld");
  ASSERT_EQ(reply["held"].size(), 2U);
  EXPECT_EQ(reply["held"][0]["barrier"], "jobs");
  EXPECT_TRUE(reply["held"][1]["until"].is_null());
  EXPECT_EQ(AllReplies(client, "ListHeld").size(), 1U);
}

TEST_F(ServerQueriesTest, TellsOfRulesBarriersAndLimits) {
  control_.rules.rules.push_back({.rule = {.name = "r"}, .text = "cause=signal", .held = 3});
  control_.rules.barriers.push_back(
      {.barrier = {.name = "b", .count = 3, .timeout_us = kSecond}, .dead = 1, .deadline_us = 5});
  control_.rules.barriers.push_back({.barrier = {.name = "c", .all = true}});
  control_.rules.cap = 64;
  Client client = Connect();
  const Json reply = client.Ask("ListHoldRules");
  EXPECT_EQ(reply["rules"][0]["rule"], "cause=signal");
  EXPECT_EQ(reply["barriers"][0]["count"], 3);
  EXPECT_TRUE(reply["barriers"][1]["deadline"].is_null());
  EXPECT_EQ(reply["limits"]["max_held"], 64);
  EXPECT_EQ(reply["limits"]["max_share_of_pids"], 0.25);
}

TEST_F(ServerQueriesTest, TellsOfZombiesBlockersAndSettings) {
  control_.answer_at_once = true;
  control_.zombies = {{.pid = 9, .comm = "z", .parent = 8}};
  control_.remaining.processes = {
      {.pid = 5, .comm = "cat", .state = 'D', .wait_channel = "pipe_read"},
      {.pid = 6, .comm = "\xFF\"\n", .state = 'S'}};
  Client client = Connect();
  EXPECT_EQ(client.Ask("ListZombies")["zombies"][0]["parent"], 8);
  const Json blockers = client.Ask("ListBlockers")["blockers"];
  EXPECT_EQ(blockers[0]["state"], "D");
  EXPECT_EQ(blockers[1]["comm"], "\xEF\xBF\xBD\"\n");
  EXPECT_TRUE(blockers[1]["wait_channel"].is_null());
  EXPECT_EQ(client.Ask("ListBlockers")["more"], false);
  control_.remaining.more = true;
  EXPECT_EQ(client.Ask("ListBlockers")["more"], true);
  EXPECT_EQ(client.Ask("Explain")["text"], "one\ntwo\n");
}

TEST_F(ServerQueriesTest, InspectsADeathAndItsZombie) {
  control_.records = {Death(1), Death(2)};
  control_.files = {{.name = "stat", .text = "102 (worker) Z"},
                    {.name = "io", .error = EACCES},
                    {.name = "status", .text = "x", .truncated = true}};
  Client client = Connect();
  const Json reaped = client.Ask("Inspect", {{"pid", 102}});
  EXPECT_EQ(reaped["record"]["seq"], 2);
  EXPECT_EQ(reaped["before"]["seq"], 1);
  EXPECT_TRUE(reaped["hold"].is_null());
  EXPECT_TRUE(reaped["files"].empty());
  control_.held = {HoldOf(control_.records[1])};
  const Json held = client.Ask("Inspect", {{"pid", 102}, {"id", "i2"}});
  EXPECT_EQ(held["hold"]["rule"], "crashes");
  EXPECT_EQ(held["files"][0]["text"], "102 (worker) Z");
  EXPECT_EQ(held["files"][1]["error"], EACCES);
  EXPECT_EQ(client.Refusal("Inspect", {{"pid", 7}}), "NotFound");
  EXPECT_EQ(client.Refusal("Inspect", {{"pid", 102}, {"id", "i3"}}), "NotFound");
  EXPECT_EQ(client.Refusal("Inspect"), "InvalidParameter");
}

TEST_F(ServerQueriesTest, TellsAReaderNobodysWords) {
  control_.answer_at_once = true;
  control_.processes = {Process(5)};
  control_.records = {Death(1)};
  control_.held = {HoldOf(control_.records[0])};
  Client reader = Adopted(Right::kRead);
  EXPECT_TRUE(reader.Ask("ListProcesses")["processes"][0]["cmdline"].is_null());
  const Json death = reader.Ask("ListDeaths")["deaths"][0];
  EXPECT_TRUE(death["cmdline"].is_null());
  EXPECT_FALSE(death.contains("environ"));
  EXPECT_EQ(death["comm"], "worker");
  EXPECT_TRUE(reader.Ask("ListHeld")["held"][0]["record"]["cmdline"].is_null());
  EXPECT_TRUE(reader.Ask("Inspect", {{"pid", 101}})["record"]["cmdline"].is_null());
  Client admin = Connect();
  EXPECT_EQ(admin.Ask("ListDeaths")["deaths"][0]["environ"][0], "SECRET=1");
}

TEST_F(ServerQueriesTest, TellsAReaderTheWordsOfItsOwnProcesses) {
  if (!CanBeOthers()) GTEST_SKIP() << "only root can be another user";
  Serve({.our_uid = 0, .group = 50});
  control_.answer_at_once = true;
  control_.processes = {Process(5, 1234), Process(6, 1235)};
  Client client = ConnectAs(1234, 50);
  const Json processes = client.Ask("ListProcesses")["processes"];
  EXPECT_TRUE(processes[0]["cmdline"].is_array());
  EXPECT_TRUE(processes[1]["cmdline"].is_null());
}

}  // namespace
}  // namespace reaperd::status
