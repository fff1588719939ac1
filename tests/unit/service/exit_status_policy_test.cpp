#include "service/exit_status_policy.h"

#include <gtest/gtest.h>
#include <signal.h>

namespace reaperd::service {
namespace {

using model::ExitPolicy;
using model::ExitStatus;
using model::ExitStatusFrom;

struct End {
  ExitStatus status;
  bool is_main;
};

struct Row {
  const char* name;
  ExitStatusFrom from;
  std::vector<std::pair<int, int>> map;
  std::vector<End> ends;
  int code;
};

const ExitStatus kKilled = ExitStatus::Killed(SIGKILL);
const ExitStatus kTerminated = ExitStatus::Killed(SIGTERM);
constexpr bool kMain = true;
constexpr bool kOther = false;

const std::vector<Row>& Rows() {
  static const std::vector<Row> rows{
      {"MainsCode", ExitStatusFrom::kMain, {}, {{ExitStatus::Exited(3), kMain}}, 3},
      {"MainsSignal", ExitStatusFrom::kMain, {}, {{kKilled, kMain}}, 137},
      {"OthersDoNotCount",
       ExitStatusFrom::kMain,
       {},
       {{ExitStatus::Exited(9), kOther}, {ExitStatus::Exited(0), kMain}, {kKilled, kOther}},
       0},
      {"OwnFailureWithoutMain", ExitStatusFrom::kMain, {}, {{ExitStatus::Exited(9), kOther}}, 125},
      {"FirstFailureOfAnother",
       ExitStatusFrom::kFirstFailure,
       {},
       {{ExitStatus::Exited(0), kOther},
        {ExitStatus::Exited(9), kOther},
        {ExitStatus::Exited(8), kOther},
        {ExitStatus::Exited(0), kMain}},
       9},
      {"FirstFailureIsMain",
       ExitStatusFrom::kFirstFailure,
       {},
       {{ExitStatus::Exited(4), kMain}, {ExitStatus::Exited(9), kOther}},
       4},
      {"NoFailureIsMains",
       ExitStatusFrom::kFirstFailure,
       {},
       {{ExitStatus::Exited(0), kOther}, {ExitStatus::Exited(0), kMain}},
       0},
      {"FailureBeforeMainEnds",
       ExitStatusFrom::kFirstFailure,
       {},
       {{ExitStatus::Exited(9), kOther}},
       9},
      {"MappedCode", ExitStatusFrom::kMain, {{143, 0}}, {{kTerminated, kMain}}, 0},
      {"MappedToFailure", ExitStatusFrom::kMain, {{0, 7}}, {{ExitStatus::Exited(0), kMain}}, 7},
      {"LastRowCounts",
       ExitStatusFrom::kMain,
       {{3, 4}, {3, 5}},
       {{ExitStatus::Exited(3), kMain}},
       5},
      {"RowsDoNotChain",
       ExitStatusFrom::kMain,
       {{3, 4}, {4, 5}},
       {{ExitStatus::Exited(3), kMain}},
       4},
      {"MappedSuccessIsNoFailure",
       ExitStatusFrom::kFirstFailure,
       {{143, 0}},
       {{kTerminated, kOther}, {ExitStatus::Exited(6), kOther}, {ExitStatus::Exited(0), kMain}},
       6},
      {"MappedFailureIsOne",
       ExitStatusFrom::kFirstFailure,
       {{0, 9}},
       {{ExitStatus::Exited(0), kOther}, {ExitStatus::Exited(1), kMain}},
       9},
      {"OwnFailureIsNotMapped", ExitStatusFrom::kMain, {{125, 0}}, {}, 125},
  };
  return rows;
}

class ExitStatusPolicyTest : public ::testing::TestWithParam<Row> {};

TEST_P(ExitStatusPolicyTest, DecidesOurCode) {
  ExitPolicy policy;
  policy.status_from = GetParam().from;
  policy.map = GetParam().map;
  ExitStatusPolicy decides(policy);
  for (const End& end : GetParam().ends)
    decides.OnReaped(end.status, end.is_main);
  EXPECT_EQ(decides.Code(), GetParam().code);
}

INSTANTIATE_TEST_SUITE_P(Rows, ExitStatusPolicyTest, ::testing::ValuesIn(Rows()),
                         [](const auto& param) { return param.param.name; });

TEST(ExitStatusPolicy, OwnFailureIsThePolicys) {
  ExitPolicy policy;
  policy.own_failure = 1;
  EXPECT_EQ(ExitStatusPolicy(policy).Code(), 1);
}

TEST(ExitStatusPolicy, DecidingIsTheStatusBeforeTheMap) {
  ExitPolicy policy;
  policy.map = {{137, 0}};
  ExitStatusPolicy decides(policy);
  EXPECT_EQ(decides.Deciding(), std::nullopt);
  decides.OnReaped(kKilled, kMain);
  EXPECT_EQ(decides.Deciding(), kKilled);
  EXPECT_EQ(decides.Code(), 0);
}

TEST(ExitStatusPolicy, EveryCodePasses) {
  for (int code = 0; code < 256; ++code) {
    ExitStatusPolicy decides{ExitPolicy{}};
    decides.OnReaped(ExitStatus::Exited(code), kMain);
    EXPECT_EQ(decides.Code(), code);
  }
}

}  // namespace
}  // namespace reaperd::service
