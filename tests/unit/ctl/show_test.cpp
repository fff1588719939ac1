// What people see, against files: at 80 and 200 columns and in a pipe, with and without colour.
#include "ctl/show.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/text.h"
#include "client/reply.h"
#include "ctl/display.h"
#include "golden.h"
#include "samples.h"
#include "wire_samples.h"

namespace reaperd::ctl {
namespace {

using Shown = std::function<std::string(const View&)>;

constexpr View kPipe{.now = samples::kNow};
constexpr View k80{.width = 80, .now = samples::kNow};
constexpr View k200{.width = 200, .now = samples::kNow};
constexpr View kColoured{.width = 80, .colors = Colors::kYes, .now = samples::kNow};
constexpr View kTimes{.width = 200, .times = Times::kAbsolute, .now = samples::kNow};

void ExpectFits(const std::string& text, std::size_t columns) {
  for (const std::string_view line : Split(text, '\n'))
    EXPECT_LE(ColumnsOf(line), columns) << line;
}

/// One file per view.
void ExpectGoldens(const std::string& name, const Shown& show) {
  ExpectGolden(name + "-pipe", show(kPipe));
  ExpectGolden(name + "-80", show(k80));
  ExpectGolden(name + "-200", show(k200));
  ExpectGolden(name + "-colour", show(kColoured));
  ExpectGolden(name + "-absolute", show(kTimes));
  ExpectFits(show(k80), 80);
  ExpectFits(show(k200), 200);
}

template <typename T>
T Parsed(const std::string& json) {
  const auto answer =
      client::ReadObject<T>(json, [](client::FieldReader& in, T& out) { Read(in, out); });
  EXPECT_TRUE(answer) << answer.error().message;
  return *answer;
}

std::vector<client::ForeignZombie> Zombies() {
  client::ForeignZombie zombie;
  zombie.pid = 412;
  zombie.comm = "ps\u202E";
  zombie.age_us = 3700 * kSecond;
  zombie.parent = 214;
  zombie.parent_comm = "worker";
  zombie.held_by_parent = 12;
  zombie.growing = true;
  return {zombie};
}

std::vector<client::Hold> Held() {
  std::vector<client::Hold> held = {samples::Hold(samples::Deaths()[2]),
                                    samples::Hold(samples::Deaths()[6])};
  held[1].rule = "lease";
  held[1].until.reset();
  held[1].barrier = "jobs";
  return held;
}

TEST(ShowStatus, LooksAsRecorded) {
  const auto status = Parsed<client::RunStatus>(test::StatusJson());
  ExpectGoldens("status", [&](const View& view) { return ShowStatus(status, view); });
}

TEST(ShowProcesses, LooksAsRecorded) {
  const auto rows = Arrange(samples::Processes(), Order::kPid);
  ExpectGoldens("ps", [&](const View& view) { return ShowProcesses(rows, view); });
  EXPECT_EQ(ShowProcesses({}, k80), "no processes below reaperd\n");
}

TEST(ShowProcesses, ATreeLooksAsRecorded) {
  const auto rows = Arrange(samples::Processes(), Order::kTree);
  ExpectGoldens("ps-tree", [&](const View& view) { return ShowProcesses(rows, view); });
}

TEST(Arrange, NobodyIsMissingWhenParentsGoInACircle) {
  std::vector<ProcessRow> rows;
  for (const auto& [pid, ppid] : std::vector<std::pair<int, int>>{{2, 3}, {3, 2}, {4, 4}, {5, 4}})
    rows.push_back({samples::Process(pid, ppid, "x"), {}, {}});
  EXPECT_EQ(Arrange(rows, Order::kTree).size(), 4U);
}

TEST(Arrange, ALongChainIsNoMatterOfDepth) {
  std::vector<ProcessRow> rows;
  for (int pid = 2; pid < 3000; ++pid)
    rows.push_back({samples::Process(pid, pid - 1, "x"), {}, {}});
  EXPECT_EQ(Arrange(rows, Order::kTree).size(), rows.size());
}

TEST(ShowDeaths, LooksAsRecorded) {
  ExpectGoldens("deaths", [](const View& view) { return ShowDeaths(samples::Deaths(), view); });
  EXPECT_EQ(ShowDeaths({}, k80), "no deaths on record\n");
}

TEST(DeathLine, LooksAsRecorded) {
  ExpectGoldens("death-lines", [](const View& view) {
    std::string text;
    for (const client::Death& death : samples::Deaths())
      text += DeathLine(death, view);
    return text;
  });
}

TEST(ShowZombies, LooksAsRecorded) {
  ExpectGoldens("zombies", [](const View& view) { return ShowZombies(Held(), Zombies(), view); });
  EXPECT_EQ(ShowZombies({}, {}, k80), "no zombies\n");
}

TEST(ShowHeld, LooksAsRecorded) {
  ExpectGoldens("held", [](const View& view) { return ShowHeld(Held(), view); });
  EXPECT_EQ(ShowHeld({}, k80), "nobody is held\n");
}

TEST(ShowRules, LooksAsRecorded) {
  const auto rules = Parsed<client::HoldRules>(
      R"({"rules":[{"name":"crashes","rule":"cause=signal+core-dump,for=5m,keep=20","held":1},)"
      R"({"name":"batch","rule":"service=job-*,until=barrier:jobs","held":0}],"barriers":[)"
      R"({"name":"jobs","count":10,"all":false,"timeout_us":600000000,"dead":3,)"
      R"("deadline":"2026-11-22T06:08:10.000Z"}],"limits":{"max_held":16,)"
      R"("max_share_of_pids":0.25,"max_time_us":900000000},"held":1,"leases":0})");
  ExpectGoldens("rules", [&](const View& view) { return ShowRules(rules, view); });
}

TEST(ShowBlockers, LooksAsRecorded) {
  client::Blockers blockers;
  blockers.processes.resize(2);
  blockers.processes[0] = {
      .pid = 21, .comm = "nginx", .state = "S", .wait_channel = "ep_poll", .json = {}};
  blockers.processes[1] = {
      .pid = 212, .comm = "dd\033[2J", .state = "D", .wait_channel = {}, .json = {}};
  ExpectGoldens("blockers", [&](const View& view) { return ShowBlockers(blockers, view); });
  blockers.more = true;
  EXPECT_TRUE(ShowBlockers(blockers, k80).ends_with("\nand others: reaperctl ps\n"));
  blockers.processes.clear();
  EXPECT_EQ(ShowBlockers(blockers, k80),
            "none of the nearest is alive, others may be: reaperctl ps\n");
  EXPECT_EQ(ShowBlockers({}, k80), "nobody is alive below reaperd\n");
}

TEST(ShowInspection, LooksAsRecorded) {
  client::Inspection inspection;
  inspection.record = Parsed<client::Death>(test::DeathJson());
  inspection.hold = samples::Hold(samples::Deaths()[2]);
  inspection.before = samples::Deaths()[1];
  inspection.files = {
      {.name = "stat", .text = "214 (wor\nker) Z 1\n", .error = {}, .truncated = {}},
      {.name = "io", .text = {}, .error = 13, .truncated = {}},
      {.name = "status", .text = "Name:\tworker", .error = {}, .truncated = true}};
  ExpectGoldens("inspect", [&](const View& view) { return ShowInspection(inspection, view); });
}

TEST(EventLine, EveryKindLooksAsRecorded) {
  using namespace client;  // NOLINT(google-build-using-namespace): a list of its types
  const model::ExitStatus end = model::ExitStatus::Killed(9);
  const std::vector<EventBody> bodies = {
      SpawnedEvent{samples::Processes()[0].process},
      AdoptedEvent{samples::Processes()[2].process},
      DiedEvent{1204, 214, "i1", "wor\033ker", end},
      HeldEvent{Held()[0]},
      ReleasedEvent{214, "i1", "crashes", "timeout"},
      ReapedEvent{samples::Deaths()[2]},
      BarrierEvent{{"jobs", true, {{1, {}, end, "barrier"}}, 9}},
      ForeignEvent{"nudged", Zombies()[0], 1},
      SignalEvent{"SIGRTMIN+3", "SIGTERM", {false, 12, 0}, "forwarded"},
      SignalEvent{"SIGINT", {}, {true, 0, 0}, "dropped"},
      SignalEvent{"SIGTERM", "SIGTERM", {false, 0, 0}, "forwarded"},
      ServiceEvent{"web", "ready"},
      StoppingEvent{"grace"},
      UnknownEvent{}};
  ExpectGoldens("events", [&](const View& view) {
    std::string text = SnapshotLine({.seq = 5, .processes = {{}}, .held = {}, .more = false}, view);
    for (const EventBody& body : bodies)
      text += EventLine({.seq = 6, .at = samples::kNow - kSecond, .body = body}, view);
    return text + GapLine({.from = 7, .to = 9}, view);
  });
}

}  // namespace
}  // namespace reaperd::ctl
