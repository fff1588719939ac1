#include "status/arguments.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace reaperd::status {
namespace {

using namespace std::string_literals;
using Type = Parameter::Type;

constexpr std::array kTable{
    Parameter{
        .name = "pid", .type = Type::kInt, .need = Need::kRequired, .least = 1, .greatest = 9},
    Parameter{.name = "id"},
    Parameter{.name = "all", .type = Type::kFlag},
};

CheckedArguments Check(std::vector<Argument> given) {
  return CheckArguments(std::move(given), kTable);
}

TEST(CheckArguments, GivesThemByName) {
  const auto checked = Check({{"all", true}, {"pid", std::int64_t{7}}, {"id", "i7"s}});
  EXPECT_EQ(checked.wrong, "");
  EXPECT_EQ(checked.arguments.Int("pid"), 7);
  EXPECT_EQ(checked.arguments.Text("id"), "i7");
  EXPECT_TRUE(checked.arguments.Flag("all"));
}

TEST(CheckArguments, TakesNullForNotGiven) {
  const auto checked = Check({{"pid", std::int64_t{7}}, {"id", std::monostate{}}});
  EXPECT_EQ(checked.wrong, "");
  EXPECT_FALSE(checked.arguments.Has("id"));
  EXPECT_EQ(checked.arguments.TextOf("id"), "");
  EXPECT_FALSE(checked.arguments.Flag("all"));
  EXPECT_EQ(Check({{"pid", std::monostate{}}}).wrong, "pid");
}

TEST(CheckArguments, NamesTheOneThatIsMissing) {
  const auto checked = Check({});
  EXPECT_EQ(checked.wrong, "pid");
  EXPECT_EQ(checked.why, "it is missing");
}

TEST(CheckArguments, NamesTheOneThatIsUnknown) {
  EXPECT_EQ(Check({{"pid", std::int64_t{7}}, {"pids", std::int64_t{7}}}).wrong, "pids");
  EXPECT_EQ(Check({{"pid", std::int64_t{7}}, {"x", std::monostate{}}}).wrong, "x");
}

TEST(CheckArguments, NamesTheOneOfTheWrongType) {
  for (const Value& value : {Value("7"s), Value(true), Value(OtherValue{})})
    EXPECT_EQ(Check({{"pid", value}}).wrong, "pid");
  EXPECT_EQ(Check({{"pid", std::int64_t{7}}, {"id", std::int64_t{7}}}).wrong, "id");
  EXPECT_EQ(Check({{"pid", std::int64_t{7}}, {"all", std::int64_t{1}}}).wrong, "all");
}

TEST(CheckArguments, NamesTheOneOutOfRange) {
  for (const std::int64_t value : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{10}})
    EXPECT_EQ(Check({{"pid", value}}).why, "it is not within 1 and 9") << value;
  EXPECT_EQ(Check({{"pid", std::int64_t{1}}}).wrong, "");
  EXPECT_EQ(Check({{"pid", std::int64_t{9}}}).wrong, "");
}

}  // namespace
}  // namespace reaperd::status
