#include "status/event_log.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "manual_clock.h"
#include "status/interface_text.h"
#include "test_values.h"
#include "varlink_types.h"

namespace reaperd::status {
namespace {

using Kind = EventLog::Reading::Kind;
using Json = nlohmann::json;

constexpr Audience kAll{};
constexpr Audience kNobody{.all = false, .own_uid = std::nullopt};

model::EventBody Small() {
  return model::StoppingEvent{};
}

class EventLogTest : public ::testing::Test {
 protected:
  Json Read(std::uint64_t after, const Audience& audience = kAll) {
    const auto reading = log_.ReadAfter(after, audience);
    EXPECT_EQ(reading.kind, Kind::kEvent);
    return Json::parse(reading.text, nullptr, false);
  }
  void Happen(int count) {
    for (int i = 0; i < count; ++i)
      log_.OnEvent(clock_.Now(), Small());
  }

  test::ManualClock clock_;
  EventLog log_{clock_, [] { return JsonContext{.instance = "8f2c"}; }};
};

TEST_F(EventLogTest, CountsEventsThatNobodyWants) {
  EXPECT_FALSE(log_.Wanted());
  log_.Skip();
  Happen(1);
  EXPECT_EQ(log_.last_seq(), 2U);
  EXPECT_EQ(log_.kept(), 0U);
  EXPECT_EQ(log_.bytes(), 0U);
}

TEST_F(EventLogTest, GivesEventsInOrderToWhoFollows) {
  log_.Skip();
  const auto follower = log_.Follow();
  EXPECT_TRUE(log_.Wanted());
  Happen(2);
  EXPECT_EQ(Read(1)["seq"], 2);
  EXPECT_EQ(Read(2)["seq"], 3);
  EXPECT_EQ(log_.ReadAfter(3, kAll).kind, Kind::kNothing);
}

TEST_F(EventLogTest, WritesEveryKindAsTheInterfaceSays) {
  const test::VarlinkTypes types(kManagerInterfaceText);
  const auto follower = log_.Follow();
  std::uint64_t seq = 0;
  for (const model::EventBody& body : AllEvents()) {
    log_.OnEvent(kSecond, body);
    for (const Audience& audience : {kAll, kNobody}) {
      const Json event = Read(seq, audience);
      EXPECT_EQ(types.Mismatch(event, types.Named("Event")), "") << event;
      EXPECT_EQ(event.size(), 3U) << event;
    }
    ++seq;
  }
}

TEST_F(EventLogTest, TellsJustWhatIsLost) {
  log_.Skip();
  log_.Skip();
  const auto follower = log_.Follow();
  auto reading = log_.ReadAfter(0, kAll);
  EXPECT_EQ(reading.kind, Kind::kGap);
  EXPECT_EQ(std::pair(reading.from, reading.to), std::pair(std::uint64_t{1}, std::uint64_t{2}));
  Happen(1);
  log_.Skip();
  Happen(1);
  reading = log_.ReadAfter(1, kAll);
  EXPECT_EQ(std::pair(reading.from, reading.to), std::pair(std::uint64_t{2}, std::uint64_t{2}));
  EXPECT_EQ(Read(2)["seq"], 3);
  reading = log_.ReadAfter(3, kAll);
  EXPECT_EQ(reading.kind, Kind::kGap);
  EXPECT_EQ(std::pair(reading.from, reading.to), std::pair(std::uint64_t{4}, std::uint64_t{4}));
  EXPECT_EQ(Read(4)["seq"], 5);
}

TEST_F(EventLogTest, KeepsSoManyAndNoMore) {
  const auto follower = log_.Follow();
  Happen(static_cast<int>(EventLog::kMaxEvents) + 10);
  EXPECT_LE(log_.kept(), EventLog::kMaxEvents);
  EXPECT_LE(log_.bytes(), EventLog::kMaxBytes);
  const auto reading = log_.ReadAfter(0, kAll);
  EXPECT_EQ(reading.kind, Kind::kGap);
  EXPECT_EQ(reading.from, 1U);
  EXPECT_EQ(reading.to, log_.last_seq() - log_.kept());
  EXPECT_EQ(Read(reading.to)["seq"], reading.to + 1);
}

TEST_F(EventLogTest, KeepsSoManyBytesAndNoMore) {
  const auto follower = log_.Follow();
  for (std::uint64_t seq = 1; seq <= 1000; ++seq)
    log_.OnEvent(0, model::ReapedEvent{.record = Death(seq, 1000, 4000)});
  EXPECT_LE(log_.bytes(), EventLog::kMaxBytes);
  EXPECT_LT(log_.kept(), 300U);
  // Texts count, too: reading them all makes room for them.
  for (std::uint64_t seq = log_.last_seq() - log_.kept(); seq < log_.last_seq(); ++seq)
    EXPECT_EQ(Read(seq)["seq"], seq + 1);
  EXPECT_LE(log_.bytes(), EventLog::kMaxBytes);
}

TEST_F(EventLogTest, KeepsOneEventHoweverLarge) {
  const auto follower = log_.Follow();
  log_.OnEvent(0, model::ReapedEvent{.record = Death(1, 1000, 3 * EventLog::kMaxBytes)});
  EXPECT_EQ(Read(0)["seq"], 1);
}

TEST_F(EventLogTest, MakesEachTextOnce) {
  const auto follower = log_.Follow();
  log_.OnEvent(0, model::ReapedEvent{.record = Death(1)});
  EXPECT_EQ(log_.texts_made(), 0U);
  for (int i = 0; i < 5; ++i) {
    Read(0);
    Read(0, kNobody);
    Read(0, {.all = false, .own_uid = 7});
    Read(0, {.all = false, .own_uid = 1000});
  }
  EXPECT_EQ(log_.texts_made(), 2U);
}

TEST_F(EventLogTest, TellsWordsOnlyToThoseWhoMayHearThem) {
  const auto follower = log_.Follow();
  log_.OnEvent(0, model::ReapedEvent{.record = Death(1)});
  log_.OnEvent(0, model::HeldEvent{.hold = HoldOf(Death(2))});
  log_.OnEvent(0, model::SpawnedEvent{.process = Child(7), .parent = 1});
  const Audience owner{.all = false, .own_uid = 1000};
  const Audience other{.all = false, .own_uid = 1001};
  for (const Audience& audience : {kAll, owner, other, kNobody}) {
    const bool hears = audience.all || audience.own_uid == 1000U;
    EXPECT_EQ(Read(0, audience)["reaped"]["cmdline"].is_array(), hears);
    EXPECT_EQ(Read(0, audience)["reaped"].contains("environ"), hears);
    EXPECT_EQ(Read(1, audience)["held"]["record"]["cmdline"].is_array(), hears);
    // Whose it is was not noted: nobody else hears it.
    EXPECT_EQ(Read(2, audience)["spawned"]["cmdline"].is_array(), audience.all);
    EXPECT_EQ(Read(0, audience)["reaped"]["comm"], "worker");
  }
}

TEST_F(EventLogTest, KeepsEventsForAWhileAfterTheLastFollower) {
  auto follower = log_.Follow();
  Happen(1);
  follower.reset();
  EXPECT_TRUE(log_.Wanted());
  Happen(1);
  clock_.Advance(EventLog::kKeep_us - 1);
  EXPECT_TRUE(log_.Wanted());
  Happen(1);
  EXPECT_EQ(log_.kept(), 3U);
  clock_.Advance(1);
  EXPECT_FALSE(log_.Wanted());
  log_.Skip();
  EXPECT_EQ(log_.kept(), 0U);
  EXPECT_EQ(log_.bytes(), 0U);
  EXPECT_EQ(log_.last_seq(), 4U);
}

TEST_F(EventLogTest, StaysWithAFollowerThatComesInTime) {
  auto follower = log_.Follow();
  Happen(1);
  follower.reset();
  Happen(1);
  clock_.Advance(EventLog::kKeep_us - 1);
  follower = log_.Follow();
  clock_.Advance(EventLog::kKeep_us);
  Happen(1);
  EXPECT_EQ(Read(0)["seq"], 1);
}

TEST_F(EventLogTest, CallsWhenThereIsNewsForFollowers) {
  int calls = 0;
  log_.OnNews([&] { ++calls; });
  Happen(1);
  EXPECT_EQ(calls, 0);
  const auto follower = log_.Follow();
  const auto another = log_.Follow();
  EXPECT_EQ(log_.followers(), 2U);
  Happen(2);
  EXPECT_EQ(calls, 2);
}

}  // namespace
}  // namespace reaperd::status
