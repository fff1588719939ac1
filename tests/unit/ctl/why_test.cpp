#include "ctl/why.h"

#include <gtest/gtest.h>

#include "golden.h"
#include "samples.h"

namespace reaperd::ctl {
namespace {

constexpr View kView{.width = 80, .now = samples::kNow};

WhyFacts Facts() {
  const auto deaths = samples::Deaths();
  WhyFacts facts;
  facts.death.record = deaths[2];
  facts.around = {deaths[2], deaths[3], deaths[5]};
  return facts;
}

bool Says(const std::string& text, std::string_view part) {
  std::string line = text;
  for (char& c : line)
    if (c == '\n') c = ' ';
  return line.find(part) != std::string::npos;
}

TEST(WhyText, LooksAsRecorded) {
  WhyFacts facts = Facts();
  ExpectGolden("why-80", WhyText(facts, kView));
  facts.death.before = samples::Deaths()[1];
  facts.death.hold = samples::Hold(facts.death.record);
  facts.successor = samples::Process(214, 1, "n\u202Eext");
  ExpectGolden("why-held-80", WhyText(facts, kView));
}

TEST(WhyText, NamesAbnormalDeathsAroundAndCountsTheOthers) {
  const std::string text = WhyText(Facts(), kView);
  EXPECT_TRUE(Says(text, "nginx (pid 7, SIGSEGV (core), core-dump, 1s after)")) << text;
  EXPECT_TRUE(Says(text, "; and 1 process in the ordinary way")) << text;
}

TEST(WhyText, LeavesOutWhatDiedTooEarlyOrTooLate) {
  WhyFacts facts = Facts();
  client::Death early = samples::Deaths()[1];
  early.died_at = facts.death.record.died_at - kBefore_us - 1;
  client::Death late = early;
  late.seq = 9999;
  late.died_at = facts.death.record.died_at + kAfter_us + 1;
  facts.around = {early, late};
  EXPECT_TRUE(Says(WhyText(facts, kView), "Nothing else died from 10s before to 2s after."));
}

TEST(WhyText, CountsWhatItDoesNotName) {
  WhyFacts facts = Facts();
  facts.around.clear();
  for (int i = 0; i < 8; ++i) {
    facts.around.push_back(samples::Death(2000 + i, 500 + i, "x", model::ExitStatus::Exited(1),
                                          "exit-error", 3 * kSecond));
  }
  EXPECT_TRUE(Says(WhyText(facts, kView), "and 3 more abnormal deaths"));
}

TEST(WhyText, IsHarmless) {
  WhyFacts facts = Facts();
  facts.death.record.comm = "\033[2J\u202E";
  const std::string text = WhyText(facts, kView);
  EXPECT_EQ(text.find('\033'), std::string::npos);
  EXPECT_EQ(text.find("\u202E"), std::string::npos);
}

TEST(AliveText, SaysWhatIsKnown) {
  client::Process process = samples::Process(214, 1, "worker");
  process.role = "adopted";
  EXPECT_EQ(AliveText(process, kView),
            "worker (pid 214) is alive: it is an orphan that reaperd adopted, started 3m34s\n"
            "ago. Its parent is 1.\n");
  process.state = "foreign";
  EXPECT_TRUE(Says(AliveText(process, kView), "its parent 1 has not reaped it"));
}

}  // namespace
}  // namespace reaperd::ctl
