#include "client/client.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>

#include "fake_reaperd.h"
#include "temp_dir.h"
#include "wire_samples.h"

namespace reaperd::client {
namespace {

using test::ErrorReply;
using test::FakeReaperd;
using test::Reply;

Client Connected(const FakeReaperd& fake) {
  auto connected = Connect(fake.path(), {});
  return Client(std::move(std::get<Connection>(connected)));
}

TEST(Connect, TriesAllPlacesAndSaysWhyEachFailed) {
  const test::TempDir dir;
  dir.Write("run/reaperd/reaperd.sock", "no socket");
  sys::SocketSearch search{.euid = 0, .run = dir.Path("run"), .shm = dir.Path("shm")};
  search.xdg_runtime_dir = dir.Path("xdg");
  const auto connected = Connect("", search);
  const auto& failure = std::get<ConnectFailure>(connected);
  ASSERT_EQ(failure.attempts.size(), 3U);
  EXPECT_EQ(failure.attempts[0].path, dir.Path("run/reaperd/reaperd.sock"));
  EXPECT_EQ(failure.attempts[0].code, ECONNREFUSED);
  EXPECT_EQ(failure.attempts[1].code, ENOENT);
  EXPECT_EQ(failure.attempts[2].code, ENOENT);
  EXPECT_FALSE(failure.named);
}

TEST(Connect, ANamedSocketIsTheOnlyOne) {
  const test::TempDir dir;
  const FakeReaperd fake;
  const auto connected = Connect(dir.Path("none.sock"), {.named = fake.path()});
  const auto& failure = std::get<ConnectFailure>(connected);
  ASSERT_EQ(failure.attempts.size(), 1U);
  EXPECT_EQ(failure.attempts[0].message, "No such file or directory");
  EXPECT_TRUE(failure.named);
  EXPECT_TRUE(std::holds_alternative<Connection>(Connect("", {.named = fake.path()})));
}

TEST(Connect, DoesNotTrustADirectoryThatAnybodyCouldHaveMade) {
  const test::TempDir dir;
  dir.Write("shm/reaperd-0/reaperd.sock", "");
  ASSERT_EQ(chmod(dir.Path("shm/reaperd-0").c_str(), 0777), 0);
  const auto connected = Connect("", {.euid = 0, .run = dir.Path("run"), .shm = dir.Path("shm")});
  const auto& failure = std::get<ConnectFailure>(connected);
  ASSERT_EQ(failure.attempts.size(), 2U);
  EXPECT_EQ(failure.attempts[1].code, EPERM);
}

TEST(Client, CallsWithParametersAndReadsTheAnswer) {
  FakeReaperd fake;
  fake.On("Hold", {Reply(R"({"id":"i5","held":true,"until":null,"pidfd":null})")});
  Client client = Connected(fake);
  const auto lease = client.HoldProcess(
      {.process = {214, "i\"5"}, .for_us = 5 * kSecond, .until_disconnect = true});
  ASSERT_TRUE(lease) << lease.error().message;
  EXPECT_TRUE(lease->held);
  EXPECT_EQ(fake.calls(),
            std::vector<std::string>{
                R"({"method":"io.reaperd.Manager.Hold","parameters":{"pid":214,"id":"i\"5",)"
                R"("for_us":5000000,"until_disconnect":true}})"});
}

TEST(Client, AnErrorIsARefusal) {
  FakeReaperd fake;
  fake.On("Shutdown", {ErrorReply("PermissionDenied", R"({"right":"admin","message":"no"})")});
  const auto answer = Connected(fake).Shutdown();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().error, "PermissionDenied");
}

TEST(Client, GathersTheRepliesOfOneCall) {
  FakeReaperd fake;
  const std::string second = test::With(test::ProcessJson(), "214", "215");
  fake.On("ListProcesses",
          {Reply(R"({"processes":[)" + test::ProcessJson() + R"(],"more":true})", true),
           Reply(R"({"processes":[)" + second + R"(],"more":false})")});
  fake.On("Ping", {Reply(R"({"instance":"8f2c"})")});
  Client client = Connected(fake);
  const auto processes = client.ListProcesses();
  ASSERT_TRUE(processes) << processes.error().message;
  ASSERT_EQ(processes->size(), 2U);
  EXPECT_EQ(processes->at(1).pid, 215);
  EXPECT_EQ(*client.Ping(), "8f2c");
}

TEST(Client, OfBlockersThereMayBeMoreThanAreTold) {
  FakeReaperd fake;
  fake.On("ListBlockers", {Reply("{\"blockers\":[" + test::BlockerJson() + "],\"more\":true}")});
  Client client = Connected(fake);
  const auto blockers = client.ListBlockers();
  ASSERT_TRUE(blockers) << blockers.error().message;
  EXPECT_EQ(blockers->processes.size(), 1U);
  EXPECT_TRUE(blockers->more);
}

TEST(Client, GathersEveryListThatComesInParts) {
  FakeReaperd fake;
  const auto in_two_parts = [&](const std::string& method, const std::string& key,
                                const std::string& item) {
    fake.On(method, {Reply("{\"" + key + "\":[" + item + "],\"more\":true}", true),
                     Reply("{\"" + key + "\":[" + item + "],\"more\":false}")});
  };
  const auto size_of = [](const auto& list) { return list ? list->size() : 0U; };
  in_two_parts("ListHeld", "held", test::HoldJson());
  in_two_parts("ListZombies", "zombies", test::ForeignZombieJson());
  Client client = Connected(fake);
  EXPECT_EQ(size_of(client.ListHeld()), 2U);
  EXPECT_EQ(size_of(client.ListZombies()), 2U);
  for (const std::string& call : fake.calls())
    EXPECT_NE(call.find(R"("more":true)"), std::string::npos) << call;
}

TEST(Client, ReadsAllPagesOfDeathsAndKeepsTheLast) {
  FakeReaperd fake;
  const std::string second = test::With(test::DeathJson(), "1203", "1204");
  fake.On("ListDeaths", {Reply(test::PageJson(test::DeathJson(), true, 1203))});
  fake.On("ListDeaths", {Reply(test::PageJson(second, false, 1204))});
  const auto deaths = Connected(fake).ListAllDeaths({.cause = "oom-kill"}, 1);
  ASSERT_TRUE(deaths) << deaths.error().message;
  ASSERT_EQ(deaths->size(), 1U);
  EXPECT_EQ(deaths->at(0).seq, 1204);
  ASSERT_EQ(fake.calls().size(), 2U);
  EXPECT_NE(fake.calls()[1].find(R"("after_seq":1203,"cause":"oom-kill","limit":1000)"),
            std::string::npos);
}

TEST(Client, APageThatLeadsNowhereEndsTheList) {
  FakeReaperd fake;
  fake.On("ListDeaths", {Reply(test::PageJson(test::DeathJson(), true, 7))});
  const auto deaths = Connected(fake).ListAllDeaths({});
  ASSERT_TRUE(deaths);
  EXPECT_EQ(deaths->size(), 2U);
}

TEST(Client, ALostConnectionIsSaid) {
  FakeReaperd fake;
  fake.On("GetStatus", {}, FakeReaperd::After::kClose);
  const auto status = Connected(fake).GetStatus();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, Failure::Kind::kConnection);
  EXPECT_EQ(status.error().message, "the connection is lost: reaperd closed it");
}

TEST(Client, AnAnswerThatIsNoneIsSaid) {
  FakeReaperd fake;
  fake.On("Ping", {"HTTP/1.1 400 Bad Request"});
  const auto answer = Connected(fake).Ping();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, Failure::Kind::kProtocol);
}

TEST(Monitor, BringsNewsInOrderAndTheEndOfTheConnection) {
  FakeReaperd fake;
  fake.On("Monitor",
          {Reply(test::SnapshotJson(test::ProcessJson()), true),
           Reply(test::EventJson(test::DiedJson()), true)},
          FakeReaperd::After::kClose);
  auto monitor = Connected(fake).StartMonitor();
  ASSERT_TRUE(monitor);
  const auto first = monitor->Next();
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_TRUE(std::holds_alternative<Snapshot>(first->what));
  const auto second = monitor->Next();
  ASSERT_TRUE(second);
  EXPECT_TRUE(std::holds_alternative<Event>(second->what));
  const auto third = monitor->Next();
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().kind, Failure::Kind::kConnection);
}

TEST(Monitor, DoesNotWaitLongerThanItIsTold) {
  FakeReaperd fake;
  fake.On("Monitor", {});
  auto monitor = Connected(fake).StartMonitor(7);
  ASSERT_TRUE(monitor);
  const auto news = monitor->Next(kMillisecond);
  ASSERT_FALSE(news);
  EXPECT_EQ(news.error().errno_code, ETIMEDOUT);
  const auto none = monitor->Take();
  ASSERT_TRUE(none);
  EXPECT_FALSE(none->has_value());
}

}  // namespace
}  // namespace reaperd::client
