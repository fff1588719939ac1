// ReaperTest: a Reaper over a small world of children, and a list of what it told.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "fake_process_ops.h"
#include "reap/reaper.h"

namespace reaperd::reap {

class ReaperTest : public ::testing::Test, public ReapObserver {
 protected:
  using Words = std::vector<std::string>;

  ReaperTest() { Use({}); }

  void Use(const PlanLimits& limits) { reaper_ = std::make_unique<Reaper>(ops_, *this, limits); }

  /// Children that live.
  void Add(const std::vector<pid_t>& pids) {
    for (const pid_t pid : pids)
      ops_.children.push_back({.pid = pid});
  }

  /// So many, from number 1000 on.
  void AddCrowd(int count) {
    for (pid_t pid = 1000; pid < 1000 + count; ++pid)
      Add({pid});
  }

  Rest Run() {
    event::Turn turn(ops_);
    return reaper_->Run(turn);
  }

  /// Runs until it rests, and gives what was told meanwhile.
  Words Settle() {
    for (int turn = 0; turn < 1000; ++turn) {
      if (!Run().more) return Told();
    }
    ADD_FAILURE() << "the reaper does not come to rest";
    return Told();
  }

  /// After the first look for what died before.
  void Start() {
    Settle();
    ops_.calls.clear();
  }

  Words Told() { return std::exchange(told_, {}); }

  /// Lists that were begun since it was asked before.
  std::ptrdiff_t Lists() {
    const Words calls = ops_.TakeCalls();
    return std::count(calls.begin(), calls.end(), "list");
  }

  // --- ReapObserver
  bool WantsLook(Micros /*now_us*/) override { return wants_look_; }
  Decision OnDeath(const model::Death& death, const model::ProcessInfo*) override {
    told_.push_back("death " + std::to_string(death.pid));
    return to_hold_.count(death.pid) > 0 ? Decision::kHold : Decision::kReap;
  }
  void OnReaped(const model::Death& death, const model::ProcessInfo*) override {
    told_.push_back("reaped " + std::to_string(death.pid));
    deaths_.push_back(death);
  }
  void OnStopped(pid_t pid, int signal) override {
    told_.push_back("stopped " + std::to_string(pid) + " " + std::to_string(signal));
  }
  void OnAdopted(const model::ProcessInfo& process) override {
    told_.push_back("adopted " + std::to_string(process.pid));
  }
  void OnNoChildLeft() override { told_.emplace_back("nobody left"); }
  void OnOnlyHeldLeft() override { told_.emplace_back("only held left"); }
  void OnWaitFailed(int code) override { told_.push_back("failed " + std::to_string(code)); }

  test::FakeProcessOps ops_;
  std::unique_ptr<Reaper> reaper_;
  std::set<pid_t> to_hold_;
  bool wants_look_ = false;
  std::vector<model::Death> deaths_;

 private:
  Words told_;
};

}  // namespace reaperd::reap
