// PlanTest: a reap::Plan, a clock, and one line for each question and answer; for the table tests.
#pragma once

#include <gtest/gtest.h>

#include <cerrno>
#include <vector>

#include "model_kernel/print_action.h"
#include "reap/plan.h"

namespace reaperd::reap {

using Kind = Action::Kind;
using model::WaitOutcome;
using Outcome = model::WaitOutcome::Kind;

inline Action Peek(pid_t pid) {
  return {.kind = Kind::kPeek, .pid = pid};
}
inline Action Reap(pid_t pid) {
  return {.kind = Kind::kReap, .pid = pid};
}
inline Action ReapSeen(pid_t pid) {
  return {.kind = Kind::kReap, .pid = pid, .seen = true};
}
inline Action ReapAny() {
  return {.kind = Kind::kReapAny};
}
inline Action PeekAny() {
  return {.kind = Kind::kPeekAny};
}
inline Action FirstList() {
  return {.kind = Kind::kList, .first_part = true};
}
inline Action NextList() {
  return {.kind = Kind::kList};
}
inline Action Rest() {
  return {};
}
inline Action RestUntil(Micros until_us) {
  return {.until_us = until_us};
}

inline PlanLimits Holding() {
  return {.may_hold = true};
}

/// A plan, a clock, and one line for each kind of answer.
class PlanTest : public ::testing::Test {
 protected:
  void Use(const PlanLimits& limits) { plan_ = Plan(limits); }

  Action Next() { return plan_.Next(now_us_); }

  void Answer(const Action& action, Outcome kind, pid_t pid = 0, Micros cost_us = 0) {
    now_us_ += cost_us;
    plan_.OnWaited(action,
                   {.kind = kind, .pid = pid, .error = kind == Outcome::kError ? EAGAIN : 0},
                   cost_us, now_us_);
  }

  void Walk(Outcome kind, pid_t pid, Micros cost_us) {
    ASSERT_EQ(Next(), ReapAny());
    Answer(ReapAny(), kind, pid, cost_us);
  }

  /// Fruitless walks that all cost so much: the first may have been preempted.
  void WalkUntilBelieved(Micros cost_us) {
    for (Micros believed_us = 30; believed_us < cost_us; believed_us *= 2) {
      Walk(Outcome::kNothing, 0, cost_us);
      now_us_ += plan_.limits().pause_max_us;
      plan_.OnHint(0);
    }
    Walk(Outcome::kNothing, 0, cost_us);
  }

  Micros dear_us() const { return plan_.limits().walk_limit_us + 1; }

  /// As many as it takes to get a scan under way where nothing is held, but for `less`.
  void DearWalks(int less = 0) {
    for (int i = less; i < plan_.limits().dear_walks_for_scan; ++i) {
      Walk(Outcome::kDead, 100 + i, dear_us());
    }
  }

  void List(std::vector<pid_t> pids, Micros cost_us = 0) {
    ASSERT_EQ(Next(), FirstList());
    now_us_ += cost_us;
    plan_.OnListed(pids, false, cost_us);
  }

  void Look(const Action& action, Outcome kind, Micros cost_us = 0, pid_t found = 0) {
    ASSERT_EQ(Next(), action);
    Answer(action, kind, found != 0 ? found : action.pid, cost_us);
  }

  /// Answers a sweep of nobody, whichever way it goes, so that the plan rests.
  void SweepNothing() {
    if (const Action walk = Next(); walk == ReapAny() || walk == PeekAny()) {
      Answer(walk, Outcome::kNothing);
    } else {
      List({});
    }
    ASSERT_EQ(Next(), Rest());
  }

  /// `pid` dies, is looked at, and is held. Leaves the sweep that its signal made due.
  void Hold(pid_t pid) {
    plan_.OnHint(pid);
    Look(Peek(pid), Outcome::kDead);
    plan_.OnDecided(pid, Decision::kHold);
  }

  Plan plan_{PlanLimits{}};
  Micros now_us_ = 1'000'000;
};

}  // namespace reaperd::reap
