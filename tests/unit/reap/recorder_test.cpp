// Recorder: what a record is made of, when it is judged, and that it is told once. Verdicts, ring and
// budget have tests of their own.
#include "reap/recorder.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <map>

#include "fake_process_ops.h"

namespace reaperd::reap {
namespace {

using model::Cause;
using model::Detail;
using model::ExitStatus;
using model::FirstSight;
using model::Role;
using Need = Recorder::Need;
using Words = std::vector<std::string>;

/// Zombies that show something.
class ZombieOps final : public test::FakeProcessOps {
 public:
  std::map<pid_t, sys::ZombieFacts> zombies;
  std::vector<Detail> asked;

  sys::ZombieFacts LookAtZombie(pid_t pid, Detail detail) override {
    asked.push_back(detail);
    if (detail == Detail::kMinimal) return {};
    sys::ZombieFacts facts = zombies[pid];
    facts.detail = detail;
    if (detail == Detail::kStandard) {
      facts.gid.reset();
      facts.io.reset();
      facts.cgroup.reset();
    }
    return facts;
  }
};

class FakeOom final : public OomJudge {
 public:
  Words told;
  OomFacts facts;

  void OnSeen(const std::string& cgroup, Micros) override { told.push_back("seen " + cgroup); }
  void OnSigkill(const model::DeathRecord& record, Micros) override {
    told.push_back("sigkill " + std::to_string(record.pid));
  }
  OomFacts Facts(const model::DeathRecord& record, Micros) override {
    told.push_back("facts " + std::to_string(record.pid));
    return facts;
  }
};

class RecorderTest : public ::testing::Test, public RecordObserver {
 protected:
  Recorder& TheRecorder() {
    if (!recorder_) recorder_ = std::make_unique<Recorder>(ops_, spec_, oom_, *this);
    return *recorder_;
  }

  /// Another takes over, as after an exec of ourselves.
  void ExecOurselves() {
    const Recorder::State state = TheRecorder().Save();
    recorder_.reset();
    TheRecorder().Load(state);
  }

  /// What /proc shows of a zombie.
  void Shows(pid_t pid, const std::string& comm = "worker", std::uint64_t start_ticks = 50) {
    sys::ZombieFacts facts;
    facts.stat = sys::ProcStat{};
    facts.stat->comm = comm;
    facts.stat->session = 3;
    facts.stat->process_group = 4;
    facts.stat->start_ticks = start_ticks;
    facts.gid = 9;
    facts.io = model::IoUse{.read_bytes = 10, .write_bytes = 20};
    facts.cgroup = "/svc";
    ops_.zombies[pid] = facts;
  }

  [[nodiscard]] model::Death Death(pid_t pid, ExitStatus status = ExitStatus::Exited(0)) const {
    return {.pid = pid, .status = status, .uid = 33, .seen_us = ops_.now_us, .usage = {}};
  }

  Recorder::Record Die(pid_t pid, ExitStatus status = ExitStatus::Exited(0),
                       const model::ProcessInfo* known = nullptr, Need need = Need::kBudget) {
    return TheRecorder().OnDeath(Death(pid, status), known, need);
  }

  Recorder::Record Reap(pid_t pid, ExitStatus status = ExitStatus::Exited(0),
                        const model::ProcessInfo* known = nullptr) {
    return TheRecorder().OnReaped(Death(pid, status), known);
  }

  /// The pids of the records that were told since.
  std::vector<pid_t> Told() { return std::exchange(told_, {}); }

  void OnRecorded(const std::shared_ptr<const model::DeathRecord>& record) override {
    EXPECT_TRUE(record->reaped_us.has_value());
    told_.push_back(record->pid);
  }

  ZombieOps ops_;
  model::RecordsSpec spec_;
  FakeOom oom_real_;
  OomJudge* oom_ = &oom_real_;

 private:
  std::unique_ptr<Recorder> recorder_;
  std::vector<pid_t> told_;
};

TEST_F(RecorderTest, ARecordIsMadeWhenTheDeathIsSeenAndToldWhenItIsReaped) {
  Shows(7);
  const auto record = Die(7, ExitStatus::Exited(3));
  EXPECT_EQ(record->seq, 1U);
  EXPECT_EQ(record->end, ExitStatus::Exited(3));
  EXPECT_EQ(record->verdict.cause, Cause::kExitError);
  EXPECT_EQ(record->died_us, ops_.now_us);
  EXPECT_EQ(record->reaped_us, std::nullopt);
  EXPECT_EQ(TheRecorder().ring().Find(1), record) << "it can be asked for at once";
  EXPECT_EQ(TheRecorder().FindUnreaped(7), record);
  EXPECT_EQ(Told(), std::vector<pid_t>{});
  ops_.now_us += 5 * kSecond;
  EXPECT_EQ(Reap(7, ExitStatus::Exited(3)), record);
  EXPECT_EQ(record->reaped_us, record->died_us + 5 * kSecond);
  EXPECT_EQ(TheRecorder().FindUnreaped(7), nullptr);
  EXPECT_EQ(Told(), std::vector<pid_t>{7});
}

TEST_F(RecorderTest, ADeathThatWasNeverShownHasARecordToo) {
  const auto record = Reap(7, ExitStatus::Killed(SIGSEGV));
  EXPECT_EQ(record->detail, Detail::kMinimal);
  EXPECT_EQ(record->uid, 33U);
  EXPECT_EQ(record->comm, "");
  EXPECT_EQ(record->id, "");
  EXPECT_EQ(record->verdict.cause, Cause::kSignal);
  EXPECT_EQ(record->first_sight, FirstSight::kDeath);
  EXPECT_EQ(Told(), std::vector<pid_t>{7});
  EXPECT_TRUE(ops_.asked.empty()) << "the zombie is gone";
}

TEST_F(RecorderTest, WhatTheZombieShows) {
  Shows(7, "worker", 50);
  const auto record = Die(7, ExitStatus::Exited(1));
  EXPECT_EQ(record->detail, Detail::kFull) << "an abnormal end";
  EXPECT_EQ(record->comm, "worker");
  EXPECT_EQ(record->id, "s7:50");
  EXPECT_EQ(record->session, 3);
  EXPECT_EQ(record->process_group, 4);
  EXPECT_EQ(record->started_us, 50 * kSecond / sysconf(_SC_CLK_TCK));
  EXPECT_EQ(record->gid, 9U);
  EXPECT_EQ(record->io, (model::IoUse{.read_bytes = 10, .write_bytes = 20}));
  EXPECT_EQ(record->cgroup, "/svc");
}

TEST_F(RecorderTest, AnOrdinaryEndIsReadLessOf) {
  Shows(7);
  const auto record = Die(7);
  EXPECT_EQ(record->detail, Detail::kStandard);
  EXPECT_EQ(record->comm, "worker");
  EXPECT_EQ(record->io, std::nullopt);
}

TEST_F(RecorderTest, WhatIsKnownOfTheLivingGoesIntoIt) {
  Shows(7, "renamed");
  model::Shadow shadow;
  shadow.comm = "worker";
  shadow.cgroup = "/alive";
  shadow.gid = 5;
  const model::ProcessInfo known{.pid = 7,
                                 .first_sight = FirstSight::kDiscovery,
                                 .role = Role::kAdopted,
                                 .start_ticks = 40,
                                 .pidfs_inode = 77,
                                 .session = 2,
                                 .shadow = std::make_shared<const model::Shadow>(shadow),
                                 .service = "web"};
  const auto record = Die(7, ExitStatus::Exited(0), &known);
  EXPECT_EQ(record->id, "i77");
  EXPECT_EQ(record->service, "web");
  EXPECT_EQ(record->first_sight, FirstSight::kDiscovery);
  EXPECT_EQ(record->shadow, known.shadow);
  EXPECT_EQ(record->comm, "renamed") << "the name of its end";
  EXPECT_EQ(record->session, 3) << "the same";
  EXPECT_EQ(record->cgroup, "/alive");
  EXPECT_EQ(record->gid, 5U);
  EXPECT_EQ(record->started_us, 40 * kSecond / sysconf(_SC_CLK_TCK));
}

TEST_F(RecorderTest, OfWhatWeMadeTheStartIsKnownExactly) {
  const model::ProcessInfo known{.pid = 7,
                                 .first_sight = FirstSight::kSpawn,
                                 .role = Role::kMain,
                                 .first_seen_us = 900'123,
                                 .start_ticks = 90};
  EXPECT_EQ(Reap(7, ExitStatus::Exited(0), &known)->started_us, 900'123);
}

TEST_F(RecorderTest, NumbersHaveNoGapsInTheOrderInWhichDeathsAreSeen) {
  EXPECT_EQ(Die(7)->seq, 1U);
  EXPECT_EQ(Reap(8)->seq, 2U) << "without a look";
  EXPECT_EQ(Die(9)->seq, 3U);
  EXPECT_EQ(Reap(9)->seq, 3U);
  EXPECT_EQ(Reap(7)->seq, 1U);
  EXPECT_EQ(Told(), (std::vector<pid_t>{8, 9, 7})) << "told as they are reaped";
}

TEST_F(RecorderTest, ANumberThatIsUsedAgainIsAnotherRecord) {
  const auto first = Die(7);
  Reap(7);
  const auto second = Die(7);
  EXPECT_NE(first, second);
  EXPECT_EQ(second->seq, 2U);
  Reap(7);
  EXPECT_EQ(Told(), (std::vector<pid_t>{7, 7}));
}

// --- budget

TEST_F(RecorderTest, AFloodUsesUpWhatMayBeRead) {
  int looks = 0;
  while (TheRecorder().WantsLook(ops_.now_us)) {
    Die(100 + looks);
    ASSERT_LT(++looks, 1000);
  }
  EXPECT_EQ(looks, DetailBudget::kTokens);
  ops_.asked.clear();
  Die(7);
  EXPECT_EQ(ops_.asked, std::vector{Detail::kMinimal});
  ops_.now_us += kSecond;
  EXPECT_TRUE(TheRecorder().WantsLook(ops_.now_us));
}

TEST_F(RecorderTest, AskingWhetherToLookCostsNothing) {
  for (int i = 0; i < 1000; ++i)
    EXPECT_TRUE(TheRecorder().WantsLook(ops_.now_us));
}

TEST_F(RecorderTest, AHoldRuleGetsTheNameWhateverTheBudgetSays) {
  spec_.mode = model::RecordsMode::kMinimal;
  Shows(7);
  EXPECT_FALSE(TheRecorder().WantsLook(ops_.now_us));
  EXPECT_EQ(Die(7, ExitStatus::Exited(1), nullptr, Need::kName)->comm, "worker");
  model::Shadow shadow;
  shadow.comm = "known";
  const model::ProcessInfo known{.pid = 8, .shadow = std::make_shared<const model::Shadow>(shadow)};
  ops_.asked.clear();
  EXPECT_EQ(Die(8, ExitStatus::Exited(1), &known, Need::kName)->comm, "known");
  EXPECT_EQ(ops_.asked, std::vector{Detail::kMinimal}) << "it need not be read again";
}

TEST_F(RecorderTest, WhoIsHeldIsReadInFull) {
  Shows(7);
  const auto record = Die(7);
  ASSERT_EQ(record->detail, Detail::kStandard);
  TheRecorder().Complete(record);
  EXPECT_EQ(record->detail, Detail::kFull);
  EXPECT_EQ(record->io->read_bytes, 10U);
  ops_.asked.clear();
  TheRecorder().Complete(record);
  EXPECT_TRUE(ops_.asked.empty()) << "once";
  const auto gone = Die(8);
  Reap(8);
  ops_.asked.clear();
  TheRecorder().Complete(gone);
  EXPECT_TRUE(ops_.asked.empty()) << "its number may be another's by now";
}

// --- verdicts

TEST_F(RecorderTest, ASigkillThatIsNotOursWaitsUntilAllThatDiedTogetherAreSeen) {
  oom_real_.facts = {.cgroup = "/svc", .before = 3, .after = 4};
  const auto record = Die(7, ExitStatus::Killed(SIGKILL));
  EXPECT_TRUE(TheRecorder().IsOpen(*record));
  const auto other = Die(8, ExitStatus::Exited(1));
  EXPECT_FALSE(TheRecorder().IsOpen(*other));
  Reap(7, ExitStatus::Killed(SIGKILL));
  Reap(8);
  EXPECT_EQ(Told(), std::vector<pid_t>{8}) << "7 is reaped, but not judged";
  EXPECT_EQ(oom_real_.told, Words{"sigkill 7"});
  EXPECT_TRUE(TheRecorder().Settle(ops_.now_us));
  EXPECT_EQ(oom_real_.told, (Words{"sigkill 7", "facts 7"}));
  EXPECT_EQ(record->verdict.cause, Cause::kOomKill);
  EXPECT_FALSE(TheRecorder().IsOpen(*record));
  EXPECT_EQ(Told(), std::vector<pid_t>{7});
  EXPECT_FALSE(TheRecorder().Settle(ops_.now_us));
  EXPECT_EQ(Told(), std::vector<pid_t>{}) << "once";
}

TEST_F(RecorderTest, AJudgedOneIsToldWhenItIsReaped) {
  const auto record = Die(7, ExitStatus::Killed(SIGKILL));
  TheRecorder().Settle(ops_.now_us);
  EXPECT_EQ(record->verdict.cause, Cause::kUnknownSigkill);
  EXPECT_EQ(Told(), std::vector<pid_t>{});
  Reap(7, ExitStatus::Killed(SIGKILL));
  EXPECT_EQ(Told(), std::vector<pid_t>{7});
}

TEST_F(RecorderTest, AllSigkillsAreToldBeforeTheFirstIsJudged) {
  Die(7, ExitStatus::Killed(SIGKILL));
  Die(8, ExitStatus::Killed(SIGKILL));
  TheRecorder().Settle(ops_.now_us);
  EXPECT_EQ(oom_real_.told, (Words{"sigkill 7", "sigkill 8", "facts 7", "facts 8"}));
}

TEST_F(RecorderTest, AVerdictDoesNotWaitForEverWhileDeathsGoOn) {
  EXPECT_FALSE(TheRecorder().SettleIsDue(ops_.now_us));
  Die(7, ExitStatus::Killed(SIGKILL));
  EXPECT_FALSE(TheRecorder().SettleIsDue(ops_.now_us));
  EXPECT_TRUE(TheRecorder().SettleIsDue(ops_.now_us + Recorder::kLongestWait_us));
  for (pid_t pid = 1000; pid < 1000 + pid_t{Recorder::kMostOpen}; ++pid)
    Die(pid, ExitStatus::Killed(SIGKILL));
  EXPECT_TRUE(TheRecorder().SettleIsDue(ops_.now_us));
}

TEST_F(RecorderTest, WithoutAnOomJudgeEveryVerdictIsAtOnce) {
  oom_ = nullptr;
  const auto record = Die(7, ExitStatus::Killed(SIGKILL));
  EXPECT_FALSE(TheRecorder().IsOpen(*record));
  EXPECT_EQ(record->verdict.cause, Cause::kUnknownSigkill);
  TheRecorder().OnAdopted({.pid = 9});
}

TEST_F(RecorderTest, OurOwnKillIsOursAndCounted) {
  TheRecorder().OnSent({.reach = model::SentSignal::Reach::kAll,
                        .signal = SIGKILL,
                        .purpose = model::SentSignal::Purpose::kEscalation,
                        .sent_us = ops_.now_us});
  Shows(7, "worker", 1);
  const auto record = Die(7, ExitStatus::Killed(SIGKILL));
  EXPECT_EQ(record->verdict.cause, Cause::kEscalated);
  EXPECT_EQ(oom_real_.told, Words{"sigkill 7"}) << "the kernel may have been faster";
}

TEST_F(RecorderTest, AFailedExecExplainsTheDeathOfThatProcessOnly) {
  TheRecorder().OnExecFailed(7, {.step = "exec", .error = ENOENT});
  EXPECT_EQ(Reap(7, ExitStatus::Exited(127))->verdict.cause, Cause::kExecFailed);
  EXPECT_EQ(Reap(7, ExitStatus::Exited(127))->verdict.cause, Cause::kExitError)
      << "the next with this number";
}

TEST_F(RecorderTest, AHeldZombieKeepsItsRecordAcrossAnExecOfOurselves) {
  Reap(5);
  const auto held = Die(7, ExitStatus::Exited(3));
  const auto open = Die(8, ExitStatus::Killed(SIGKILL));
  TheRecorder().OnExecFailed(9, {.step = "exec", .error = ENOENT});
  Told();
  ExecOurselves();
  EXPECT_EQ(TheRecorder().FindUnreaped(7), held);
  EXPECT_TRUE(TheRecorder().IsOpen(*open));
  oom_real_.facts = {.cgroup = "/svc", .before = 3, .after = 4};
  TheRecorder().Settle(ops_.now_us);
  EXPECT_EQ(open->verdict.cause, Cause::kOomKill);
  EXPECT_EQ(Reap(7, ExitStatus::Exited(3)), held) << "no second record";
  EXPECT_EQ(Told(), std::vector<pid_t>{7});
  const auto next = Reap(9, ExitStatus::Exited(127));
  EXPECT_EQ(next->seq, 4U);
  EXPECT_EQ(next->verdict.cause, Cause::kExecFailed);
  EXPECT_EQ(TheRecorder().ring().size(), 4U);
}

TEST_F(RecorderTest, LivingOnesTellTheirCgroupToWhoWatchesMemory) {
  TheRecorder().OnAdopted({.pid = 7});
  model::Shadow shadow;
  shadow.cgroup = "/svc";
  TheRecorder().OnAdopted({.pid = 8, .shadow = std::make_shared<const model::Shadow>(shadow)});
  EXPECT_EQ(oom_real_.told, Words{"seen /svc"});
}

TEST_F(RecorderTest, WithRecordsOffNothingIsKeptButNumbersAndNews) {
  spec_.mode = model::RecordsMode::kOff;
  EXPECT_EQ(Reap(7)->seq, 1U);
  EXPECT_EQ(Reap(8)->seq, 2U);
  EXPECT_EQ(TheRecorder().ring().size(), 0U);
  EXPECT_EQ(Told(), (std::vector<pid_t>{7, 8}));
}

}  // namespace
}  // namespace reaperd::reap
