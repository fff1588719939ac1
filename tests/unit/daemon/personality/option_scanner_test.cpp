#include "daemon/personality/option_scanner.h"

#include <gtest/gtest.h>

#include <array>

#include "parse_helper.h"

namespace reaperd::daemon {
namespace {

using Kind = OptionScanner::Item::Kind;

constexpr std::array<LongOption, 3> kLong{{
    {"verbose", false, 'v'},
    {"version", false, 'V'},
    {"rewrite", true, 'r'},
}};

struct Row {
  const char* what;
  Texts argv;  ///< without argv[0]
  OptionSyntax syntax;
  /// Options as "v", "r=VALUE", then "| operand…", or the complaint.
  const char* expected;
};

const OptionSyntax kPermuting{"vp:", {}, true};
const OptionSyntax kStrict{"vp:", {}, false};
const OptionSyntax kWithLong{"vVr:", kLong, false};

std::string Scan(const Row& row) {
  std::vector<std::string> texts{"/bin/prog"};
  texts.insert(texts.end(), row.argv.begin(), row.argv.end());
  std::vector<char*> pointers;
  for (std::string& text : texts)
    pointers.push_back(text.data());
  OptionScanner scanner(pointers, row.syntax);
  std::string seen;
  for (;;) {
    const auto item = scanner.Next();
    if (item.kind == Kind::kError) return seen + item.error;
    if (item.kind == Kind::kEnd) break;
    seen += item.option;
    if (item.value.data() != nullptr) seen += '=' + std::string(item.value);
    seen += ' ';
  }
  seen += '|';
  for (const std::string& operand : scanner.operands())
    seen += ' ' + operand;
  return seen;
}

class OptionScannerTest : public testing::TestWithParam<Row> {};

TEST_P(OptionScannerTest, ReadsAsGetoptDoes) {
  EXPECT_EQ(Scan(GetParam()), GetParam().expected) << GetParam().what;
}

const Row kRows[] = {
    {"nothing", {}, kPermuting, "|"},
    {"only operands", {"a", "b"}, kPermuting, "| a b"},
    {"options after operands are found", {"a", "-v", "b"}, kPermuting, "v | a b"},
    {"strict: the first operand ends the options", {"a", "-v"}, kStrict, "| a -v"},
    {"-- ends the options", {"a", "--", "-v"}, kPermuting, "| a -v"},
    {"a second -- is an operand", {"--", "--"}, kPermuting, "| --"},
    {"strict: -- later is an operand", {"a", "--"}, kStrict, "| a --"},
    {"a lone dash is an operand", {"-", "-v"}, kPermuting, "v | -"},
    {"an empty word is an operand", {"", "-v"}, kPermuting, "v | "},
    {"a cluster", {"-vv"}, kPermuting, "v v |"},
    {"value in the same word", {"-p5"}, kPermuting, "p=5 |"},
    {"value at the end of a cluster", {"-vp5"}, kPermuting, "v p=5 |"},
    {"value in the next word", {"-p", "-v", "x"}, kPermuting, "p=-v | x"},
    {"-- as a value", {"-p", "--", "x"}, kPermuting, "p=-- | x"},
    {"an empty value", {"-p", ""}, kPermuting, "p= |"},
    {"a value that is missing",
     {"-p"},
     kPermuting,
     "/bin/prog: option requires an argument -- 'p'\n"},
    {"an unknown letter", {"-x"}, kPermuting, "/bin/prog: invalid option -- 'x'\n"},
    {"an unknown letter in a cluster", {"-vx"}, kPermuting, "v /bin/prog: invalid option -- 'x'\n"},
    {"the colon is never an option", {"-:"}, kPermuting, "/bin/prog: invalid option -- ':'\n"},
    {"without long options -- is a letter",
     {"--help"},
     kPermuting,
     "/bin/prog: invalid option -- '-'\n"},
    {"a long option", {"--verbose", "a"}, kWithLong, "v | a"},
    {"shortened", {"--verb"}, kWithLong, "v |"},
    {"too short",
     {"--v"},
     kWithLong,
     "/bin/prog: option '--v' is ambiguous; possibilities: '--verbose' '--version'\n"},
    {"too short, with a value",
     {"--ver=1"},
     kWithLong,
     "/bin/prog: option '--ver=1' is ambiguous; possibilities: '--verbose' '--version'\n"},
    {"an unknown name", {"--wrong=2"}, kWithLong, "/bin/prog: unrecognized option '--wrong=2'\n"},
    {"a value that it does not take",
     {"--verb=1"},
     kWithLong,
     "/bin/prog: option '--verbose' doesn't allow an argument\n"},
    {"a value after =", {"--rewrite=1:2"}, kWithLong, "r=1:2 |"},
    {"an empty value after =", {"--rew="}, kWithLong, "r= |"},
    {"a value in the next word, long", {"--rewrite", "1:2"}, kWithLong, "r=1:2 |"},
    {"a value that is missing, long",
     {"--rew"},
     kWithLong,
     "/bin/prog: option '--rewrite' requires an argument\n"},
};

INSTANTIATE_TEST_SUITE_P(Table, OptionScannerTest, testing::ValuesIn(kRows));

}  // namespace
}  // namespace reaperd::daemon
