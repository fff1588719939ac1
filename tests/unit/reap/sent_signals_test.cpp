#include "reap/sent_signals.h"

#include <gtest/gtest.h>
#include <signal.h>

namespace reaperd::reap {
namespace {

using model::SentSignal;
using Purpose = SentSignal::Purpose;
using Reach = SentSignal::Reach;

constexpr Micros kNow_us = 1000 * kSecond;

SentSignal To(Reach reach, pid_t target, int signal = SIGTERM, Micros sent_us = kNow_us) {
  return {.reach = reach, .target = target, .signal = signal, .sent_us = sent_us};
}

TEST(SentSignals, FindsWhatReachedTheProcessInEachWay) {
  const SignalRecipient known{.pid = 7, .process_group = 6, .session = 5};
  const SignalRecipient bare{.pid = 7};
  struct Row {
    SentSignal sent;
    bool known;
    bool bare;  ///< its group and session were not read
  };
  const std::vector<Row> rows{
      {To(Reach::kProcess, 7), true, true},  {To(Reach::kProcess, 6), false, false},
      {To(Reach::kGroup, 6), true, false},   {To(Reach::kGroup, 7), false, false},
      {To(Reach::kSession, 5), true, false}, {To(Reach::kSession, 6), false, false},
      {To(Reach::kAll, 0), true, true},
  };
  for (std::size_t i = 0; i < rows.size(); ++i) {
    SentSignals signals;
    signals.Add(rows[i].sent);
    EXPECT_EQ(signals.Find(known, SIGTERM, kNow_us) != nullptr, rows[i].known) << i;
    EXPECT_EQ(signals.Find(bare, SIGTERM, kNow_us) != nullptr, rows[i].bare) << i;
    EXPECT_EQ(signals.Find(known, SIGKILL, kNow_us), nullptr) << i;
  }
}

TEST(SentSignals, GivesTheNewest) {
  SentSignals signals;
  signals.Add(To(Reach::kProcess, 7, SIGTERM, kNow_us - 3));
  signals.Add(To(Reach::kAll, 0, SIGTERM, kNow_us - 2));
  signals.Add(To(Reach::kProcess, 7, SIGKILL, kNow_us - 1));
  signals.Add(To(Reach::kProcess, 8, SIGTERM, kNow_us));
  EXPECT_EQ(signals.Find({.pid = 7}, SIGTERM, kNow_us)->sent_us, kNow_us - 2);
  EXPECT_EQ(signals.FindAny({.pid = 7}, kNow_us)->signal, SIGKILL);
}

TEST(SentSignals, WhatWasSentAfterTheDeathIsNotItsReason) {
  SentSignals signals;
  signals.Add(To(Reach::kProcess, 7, SIGTERM, kNow_us));
  EXPECT_EQ(signals.Find({.pid = 7}, SIGTERM, kNow_us - 1), nullptr);
  EXPECT_EQ(signals.FindAny({.pid = 7}, kNow_us - 1), nullptr);
}

TEST(SentSignals, WhatWasSentBeforeItStartedWentToAnother) {
  SentSignals signals;
  signals.Add(To(Reach::kAll, 0));
  EXPECT_EQ(signals.Find({.pid = 7, .started_us = kNow_us + 1}, SIGTERM, kNow_us + 2), nullptr);
  EXPECT_NE(signals.Find({.pid = 7, .started_us = kNow_us}, SIGTERM, kNow_us + 2), nullptr);
}

TEST(SentSignals, AReapedPidIsForgottenAndGroupsAreNot) {
  SentSignals signals;
  signals.Add(To(Reach::kProcess, 7));
  signals.Add(To(Reach::kProcess, 8));
  signals.Add(To(Reach::kGroup, 7));
  signals.OnReaped(7);
  EXPECT_EQ(signals.size(), 2U);
  EXPECT_EQ(signals.Find({.pid = 7}, SIGTERM, kNow_us), nullptr);
  EXPECT_NE(signals.Find({.pid = 9, .process_group = 7}, SIGTERM, kNow_us), nullptr);
}

TEST(SentSignals, AForwardedSignalIsNoReasonForEver) {
  SentSignals signals;
  signals.Add(To(Reach::kProcess, 7));
  const Micros last_us = kNow_us + SentSignals::kForwardedExplains_us;
  EXPECT_NE(signals.Find({.pid = 7}, SIGTERM, last_us), nullptr);
  EXPECT_EQ(signals.Find({.pid = 7}, SIGTERM, last_us + 1), nullptr);
  EXPECT_EQ(signals.FindAny({.pid = 7}, last_us + 1), nullptr);
  SentSignal stop = To(Reach::kProcess, 7);
  stop.purpose = Purpose::kStop;
  signals.Add(stop);
  EXPECT_NE(signals.Find({.pid = 7}, SIGTERM, last_us + kSecond), nullptr);
}

TEST(SentSignals, DropsTheOldestBeyondItsBound) {
  SentSignals signals;
  constexpr auto kMost = static_cast<pid_t>(SentSignals::kKept);
  for (pid_t pid = 1; pid <= kMost + 1; ++pid)
    signals.Add(To(Reach::kProcess, pid));
  EXPECT_EQ(signals.size(), SentSignals::kKept);
  EXPECT_EQ(signals.Find({.pid = 1}, SIGTERM, kNow_us), nullptr);
  EXPECT_NE(signals.Find({.pid = 2}, SIGTERM, kNow_us), nullptr);
  EXPECT_NE(signals.Find({.pid = kMost + 1}, SIGTERM, kNow_us), nullptr);
}

TEST(SentSignals, SurvivesAnExecOfOurselves) {
  SentSignals signals;
  SentSignal rich = To(Reach::kGroup, 6);
  rich.sender = {.pid = 3, .uid = 1000, .comm = "sh"};
  rich.purpose = Purpose::kEscalation;
  signals.Add(To(Reach::kAll, 0, SIGTERM, kNow_us - 1));
  signals.Add(rich);
  SentSignals loaded;
  loaded.Add(To(Reach::kProcess, 99));
  loaded.Load(signals.Save());
  EXPECT_EQ(loaded.Save(), signals.Save());
  ASSERT_EQ(loaded.size(), 2U) << "what was there before is gone";
  EXPECT_EQ(*loaded.FindAny({.pid = 1, .process_group = 6}, kNow_us), rich);
  loaded.Load(std::vector<SentSignal>(1000, rich));
  EXPECT_EQ(loaded.size(), SentSignals::kKept);
}

}  // namespace
}  // namespace reaperd::reap
