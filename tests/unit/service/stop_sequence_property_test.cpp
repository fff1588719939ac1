// Properties of service::StopSequence over random lives: whatever is told to it in whatever order,
// nothing is forced before its time, nobody is asked twice what is asked once, and main's status
// gets out in time. How long and from which seed: support/model_kernel/property_run.h.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <string>

#include "model_kernel/property_run.h"
#include "model_kernel/random.h"
#include "service/stop_sequence.h"

namespace reaperd::service {
namespace {

using test::PropertyRun;
using test::Random;
using Kind = StopAction::Kind;
using Phase = StopSequence::Phase;

constexpr std::uint64_t kNews = 3'000'000;
constexpr Micros kBudget = 8 * kSecond;

/// Counts of what happened, so that a run in which nothing happens cannot pass.
struct Seen {
  std::uint64_t lives = 0;
  std::uint64_t news = 0;
  std::uint64_t kills = 0;
  std::uint64_t drains = 0;
  std::uint64_t given_up = 0;
  std::uint64_t for_all = 0;
};

class Life {
 public:
  Life(std::uint64_t seed, Seen& seen)
      : random_(seed), settings_(DrawSettings(random_)), stop_(settings_), seen_(seen) {
    slow_ = random_.Chance(50);
  }

  /// What was violated, or "".
  std::string Live() {
    ++seen_.lives;
    for (int i = 0; i < 30 && violation_.empty() && !finished_; ++i) {
      Pass(slow_ ? random_.Between(0, 10 * kSecond) : random_.Between(0, kSecond));
      Happen();
    }
    End();
    return violation_;
  }

 private:
  static Micros DrawTime(Random& random) {
    return random.Chance(20) ? 0 : random.Between(1, 20 * kSecond);
  }

  static StopSettings DrawSettings(Random& random) {
    StopSettings settings;
    if (random.Chance(50)) settings.drain_us = DrawTime(random);
    settings.drain_command = random.Chance(30);
    if (random.Chance(50)) settings.timeout_us = DrawTime(random);
    settings.force_on_second = random.Chance(30);
    if (random.Chance(70)) settings.grace_us = DrawTime(random);
    settings.wait_for_all = random.Chance(30);
    return settings;
  }

  void Expect(bool promise, const char* what) {
    if (!promise && violation_.empty()) {
      violation_ = std::string(what) + " at " + std::to_string(now_us_) + " us";
    }
  }

  /// Lets time go by; deadlines are told a little late, as a loop does.
  void Pass(Micros time_us) {
    const Micros until_us = now_us_ + time_us;
    while (stop_.deadline_us() && *stop_.deadline_us() <= until_us && violation_.empty()) {
      now_us_ = std::max(now_us_, *stop_.deadline_us());
      if (random_.Chance(50)) now_us_ += random_.Between(0, 5 * kMillisecond);
      OnDeadline();
    }
    now_us_ = std::max(now_us_, until_us);
  }

  void OnDeadline() {
    const bool draining = stop_.phase() == Phase::kDraining;
    const StopActions actions = stop_.OnDeadline(now_us_);
    if (draining) OnForwarded();
    Check(actions);
  }

  void Happen() {
    ++seen_.news;
    switch (random_.Below(8)) {
      case 0:
      case 1:
        OnStop(random_.Chance(20) ? 0 : static_cast<int>(random_.Between(1, 64)));
        break;
      case 2:
        OnMainEnded(random_.Chance(80));
        break;
      case 3:
        if (random_.Chance(30)) Check(stop_.OnNoChildLeft(now_us_));
        break;
      case 4: {
        const bool draining = stop_.phase() == Phase::kDraining;
        const StopActions actions = stop_.OnDrainCommandEnded(now_us_);
        if (draining) OnForwarded();
        Check(actions);
        break;
      }
      case 5: {
        const bool early = !stop_.deadline_us() || now_us_ < *stop_.deadline_us();
        const StopActions actions = stop_.OnDeadline(now_us_);
        Expect(!early || actions.empty(), "acted on a deadline that was not over");
        break;
      }
      default:
        break;
    }
  }

  void OnStop(int signal) {
    ++stops_;
    if (signal != 0) signalled_ = true;
    const Phase before = stop_.phase();
    const StopActions actions = stop_.OnStopSignal(signal, now_us_);
    if (stop_.phase() != Phase::kDraining && before != Phase::kKilled) OnForwarded();
    Expect(stop_.stop_requested(), "forgot the stop");
    Check(actions);
  }

  void OnMainEnded(bool children_left) {
    if (main_ended_) return;
    main_ended_ = true;
    main_ended_us_ = now_us_;
    const StopActions actions = stop_.OnMainEnded(children_left, now_us_);
    if (stops_ > 0) OnForwarded();
    Check(actions);
    if (!children_left || (!settings_.grace_us && !settings_.wait_for_all && !killed_)) {
      Expect(finished_, "main has ended, nobody is waited for, and the run goes on");
    }
  }

  /// From now on somebody waits for our end.
  void OnForwarded() { forwarded_us_ = forwarded_us_.value_or(now_us_); }

  void Check(const StopActions& actions) {
    for (const StopAction& action : actions) {
      Expect(!finished_, "acted after the end");
      CheckOne(action);
    }
    const auto deadline = stop_.deadline_us();
    Expect(!deadline || *deadline >= now_us_, "set a deadline that has passed");
    Expect((stop_.phase() == Phase::kDone) == finished_, "is done without saying so");
    Expect(!finished_ || !deadline, "left a deadline");
  }

  void CheckOne(const StopAction& action) {
    switch (action.kind) {
      case Kind::kStartDrain:
        Expect(drains_++ == 0 && stops_ == 1 && !main_ended_, "drained at the wrong time");
        ++seen_.drains;
        return;
      case Kind::kEndDrain:
        Expect(drains_ == 1 && drain_ends_++ == 0, "ended a drain that was not there");
        return;
      case Kind::kForward:
        Expect(!main_ended_, "forwarded to a main that has ended");
        Expect(action.signal != 0 && signalled_, "forwarded a signal that nobody sent");
        Expect(stop_.phase() != Phase::kDraining, "forwarded while draining");
        return;
      case Kind::kForwardAll:
        Expect(main_ended_ && settings_.wait_for_all && stops_ > 0, "told all without a reason");
        Expect(!settings_.grace_us, "told all what the grace tells them");
        ++seen_.for_all;
        return;
      case Kind::kTerminateAll:
        Expect(main_ended_ && settings_.grace_us > 0, "terminated without grace");
        Expect(!terminated_us_, "terminated twice");
        terminated_us_ = now_us_;
        return;
      case Kind::kKillAll:
        Expect(!killed_, "killed twice");
        Expect(MayKill(), "killed before it was time");
        killed_ = true;
        killed_us_ = now_us_;
        ++seen_.kills;
        return;
      case Kind::kFinish:
        CheckFinish();
        return;
    }
  }

  [[nodiscard]] bool MayKill() const {
    if (settings_.force_on_second && stops_ >= 2) return true;
    const auto& timeout = settings_.timeout_us;
    if (timeout && forwarded_us_ && now_us_ >= *forwarded_us_ + *timeout) return true;
    if (!settings_.grace_us || !main_ended_) return false;
    if (*settings_.grace_us == 0) return true;
    return terminated_us_ && now_us_ >= GraceEnd();
  }

  /// When those that are left after TERM have had their time.
  [[nodiscard]] Micros GraceEnd() const {
    const Micros own = *terminated_us_ + *settings_.grace_us;
    if (!forwarded_us_) return own;
    return std::min(own, std::max(*forwarded_us_ + settings_.timeout_us.value_or(kBudget),
                                  *terminated_us_ + kSecond));
  }

  void CheckFinish() {
    Expect(main_ended_, "finished without main's status");
    finished_ = true;
    if (!stop_.gave_up()) return;
    ++seen_.given_up;
    Expect(killed_, "gave up on somebody that was not killed");
    Expect(now_us_ >= std::max(killed_us_, main_ended_us_) + kSecond, "gave up too early");
  }

  /// No more news: main ends, and time does the rest.
  void End() {
    if (!violation_.empty() || finished_) return;
    if (stop_.phase() == Phase::kDraining && settings_.drain_us > 0) Pass(settings_.drain_us);
    OnMainEnded(true);
    if (!finished_ && stops_ == 0) OnStop(SIGTERM);
    const Micros began_us = now_us_;
    Pass(100 * kSecond);
    if (!violation_.empty()) return;
    if (!finished_ && settings_.wait_for_all && !settings_.grace_us && !settings_.timeout_us) {
      // Nothing may be forced here, except that the user did so; the last one's end is the end.
      Check(stop_.OnNoChildLeft(now_us_));
    }
    Expect(finished_, "does not come to an end");
    if (!settings_.grace_us || !terminated_us_ || !stop_.gave_up()) return;
    Expect(killed_us_ <= std::max(began_us, GraceEnd()) + 5 * kMillisecond, "killed too late");
  }

  Random random_;
  StopSettings settings_;
  StopSequence stop_;
  Seen& seen_;
  Micros now_us_ = 1000 * kSecond;
  bool slow_ = false;
  int stops_ = 0;
  int drains_ = 0;
  int drain_ends_ = 0;
  bool signalled_ = false;
  bool main_ended_ = false;
  bool killed_ = false;
  bool finished_ = false;
  Micros main_ended_us_ = 0;
  Micros killed_us_ = 0;
  std::optional<Micros> forwarded_us_;
  std::optional<Micros> terminated_us_;
  std::string violation_;
};

TEST(StopSequenceProperty, KeepsItsPromisesWhateverHappensWhen) {
  const PropertyRun run = PropertyRun::FromEnvironment(kNews);
  Seen seen;
  for (std::uint64_t seed = run.first_seed; seen.news < run.steps; ++seed) {
    Life life(seed, seen);
    ASSERT_EQ(life.Live(), "") << PropertyRun::Again(seed);
  }
  if (!run.whole) return;
  EXPECT_GT(seen.kills, seen.lives / 10);
  EXPECT_GT(seen.drains, seen.lives / 10);
  EXPECT_GT(seen.given_up, seen.lives / 20);
  EXPECT_GT(seen.for_all, seen.lives / 50);
}

}  // namespace
}  // namespace reaperd::service
