#include "client/parse.h"

#include <gtest/gtest.h>

#include "client/reply.h"
#include "fake_reaperd.h"
#include "wire_samples.h"

namespace reaperd::client {
namespace {

using test::With;

template <typename T>
Answer<T> Parse(const std::string& json) {
  return ReadObject<T>(json, [](FieldReader& in, T& out) { Read(in, out); });
}

template <typename T>
std::string ProblemOf(const std::string& json) {
  const auto answer = Parse<T>(json);
  return answer ? "none" : answer.error().message;
}

constexpr WallMicros kStarted_us = 1795327200120000;  // 2026-11-22T06:00:00.120Z

TEST(ParseDeath, ReadsEveryMember) {
  const auto death = Parse<Death>(test::DeathJson());
  ASSERT_TRUE(death) << death.error().message;
  EXPECT_EQ(death->seq, 1203);
  EXPECT_EQ(death->id, "i88123");
  EXPECT_EQ(death->service, std::nullopt);
  EXPECT_EQ(death->cmdline, (std::vector<std::string>{"worker", "--queue", "a"}));
  ASSERT_TRUE(death->lineage);
  EXPECT_EQ(death->lineage->at(0).comm, "sh");
  EXPECT_EQ(death->started_at, kStarted_us);
  EXPECT_EQ(death->died_at, kStarted_us + 5'123'000);
  EXPECT_EQ(death->end, model::ExitStatus::Killed(9));
  EXPECT_EQ(death->verdict.cause, "oom-kill");
  EXPECT_TRUE(death->verdict.abnormal());
  ASSERT_TRUE(death->rusage);
  EXPECT_EQ(death->rusage->involuntary_switches, 6);
  ASSERT_TRUE(death->io);
  EXPECT_EQ(death->io->read_bytes, 4096);
  EXPECT_EQ(death->hold.has_value(), false);
}

TEST(ParseDeath, KeepsTheObjectAsItCame) {
  const std::string spaced = With(test::DeathJson(), "\"pid\":214", "\"pid\" :\n 214");
  const auto death = Parse<Death>(spaced);
  ASSERT_TRUE(death);
  EXPECT_EQ(death->json, With(test::DeathJson(), "\"pid\":214", "\"pid\" :  214"));
}

TEST(ParseDeath, IgnoresMembersThatItDoesNotKnow) {
  const auto json = With(test::DeathJson(), "\"pid\":214", R"("new":{"a":[1,{}]},"pid":214)");
  EXPECT_EQ(ProblemOf<Death>(json), "none");
}

TEST(ParseDeath, TakesAMissingOptionalForNull) {
  EXPECT_EQ(ProblemOf<Death>(With(test::DeathJson(), "\"exe\":\"/app/worker\",", "")), "none");
}

struct Bad {
  std::string_view from;
  std::string_view to;
  std::string_view problem;
};

class BadDeath : public testing::TestWithParam<Bad> {};

TEST_P(BadDeath, IsAnErrorThatNamesTheMember) {
  const Bad& bad = GetParam();
  EXPECT_EQ(ProblemOf<Death>(With(test::DeathJson(), bad.from, bad.to)),
            "the answer is not as expected: " + std::string(bad.problem));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadDeath,
    testing::Values(
        Bad{"\"pid\":214,", "", "pid is missing"},
        Bad{"\"pid\":214", "\"pid\":null", "pid should be a whole number, not null"},
        Bad{"\"pid\":214", "\"pid\":2.5", "pid should be a whole number, not 2.5"},
        Bad{"\"pid\":214", "\"pid\":99999999999999999999",
            "pid should be a whole number, not 99999999999999999999"},
        Bad{"\"pid\":214", "\"pid\":\"214\"", "pid should be a whole number, not the text '214'"},
        Bad{"\"comm\":\"worker\"", "\"comm\":[]", "comm should be a text, not a list"},
        Bad{"\"--queue\"", "7", "cmdline[1] should be a text, not 7"},
        Bad{"\"pid\":37", "\"pid\":true", "lineage[0].pid should be a whole number, not true"},
        Bad{"2026-11-22T06:00:05.243Z", "yesterday",
            "died_at should be a time such as 2026-11-22T06:00:00.120Z, not the text 'yesterday'"},
        Bad{"SIGKILL", "SIGNOT", "end.signal should be a signal's name, not the text 'SIGNOT'"},
        Bad{"\"how\":\"signal\"", "\"how\":\"age\"", "end.how should be exit or signal"},
        Bad{"\"cause\":\"oom-kill\",", "", "verdict.cause is missing"},
        Bad{"{\"read_bytes\":4096,\"write_bytes\":0}", "5", "io should be an object, not 5"}));

TEST(ParseDeath, ReadsWhatIsNoJsonAsAnError) {
  EXPECT_EQ(ProblemOf<Death>("{\"seq\":"), "the answer is not as expected: no JSON at byte 8");
  EXPECT_EQ(ProblemOf<Death>(std::string(100, '[')),
            "the answer is not as expected: JSON that is nested deeper than 64");
  EXPECT_EQ(ProblemOf<Death>("[]"),
            "the answer is not as expected: the reply should be an object, not a list");
}

TEST(ParseStatus, ReadsTheRun) {
  const auto status = Parse<RunStatus>(test::StatusJson());
  ASSERT_TRUE(status) << status.error().message;
  EXPECT_EQ(status->version, "0.1.0");
  EXPECT_TRUE(status->pid1);
  ASSERT_TRUE(status->main);
  EXPECT_EQ(status->main->end, std::nullopt);
  EXPECT_EQ(status->ring.next_seq, 1204);
  EXPECT_EQ(status->socket.requests, 77);
}

TEST(ParseHold, ReadsTheRecordWithin) {
  const auto hold = Parse<Hold>(test::HoldJson());
  ASSERT_TRUE(hold) << hold.error().message;
  EXPECT_EQ(hold->record.pid, 214);
  EXPECT_EQ(hold->record.json, test::DeathJson());
  EXPECT_EQ(hold->until, hold->since + 300 * kSecond);
}

TEST(ParseNews, TellsSnapshotEventAndGapApart) {
  const auto snapshot = Parse<News>(test::SnapshotJson(test::ProcessJson(), test::HoldJson()));
  ASSERT_TRUE(snapshot) << snapshot.error().message;
  EXPECT_EQ(std::get<Snapshot>(snapshot->what).processes.at(0).pid, 214);

  const auto event = Parse<News>(test::EventJson(test::DiedJson()));
  ASSERT_TRUE(event) << event.error().message;
  const auto& died = std::get<DiedEvent>(std::get<Event>(event->what).body);
  EXPECT_EQ(died.end, model::ExitStatus::Exited(3));
  EXPECT_TRUE(event->json.starts_with("{\"seq\":6"));

  const auto gap = Parse<News>(R"({"snapshot":null,"event":null,"gap":{"from":7,"to":9}})");
  ASSERT_TRUE(gap);
  EXPECT_EQ(std::get<Gap>(gap->what).to, 9);
}

TEST(ParseNews, AnEventOfANewerReaperdIsUnknownAndNoError) {
  const auto news = Parse<News>(test::EventJson(R"("frozen":{"pid":1})"));
  ASSERT_TRUE(news);
  EXPECT_TRUE(std::holds_alternative<UnknownEvent>(std::get<Event>(news->what).body));
}

TEST(ParseNews, AllKindsOfEventsAreRead) {
  const std::vector<std::string> bodies = {
      R"("spawned":)" + test::ProcessJson(),
      R"("adopted":)" + test::ProcessJson(),
      test::DiedJson(),
      R"("held":)" + test::HoldJson(),
      R"("released":{"pid":1,"id":null,"rule":"r","released_by":"timeout"})",
      R"("reaped":)" + test::DeathJson(),
      R"("barrier":{"barrier":"b","complete":true,"members":[{"pid":1,"id":null,"end":)"
      R"({"how":"exit","code":0,"signal":null,"core":false},"released_by":"barrier"}],"unlisted":2})",
      R"("foreign":{"step":"found","zombie":)" + test::ForeignZombieJson() + R"(,"error":null})",
      R"("signal":{"received":"SIGTERM","sent":"SIGTERM","sender":{"kernel":false,"pid":0,)"
      R"("uid":0},"outcome":"forwarded"})",
      R"("service":{"name":"web","state":"ready"})",
      R"("stopping":{"phase":"grace"})"};
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    const auto news = Parse<News>(test::EventJson(bodies[i]));
    ASSERT_TRUE(news) << bodies[i] << news.error().message;
    EXPECT_EQ(std::get<Event>(news->what).body.index(), i + 1) << bodies[i];
  }
}

TEST(ParseReply, AnErrorIsAFailureWithItsNameAndItsSentence) {
  const auto refused =
      ReadReply(test::ErrorReply("PermissionDenied", R"({"right":"admin","message":"no"})"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Failure::Kind::kRefused);
  EXPECT_EQ(refused.error().error, "PermissionDenied");
  EXPECT_EQ(refused.error().message, "no");

  const auto failed = ReadReply(test::ErrorReply("Failed", R"({"errno":28,"message":"x"})"));
  EXPECT_EQ(failed.error().errno_code, 28);

  const auto unknown =
      ReadReply(R"({"error":"org.varlink.service.MethodNotFound","parameters":{"method":"Sing"}})");
  EXPECT_EQ(unknown.error().message, "it has no method Sing: it is older than this reaperctl");
}

TEST(ParseReply, ParametersMayBeMissing) {
  const auto reply = ReadReply("{}");
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->parameters, "{}");
  EXPECT_FALSE(reply->continues);
}

TEST(WallTime, GoesBothWays) {
  EXPECT_EQ(ParseWallTime("2026-11-22T06:00:00.120Z"), kStarted_us);
  EXPECT_EQ(FormatWallTime(kStarted_us), "2026-11-22T06:00:00.120Z");
  EXPECT_EQ(ParseWallTime("2026-11-22T07:30:00.12+01:30"), kStarted_us);
  EXPECT_EQ(ParseWallTime("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(ParseWallTime("2026-11-22T06:00:00.123456789Z"), kStarted_us + 3456);
  EXPECT_EQ(FormatWallTime(-1), "1969-12-31T23:59:59.999Z");
}

TEST(WallTime, RefusesWhatIsNone) {
  for (const char* text : {"", "2026", "2026-11-22", "2026-13-22T06:00:00Z", "2026-11-22T06:00:00",
                           "2026-11-22T06:00:00.Z", "2026-11-22T06:00:00Zx", "x"}) {
    EXPECT_EQ(ParseWallTime(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace reaperd::client
