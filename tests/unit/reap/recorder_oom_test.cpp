// The recorder and whoever knows of memory running out: who is told, when it is asked, and what the
// verdict is then.
#include <gtest/gtest.h>
#include <signal.h>

#include <map>

#include "fake_process_ops.h"
#include "reap/recorder.h"

namespace reaperd::reap {
namespace {

using model::Cause;

/// One counter; it weighs as OomDesk does.
class FakeJudge final : public OomJudge {
 public:
  void OnSeen(const std::string& cgroup, Micros /*now_us*/) override { seen.push_back(cgroup); }
  void OnSigkill(const model::DeathRecord& record, Micros /*now_us*/) override {
    told.push_back(record.pid);
  }
  OomFacts Facts(const model::DeathRecord& record, Micros /*now_us*/) override {
    asked.push_back(record.pid);
    return {.cgroup = "/web",
            .before = 3,
            .after = 3 + rise,
            .sigkills = static_cast<std::uint32_t>(told.size())};
  }

  std::uint64_t rise = 0;
  std::vector<std::string> seen;
  std::vector<pid_t> told;
  std::vector<pid_t> asked;
};

class RecorderOomTest : public ::testing::Test, private RecordObserver {
 protected:
  void Die(pid_t pid, int signal) {
    const model::Death death = Death(pid, signal);
    recorder_.OnDeath(death, nullptr, Recorder::Need::kBudget);
    recorder_.OnReaped(death, nullptr);
  }
  model::Death Death(pid_t pid, int signal) const {
    return {.pid = pid,
            .status = model::ExitStatus::Killed(signal),
            .uid = 0,
            .seen_us = ops_.now_us,
            .usage = std::nullopt};
  }
  void WeKill(pid_t pid) {
    recorder_.OnSent({.reach = model::SentSignal::Reach::kProcess,
                      .target = pid,
                      .signal = SIGKILL,
                      .purpose = model::SentSignal::Purpose::kEscalation,
                      .sender = std::nullopt,
                      .sent_us = ops_.now_us});
  }

  std::map<pid_t, Cause> causes_;
  test::FakeProcessOps ops_;
  FakeJudge judge_;
  Recorder recorder_{ops_, model::RecordsSpec{}, &judge_, *this};

 private:
  void OnRecorded(const std::shared_ptr<const model::DeathRecord>& record) override {
    causes_[record->pid] = record->verdict.cause;
  }
};

TEST_F(RecorderOomTest, ASigkillIsToldWhenAllThatDiedWithItWereSeen) {
  judge_.rise = 1;
  Die(7, SIGKILL);
  Die(8, SIGKILL);
  EXPECT_TRUE(causes_.empty());
  EXPECT_TRUE(judge_.asked.empty());
  EXPECT_TRUE(recorder_.Settle(ops_.now_us));
  EXPECT_EQ(judge_.asked, (std::vector<pid_t>{7, 8}));
  EXPECT_EQ(causes_, (std::map<pid_t, Cause>{{7, Cause::kPossibleOom}, {8, Cause::kPossibleOom}}));
  EXPECT_FALSE(recorder_.Settle(ops_.now_us));
}

TEST_F(RecorderOomTest, TheOnlySigkillOfARiseIsTheVictim) {
  judge_.rise = 1;
  Die(7, SIGKILL);
  Die(8, SIGTERM);
  recorder_.Settle(ops_.now_us);
  EXPECT_EQ(causes_, (std::map<pid_t, Cause>{{7, Cause::kOomKill}, {8, Cause::kSignal}}));
}

TEST_F(RecorderOomTest, OtherDeathsDoNotWait) {
  Die(7, SIGTERM);
  EXPECT_EQ(causes_.at(7), Cause::kSignal);
  EXPECT_TRUE(judge_.told.empty());
}

TEST_F(RecorderOomTest, OurOwnKillIsCountedAndStaysOurs) {
  judge_.rise = 1;
  WeKill(7);
  Die(7, SIGKILL);
  Die(8, SIGKILL);
  recorder_.Settle(ops_.now_us);
  EXPECT_EQ(causes_.at(7), Cause::kEscalated);
  EXPECT_EQ(causes_.at(8), Cause::kPossibleOom) << "the kernel may have meant the other";
}

TEST_F(RecorderOomTest, AHeldOneIsJudgedBeforeItIsReaped) {
  judge_.rise = 1;
  const auto record = recorder_.OnDeath(Death(7, SIGKILL), nullptr, Recorder::Need::kName);
  EXPECT_TRUE(recorder_.IsOpen(*record));
  recorder_.Settle(ops_.now_us);
  EXPECT_FALSE(recorder_.IsOpen(*record));
  EXPECT_EQ(record->verdict.cause, Cause::kOomKill);
  EXPECT_TRUE(causes_.empty()) << "it is told when it is reaped";
}

TEST_F(RecorderOomTest, AFloodIsJudgedBeforeItsEnd) {
  for (pid_t pid = 1; pid <= pid_t{Recorder::kMostOpen}; ++pid) {
    EXPECT_FALSE(recorder_.SettleIsDue(ops_.now_us));
    Die(pid, SIGKILL);
  }
  EXPECT_TRUE(recorder_.SettleIsDue(ops_.now_us));
  recorder_.Settle(ops_.now_us);
  Die(5000, SIGKILL);
  EXPECT_FALSE(recorder_.SettleIsDue(ops_.now_us));
  EXPECT_TRUE(recorder_.SettleIsDue(ops_.now_us + Recorder::kLongestWait_us));
}

TEST_F(RecorderOomTest, TheGroupsOfTheLivingAreNoted) {
  model::ProcessInfo process{.pid = 7};
  recorder_.OnAdopted(process);
  EXPECT_TRUE(judge_.seen.empty());
  auto shadow = std::make_shared<model::Shadow>();
  shadow->cgroup = "/web";
  process.shadow = shadow;
  recorder_.OnAdopted(process);
  EXPECT_EQ(judge_.seen, (std::vector<std::string>{"/web"}));
}

}  // namespace
}  // namespace reaperd::reap
