#include "ctl/top_model.h"

#include <gtest/gtest.h>

#include "client/reply.h"
#include "ctl/display.h"
#include "golden.h"
#include "samples.h"
#include "wire_samples.h"

namespace reaperd::ctl {
namespace {

constexpr View kView{.now = samples::kNow};

client::News Event(client::EventBody body, WallMicros at = samples::kNow - kSecond) {
  return {client::Event{6, at, std::move(body)}, {}};
}

client::RunStatus Status() {
  const auto status = client::ReadObject<client::RunStatus>(
      test::StatusJson(),
      [](client::FieldReader& in, client::RunStatus& out) { client::Read(in, out); });
  return *status;
}

TopModel Full() {
  TopModel model;
  model.SetStatus(Status());
  model.SetDeaths(samples::Deaths());
  model.Take({client::Snapshot{5, {}, {samples::Hold(samples::Deaths()[2])}, false}, {}});
  return model;
}

std::string Screen(const TopModel& model, const TerminalSize& size, const View& view = kView) {
  std::string text;
  for (const std::string& line : model.Lines(size, view))
    text += line + "\n";
  return text;
}

TEST(TopModel, LooksAsRecorded) {
  ExpectGolden("top-80x24", Screen(Full(), {80, 24}));
  ExpectGolden("top-200x50", Screen(Full(), {200, 50}));
  ExpectGolden("top-80x10", Screen(Full(), {80, 10}));
  View coloured = kView;
  coloured.colors = Colors::kYes;
  ExpectGolden("top-colour", Screen(Full(), {80, 24}, coloured));
}

TEST(TopModel, FitsEveryScreen) {
  const TopModel model = Full();
  for (std::size_t rows = 1; rows < 40; ++rows) {
    for (const std::size_t columns : {std::size_t{1}, std::size_t{40}, std::size_t{80}}) {
      const auto lines = model.Lines({columns, rows}, kView);
      EXPECT_LE(lines.size(), rows);
      // Narrower than that, the columns that must be there are cut by the terminal.
      for (const std::string& line : lines)
        EXPECT_LE(ColumnsOf(line), 80U) << line;
    }
  }
}

TEST(TopModel, FollowsHoldsAndReleases) {
  TopModel model = Full();
  EXPECT_NE(Screen(model, {200, 50}).find("crashes"), std::string::npos);
  model.Take(Event(client::ReleasedEvent{214, "i88214", "crashes", "timeout"}));
  EXPECT_EQ(Screen(model, {200, 50}).find("crashes"), std::string::npos);
  model.Take(Event(client::HeldEvent{samples::Hold(samples::Deaths()[1])}));
  EXPECT_NE(Screen(model, {200, 50}).find("crashes"), std::string::npos);
}

TEST(TopModel, CountsADeathOnceAndGapsAsLost) {
  TopModel model;
  model.SetStatus(Status());
  const auto death =
      samples::Death(1300, 9, "x", model::ExitStatus::Exited(0), "success", 500 * kMillisecond);
  model.Take(Event(client::DiedEvent{1300, 9, "i1", "x", model::ExitStatus::Exited(0)}));
  model.Take(Event(client::ReapedEvent{death}));
  EXPECT_NE(Screen(model, {80, 24}).find("1.0 now, 0.1 in 10 s"), std::string::npos);
  model.Take({client::Gap{7, 9}, {}});
  EXPECT_NE(Screen(model, {80, 24}).find("3 events"), std::string::npos);
}

TEST(DeathRate, ForgetsAfterAMinute) {
  DeathRate rate;
  for (int i = 0; i < 120; ++i)
    rate.Count(samples::kNow);
  EXPECT_EQ(rate.Over(1, samples::kNow + kSecond), 120.0);
  EXPECT_EQ(rate.Over(60, samples::kNow + 60 * kSecond), 2.0);
  EXPECT_EQ(rate.Over(60, samples::kNow + 61 * kSecond), 0.0);
}

}  // namespace
}  // namespace reaperd::ctl
