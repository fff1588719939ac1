// service::StopSequence, news by news: drain, forward, stop time-out, grace, giving up.
#include "service/stop_sequence.h"

#include <gtest/gtest.h>

#include <csignal>

namespace reaperd::service {

void PrintTo(const StopAction& action, std::ostream* out) {
  static constexpr const char* kNames[] = {"start drain",   "end drain", "forward", "forward all",
                                           "terminate all", "kill all",  "finish"};
  *out << kNames[static_cast<std::size_t>(action.kind)];
  if (action.signal != 0) *out << ' ' << action.signal;
}

namespace {

using Kind = StopAction::Kind;
using Phase = StopSequence::Phase;

constexpr Micros kStart = 1'000'000'000;

StopAction Forward(int signal) {
  return {Kind::kForward, signal};
}
StopAction ForwardAll(int signal) {
  return {Kind::kForwardAll, signal};
}

const StopAction kStartDrain{Kind::kStartDrain, 0};
const StopAction kEndDrain{Kind::kEndDrain, 0};
const StopAction kTerminateAll{Kind::kTerminateAll, 0};
const StopAction kKillAll{Kind::kKillAll, 0};
const StopAction kFinish{Kind::kFinish, 0};
const StopActions kNothing;

/// Times are seconds after the start.
class StopSequenceTest : public ::testing::Test {
 protected:
  void Use(const StopSettings& settings) { stop_ = StopSequence(settings); }

  static Micros At(double seconds) {
    return kStart + static_cast<Micros>(seconds * static_cast<double>(kSecond));
  }

  StopActions Stop(int signal, double at) { return stop_.OnStopSignal(signal, At(at)); }
  StopActions MainEnds(double at) { return stop_.OnMainEnded(true, At(at)); }
  StopActions LastOneEnds(double at) { return stop_.OnMainEnded(false, At(at)); }

  /// Expects the deadline to be `at`, lets it pass, and gives what follows.
  StopActions Deadline(double at) {
    EXPECT_EQ(stop_.deadline_us(), At(at)) << "expected after " << at << " s";
    EXPECT_EQ(stop_.OnDeadline(At(at) - 1), kNothing) << "too early";
    return stop_.OnDeadline(At(at));
  }

  void ExpectRestsIn(Phase phase) {
    EXPECT_EQ(stop_.phase(), phase);
    EXPECT_EQ(stop_.deadline_us(), std::nullopt);
  }

  StopSequence stop_{StopSettings{}};
};

constexpr Micros kFive = 5 * kSecond;

// --- without a stop signal

TEST_F(StopSequenceTest, NothingHappensByItself) {
  ExpectRestsIn(Phase::kRunning);
  EXPECT_EQ(stop_.OnDeadline(At(1e6)), kNothing);
  EXPECT_EQ(stop_.OnNoChildLeft(At(1)), kNothing) << "main has not ended";
  EXPECT_EQ(stop_.OnDrainCommandEnded(At(1)), kNothing);
  EXPECT_FALSE(stop_.stop_requested());
}

TEST_F(StopSequenceTest, WithoutGraceTheRunEndsWithMainWhoeverIsLeft) {
  EXPECT_EQ(MainEnds(1), StopActions{kFinish});
  ExpectRestsIn(Phase::kDone);
  EXPECT_FALSE(stop_.gave_up());
}

TEST_F(StopSequenceTest, GraceTerminatesThenKillsThenGivesUp) {
  Use({.grace_us = kFive});
  EXPECT_EQ(MainEnds(1), StopActions{kTerminateAll});
  EXPECT_EQ(stop_.phase(), Phase::kGrace);
  EXPECT_EQ(Deadline(6), StopActions{kKillAll});
  EXPECT_FALSE(stop_.gave_up());
  EXPECT_EQ(Deadline(7), StopActions{kFinish});
  EXPECT_TRUE(stop_.gave_up());
  ExpectRestsIn(Phase::kDone);
}

TEST_F(StopSequenceTest, GraceEndsEarlyWhenNobodyIsLeft) {
  Use({.grace_us = kFive});
  EXPECT_EQ(MainEnds(1), StopActions{kTerminateAll});
  EXPECT_EQ(stop_.OnNoChildLeft(At(2)), StopActions{kFinish});
  EXPECT_FALSE(stop_.gave_up());
  ExpectRestsIn(Phase::kDone);
}

TEST_F(StopSequenceTest, WhoIsGoneAfterTheKillEndsItEarly) {
  Use({.grace_us = kFive});
  MainEnds(1);
  Deadline(6);
  EXPECT_EQ(stop_.OnNoChildLeft(At(6.1)), StopActions{kFinish});
  EXPECT_FALSE(stop_.gave_up());
}

TEST_F(StopSequenceTest, NoGraceIsNeededWhereNobodyIsLeft) {
  Use({.grace_us = kFive});
  EXPECT_EQ(LastOneEnds(1), StopActions{kFinish});
  ExpectRestsIn(Phase::kDone);
}

TEST_F(StopSequenceTest, GraceOfZeroKillsAtOnce) {
  Use({.grace_us = 0});
  EXPECT_EQ(MainEnds(1), StopActions{kKillAll});
  EXPECT_EQ(Deadline(2), StopActions{kFinish});
}

// --- stop, forward, time-out

TEST_F(StopSequenceTest, AStopSignalIsForwardedAndNothingIsForced) {
  EXPECT_EQ(Stop(SIGTERM, 1), StopActions{Forward(SIGTERM)});
  EXPECT_TRUE(stop_.stop_requested());
  ExpectRestsIn(Phase::kStopping);
}

TEST_F(StopSequenceTest, ASecondStopSignalIsForwardedAgainAndDoesNotProlong) {
  Use({.timeout_us = kFive});
  EXPECT_EQ(Stop(SIGTERM, 1), StopActions{Forward(SIGTERM)});
  EXPECT_EQ(Stop(SIGINT, 4), StopActions{Forward(SIGINT)});
  EXPECT_EQ(Deadline(6), StopActions{kKillAll});
}

TEST_F(StopSequenceTest, TheStopTimeoutKillsAllAndWaitsForMainsOwnStatus) {
  Use({.timeout_us = kFive, .grace_us = kFive});
  Stop(SIGTERM, 1);
  EXPECT_EQ(Deadline(6), StopActions{kKillAll});
  ExpectRestsIn(Phase::kKilled);
  EXPECT_EQ(MainEnds(6.5), kNothing) << "the others have been killed already";
  EXPECT_EQ(Deadline(7.5), StopActions{kFinish});
  EXPECT_TRUE(stop_.gave_up());
}

TEST_F(StopSequenceTest, AfterTheKillMainMayBeTheLast) {
  Use({.timeout_us = kFive});
  Stop(SIGTERM, 1);
  Deadline(6);
  EXPECT_EQ(LastOneEnds(6.5), StopActions{kFinish});
  EXPECT_FALSE(stop_.gave_up());
}

TEST_F(StopSequenceTest, AStopThatForwardsNothingStopsAllTheSame) {
  Use({.timeout_us = kFive});
  EXPECT_EQ(Stop(0, 1), kNothing);
  EXPECT_EQ(stop_.phase(), Phase::kStopping);
  EXPECT_EQ(Deadline(6), StopActions{kKillAll});
}

TEST_F(StopSequenceTest, WithForceTheSecondKillsAtOnceAndTheThirdDoesNothing) {
  Use({.force_on_second = true, .grace_us = kFive});
  EXPECT_EQ(Stop(SIGTERM, 1), StopActions{Forward(SIGTERM)});
  EXPECT_EQ(Stop(SIGTERM, 2), StopActions{kKillAll});
  EXPECT_EQ(Stop(SIGTERM, 3), kNothing);
  EXPECT_EQ(MainEnds(3), kNothing);
  EXPECT_EQ(Deadline(4), StopActions{kFinish});
  EXPECT_EQ(Stop(SIGTERM, 5), kNothing);
}

TEST_F(StopSequenceTest, WithForceASecondDuringGraceKills) {
  Use({.force_on_second = true, .grace_us = kFive});
  Stop(SIGTERM, 1);
  EXPECT_EQ(MainEnds(2), StopActions{kTerminateAll});
  EXPECT_EQ(Stop(SIGTERM, 3), StopActions{kKillAll});
  EXPECT_EQ(Deadline(4), StopActions{kFinish});
}

TEST_F(StopSequenceTest, WithForceAFirstStopDuringGraceIsOnlyTheFirst) {
  Use({.force_on_second = true, .grace_us = kFive});
  MainEnds(1);
  EXPECT_EQ(Stop(SIGTERM, 2), kNothing);
  EXPECT_EQ(Stop(SIGTERM, 3), StopActions{kKillAll});
}

// --- drain

TEST_F(StopSequenceTest, DrainsBeforeForwarding) {
  Use({.drain_us = 3 * kSecond, .timeout_us = kFive});
  EXPECT_EQ(Stop(SIGQUIT, 1), StopActions{kStartDrain});
  EXPECT_EQ(stop_.phase(), Phase::kDraining);
  EXPECT_EQ(Deadline(4), (StopActions{kEndDrain, Forward(SIGQUIT)}));
  EXPECT_EQ(Deadline(9), StopActions{kKillAll}) << "the time-out counts from the forward";
}

TEST_F(StopSequenceTest, ASecondStopSignalEndsTheDrain) {
  Use({.drain_us = 3 * kSecond});
  Stop(SIGTERM, 1);
  EXPECT_EQ(Stop(SIGINT, 2), (StopActions{kEndDrain, Forward(SIGINT)}));
  ExpectRestsIn(Phase::kStopping);
}

TEST_F(StopSequenceTest, ASecondStopThatForwardsNothingLetsTheFirstThrough) {
  Use({.drain_us = 3 * kSecond});
  Stop(SIGTERM, 1);
  EXPECT_EQ(Stop(0, 2), (StopActions{kEndDrain, Forward(SIGTERM)}));
}

TEST_F(StopSequenceTest, ASecondStopSignalWithForceEndsTheDrainAndKills) {
  Use({.drain_us = 3 * kSecond, .force_on_second = true});
  Stop(SIGTERM, 1);
  EXPECT_EQ(Stop(SIGINT, 2), (StopActions{kEndDrain, kKillAll}));
}

TEST_F(StopSequenceTest, TheEndOfTheDrainCommandEndsTheDrain) {
  Use({.drain_us = 30 * kSecond, .drain_command = true});
  EXPECT_EQ(Stop(SIGTERM, 1), StopActions{kStartDrain});
  EXPECT_EQ(stop_.OnDrainCommandEnded(At(2)), StopActions{Forward(SIGTERM)});
  EXPECT_EQ(stop_.OnDrainCommandEnded(At(3)), kNothing);
  ExpectRestsIn(Phase::kStopping);
}

TEST_F(StopSequenceTest, ADrainCommandWithoutATimeMayTakeItsTime) {
  Use({.drain_command = true});
  EXPECT_EQ(Stop(SIGTERM, 1), StopActions{kStartDrain});
  ExpectRestsIn(Phase::kDraining);
  EXPECT_EQ(stop_.OnDrainCommandEnded(At(500)), StopActions{Forward(SIGTERM)});
}

TEST_F(StopSequenceTest, MainsEndDuringTheDrainEndsTheDrain) {
  Use({.drain_us = 30 * kSecond, .grace_us = kFive});
  Stop(SIGTERM, 1);
  EXPECT_EQ(MainEnds(2), (StopActions{kEndDrain, kTerminateAll}));
  EXPECT_EQ(stop_.OnDrainCommandEnded(At(3)), kNothing);
  EXPECT_EQ(Deadline(7), StopActions{kKillAll});
}

TEST_F(StopSequenceTest, MainsEndDuringTheDrainLeavesNoDrainCommandBehind) {
  Use({.drain_command = true});
  Stop(SIGTERM, 1);
  EXPECT_EQ(MainEnds(2), (StopActions{kEndDrain, kFinish}));
}

// --- grace while a stop runs: somebody waits for our end, mostly for 10 s

struct GraceRow {
  const char* name;
  double grace;
  std::optional<double> timeout;
  double main_ends;  ///< after the first forward
  double kill;       ///< after the first forward
};

class StopGraceTest : public StopSequenceTest, public ::testing::WithParamInterface<GraceRow> {};

TEST_P(StopGraceTest, EndsInTimeForTheStatusToGetOut) {
  const GraceRow& row = GetParam();
  StopSettings settings;
  settings.grace_us = At(row.grace) - kStart;
  if (row.timeout) settings.timeout_us = At(*row.timeout) - kStart;
  Use(settings);
  Stop(SIGTERM, 0);
  EXPECT_EQ(MainEnds(row.main_ends), StopActions{kTerminateAll});
  EXPECT_EQ(Deadline(row.kill), StopActions{kKillAll});
  EXPECT_EQ(Deadline(row.kill + 1), StopActions{kFinish});
}

INSTANTIATE_TEST_SUITE_P(Rows, StopGraceTest,
                         ::testing::Values(GraceRow{"main_quick", 5, {}, 1, 6},
                                           GraceRow{"main_slow", 5, {}, 4, 8},
                                           GraceRow{"main_nearly_too_slow", 5, {}, 7.5, 8.5},
                                           GraceRow{"main_too_slow", 5, {}, 20, 21},
                                           GraceRow{"long_grace", 60, {}, 1, 8},
                                           GraceRow{"short_grace", 0.5, {}, 1, 1.5},
                                           GraceRow{"short_grace_late", 0.5, {}, 20, 20.5},
                                           GraceRow{"short_timeout", 5, 3, 1, 3},
                                           GraceRow{"short_timeout_main_late", 5, 3, 2.5, 3.5},
                                           GraceRow{"long_timeout", 60, 30, 1, 30},
                                           GraceRow{"long_timeout_short_grace", 5, 30, 1, 6}),
                         [](const auto& row) { return row.param.name; });

TEST_F(StopSequenceTest, AStopDuringGraceShortensALongOne) {
  Use({.grace_us = 60 * kSecond});
  MainEnds(0);
  EXPECT_EQ(Stop(SIGTERM, 1), kNothing) << "all have been asked already";
  EXPECT_TRUE(stop_.stop_requested());
  EXPECT_EQ(Stop(SIGTERM, 5), kNothing) << "a second does not prolong it";
  EXPECT_EQ(Deadline(9), StopActions{kKillAll});
}

TEST_F(StopSequenceTest, AStopDuringGraceDoesNotProlongAShortOne) {
  Use({.grace_us = kFive});
  MainEnds(0);
  Stop(SIGTERM, 4);
  EXPECT_EQ(Deadline(5), StopActions{kKillAll});
}

TEST_F(StopSequenceTest, MainsEndDuringTheDrainOfARunningStopShortensALongGrace) {
  Use({.drain_us = 30 * kSecond, .grace_us = 60 * kSecond});
  Stop(SIGTERM, 0);
  EXPECT_EQ(MainEnds(1), (StopActions{kEndDrain, kTerminateAll}));
  EXPECT_EQ(Deadline(9), StopActions{kKillAll});
}

// --- waiting for all

TEST_F(StopSequenceTest, WaitingForAllTheRunGoesOnAfterMain) {
  Use({.grace_us = kFive, .wait_for_all = true});
  EXPECT_EQ(MainEnds(1), kNothing);
  ExpectRestsIn(Phase::kRunning);
  EXPECT_EQ(stop_.OnNoChildLeft(At(100)), StopActions{kFinish});
}

TEST_F(StopSequenceTest, WaitingForAllAStopAfterMainBeginsTheGraceOfTheOthers) {
  Use({.drain_us = kFive, .grace_us = kFive, .wait_for_all = true});
  MainEnds(1);
  EXPECT_EQ(Stop(SIGTERM, 100), StopActions{kTerminateAll}) << "there is nothing to drain";
  EXPECT_EQ(Deadline(105), StopActions{kKillAll});
  EXPECT_EQ(Deadline(106), StopActions{kFinish});
}

TEST_F(StopSequenceTest, WaitingForAllMainsEndUnderAStopBeginsTheGraceOfTheOthers) {
  Use({.grace_us = kFive, .wait_for_all = true});
  Stop(SIGTERM, 1);
  EXPECT_EQ(MainEnds(2), StopActions{kTerminateAll});
  EXPECT_EQ(Deadline(7), StopActions{kKillAll});
}

TEST_F(StopSequenceTest, WaitingForAllWithoutGraceAStopIsForwardedToAllAndNothingIsForced) {
  Use({.wait_for_all = true});
  MainEnds(1);
  EXPECT_EQ(Stop(SIGTERM, 2), StopActions{ForwardAll(SIGTERM)});
  EXPECT_EQ(Stop(SIGINT, 3), StopActions{ForwardAll(SIGINT)});
  ExpectRestsIn(Phase::kStopping);
  EXPECT_EQ(stop_.OnNoChildLeft(At(100)), StopActions{kFinish});
}

TEST_F(StopSequenceTest, WaitingForAllWithoutGraceTheStopTimeoutHoldsForTheOthersToo) {
  Use({.timeout_us = kFive, .wait_for_all = true});
  Stop(SIGINT, 1);
  EXPECT_EQ(MainEnds(2), StopActions{ForwardAll(SIGINT)}) << "they get what main got";
  EXPECT_EQ(Deadline(6), StopActions{kKillAll});
  EXPECT_EQ(Deadline(7), StopActions{kFinish});
}

TEST_F(StopSequenceTest, WaitingForAllWithoutGraceMainsEndInTheDrainForcesNobody) {
  Use({.drain_us = kFive, .wait_for_all = true});
  Stop(SIGINT, 1);
  EXPECT_EQ(MainEnds(2), (StopActions{kEndDrain, ForwardAll(SIGINT)}));
  ExpectRestsIn(Phase::kStopping);
}

TEST_F(StopSequenceTest, WaitingForAllWithoutGraceMainsEndInTheDrainStartsTheStopTimeout) {
  Use({.drain_us = kFive, .timeout_us = 20 * kSecond, .wait_for_all = true});
  Stop(SIGTERM, 1);
  EXPECT_EQ(MainEnds(2), (StopActions{kEndDrain, ForwardAll(SIGTERM)}));
  EXPECT_EQ(Deadline(22), StopActions{kKillAll});
}

TEST_F(StopSequenceTest, WaitingForAllTheOthersGetTermWhereMainGotNothing) {
  Use({.wait_for_all = true});
  EXPECT_EQ(Stop(0, 1), kNothing);
  EXPECT_EQ(MainEnds(2), StopActions{ForwardAll(SIGTERM)});
}

// --- the end

TEST_F(StopSequenceTest, AfterTheEndNothingIsDone) {
  Use({.drain_us = kFive, .timeout_us = kFive, .force_on_second = true, .grace_us = kFive});
  LastOneEnds(1);
  EXPECT_EQ(Stop(SIGTERM, 2), kNothing);
  EXPECT_EQ(Stop(SIGTERM, 3), kNothing);
  EXPECT_EQ(MainEnds(4), kNothing);
  EXPECT_EQ(stop_.OnNoChildLeft(At(5)), kNothing);
  EXPECT_EQ(stop_.OnDrainCommandEnded(At(6)), kNothing);
  EXPECT_EQ(stop_.OnDeadline(At(1000)), kNothing);
  ExpectRestsIn(Phase::kDone);
}

}  // namespace
}  // namespace reaperd::service
