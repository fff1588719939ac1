#include "base/text.h"

#include <gtest/gtest.h>

#include <string>

namespace reaperd {
namespace {

using Words = std::vector<std::string>;

TEST(ParseUnsigned, TakesDecimalDigitsOnly) {
  EXPECT_EQ(ParseUnsigned("0"), 0U);
  EXPECT_EQ(ParseUnsigned("007"), 7U);
  EXPECT_EQ(ParseUnsigned("18446744073709551615"), UINT64_MAX);
  for (const char* text : {"", "+1", "-1", " 1", "1 ", "0x10", "1.5", "1e3", "٣", "1\n"}) {
    EXPECT_EQ(ParseUnsigned(text), std::nullopt) << text;
  }
  EXPECT_EQ(ParseUnsigned(std::string_view("1\0", 2)), std::nullopt);
}

TEST(ParseUnsigned, RefusesWhatDoesNotFit) {
  EXPECT_EQ(ParseUnsigned("18446744073709551616"), std::nullopt);
  EXPECT_EQ(ParseUnsigned("99999999999999999999999999"), std::nullopt);
  EXPECT_EQ(ParseUnsigned("255", 255), 255U);
  EXPECT_EQ(ParseUnsigned("256", 255), std::nullopt);
}

struct DurationRow {
  const char* text;
  std::optional<Micros> value;
};

class ParseDurationTest : public ::testing::TestWithParam<DurationRow> {};

TEST_P(ParseDurationTest, GivesMicrosecondsOrNothing) {
  EXPECT_EQ(ParseDuration(GetParam().text), GetParam().value) << GetParam().text;
}

constexpr Micros kHour = 3600 * kSecond;
constexpr Micros kTenYears = 87'600 * kHour;

INSTANTIATE_TEST_SUITE_P(
    Good, ParseDurationTest,
    ::testing::Values(DurationRow{"0", 0}, DurationRow{"0s", 0}, DurationRow{"500ms", 500'000},
                      DurationRow{"5s", 5 * kSecond}, DurationRow{"2m", 120 * kSecond},
                      DurationRow{"1h", kHour}, DurationRow{"0010s", 10 * kSecond},
                      DurationRow{"87600h", kTenYears}));

INSTANTIATE_TEST_SUITE_P(
    Bad, ParseDurationTest,
    ::testing::Values(DurationRow{"", {}}, DurationRow{"5", {}}, DurationRow{"00", {}},
                      DurationRow{"s", {}}, DurationRow{"5 s", {}}, DurationRow{" 5s", {}},
                      DurationRow{"5s ", {}}, DurationRow{"5S", {}}, DurationRow{"5us", {}},
                      DurationRow{"5d", {}}, DurationRow{"-5s", {}}, DurationRow{"1.5s", {}},
                      DurationRow{"1m30s", {}}, DurationRow{"5sec", {}}, DurationRow{"never", {}},
                      DurationRow{"87601h", {}}, DurationRow{"18446744073709551615h", {}},
                      DurationRow{"5124095577h", {}}, DurationRow{"99999999999999999999s", {}}));

struct FormatRow {
  Micros value;
  const char* text;
};

class FormatDurationTest : public ::testing::TestWithParam<FormatRow> {};

TEST_P(FormatDurationTest, IsShort) {
  EXPECT_EQ(FormatDuration(GetParam().value), GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, FormatDurationTest,
    ::testing::Values(FormatRow{0, "0ms"}, FormatRow{999, "0ms"}, FormatRow{350'000, "350ms"},
                      FormatRow{999'999, "999ms"}, FormatRow{kSecond, "1s"},
                      FormatRow{12'900'000, "12s"}, FormatRow{60 * kSecond, "1m00s"},
                      FormatRow{125 * kSecond, "2m05s"}, FormatRow{kHour - 1, "59m59s"},
                      FormatRow{kHour, "1h00m"}, FormatRow{3 * kHour + 7 * 60 * kSecond, "3h07m"},
                      FormatRow{100 * kHour, "100h00m"}));

TEST(ParseSize, KnowsPowersOf1024) {
  EXPECT_EQ(ParseSize("0"), 0U);
  EXPECT_EQ(ParseSize("17"), 17U);
  EXPECT_EQ(ParseSize("64K"), 65'536U);
  EXPECT_EQ(ParseSize("16M"), 16'777'216U);
  EXPECT_EQ(ParseSize("1G"), 1'073'741'824U);
  EXPECT_EQ(ParseSize("17179869183G"), 17'179'869'183U * (1ULL << 30));
  for (const char* text :
       {"", "K", "1k", "1KB", "1T", "1 K", "-1", "1.5M", "17179869184G", "18446744073709551616"}) {
    EXPECT_EQ(ParseSize(text), std::nullopt) << text;
  }
}

TEST(Split, KeepsEmptyParts) {
  EXPECT_EQ(Split("", ','), (std::vector<std::string_view>{""}));
  EXPECT_EQ(Split("a", ','), (std::vector<std::string_view>{"a"}));
  EXPECT_EQ(Split("a,b", ','), (std::vector<std::string_view>{"a", "b"}));
  EXPECT_EQ(Split(",a,,b,", ','), (std::vector<std::string_view>{"", "a", "", "b", ""}));
}

TEST(SplitWords, CutsAtBlanks) {
  EXPECT_EQ(SplitWords(""), Words{});
  EXPECT_EQ(SplitWords(" \t\n "), Words{});
  EXPECT_EQ(SplitWords("a"), Words{"a"});
  EXPECT_EQ(SplitWords("  a\tbc \n d "), (Words{"a", "bc", "d"}));
}

TEST(SplitWords, ObeysQuotes) {
  EXPECT_EQ(SplitWords("'a b' \"c d\""), (Words{"a b", "c d"}));
  EXPECT_EQ(SplitWords("a'b c'd"), Words{"ab cd"});
  EXPECT_EQ(SplitWords("'' \"\""), (Words{"", ""}));
  EXPECT_EQ(SplitWords("'a\"b'"), Words{"a\"b"});
  EXPECT_EQ(SplitWords("\"a'b\""), Words{"a'b"});
  EXPECT_EQ(SplitWords(R"('a\b')"), Words{R"(a\b)"}) << "no escapes in single quotes";
  EXPECT_EQ(SplitWords(R"("a\"b" c\ d \\ \')"), (Words{"a\"b", "c d", "\\", "'"}));
}

TEST(SplitWords, ExpandsNothing) {
  EXPECT_EQ(SplitWords("$HOME *.c `id` ; | > #x ~"),
            (Words{"$HOME", "*.c", "`id`", ";", "|", ">", "#x", "~"}));
}

TEST(SplitWords, RefusesWhatIsNotClosed) {
  for (const char* text : {"'", "\"", "a 'b", "a \"b", "a\\", "'a\\", "\"a\\\""}) {
    EXPECT_EQ(SplitWords(text), std::nullopt) << text;
  }
}

struct PrintRow {
  std::string text;
  std::string printable;
  std::string json;
};

class PrintTest : public ::testing::TestWithParam<PrintRow> {};

TEST_P(PrintTest, LetsNoControlThrough) {
  EXPECT_EQ(Printable(GetParam().text), GetParam().printable);
  EXPECT_EQ(JsonEscape(GetParam().text), GetParam().json);
}

INSTANTIATE_TEST_SUITE_P(
    Harmless, PrintTest,
    ::testing::Values(PrintRow{"", "", ""}, PrintRow{"plain text", "plain text", "plain text"},
                      PrintRow{"a/b 'c'", "a/b 'c'", "a/b 'c'"}, PrintRow{"äöü€", "äöü€", "äöü€"},
                      PrintRow{"\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80"},
                      PrintRow{"\xF4\x8F\xBF\xBF", "\xF4\x8F\xBF\xBF", "\xF4\x8F\xBF\xBF"}));

INSTANTIATE_TEST_SUITE_P(Controls, PrintTest,
                         ::testing::Values(PrintRow{"a\nb", "a\\x0ab", "a\\u000ab"},
                                           PrintRow{"\t\r", "\\x09\\x0d", "\\u0009\\u000d"},
                                           PrintRow{std::string("\0", 1), "\\x00", "\\u0000"},
                                           PrintRow{"\x1b[2J\x1b]0;owned\x07",
                                                    "\\x1b[2J\\x1b]0;owned\\x07",
                                                    "\\u001b[2J\\u001b]0;owned\\u0007"},
                                           PrintRow{"\x7f", "\\x7f", "\\u007f"},
                                           // U+009B is the one-character form of ESC [
                                           PrintRow{"\xC2\x9B"
                                                    "31m",
                                                    "\\xc2\\x9b31m",
                                                    "\xC2\x9B"
                                                    "31m"},
                                           PrintRow{"\xC2\xA0", "\xC2\xA0", "\xC2\xA0"},
                                           PrintRow{"a\\b\"c", "a\\\\b\"c", "a\\\\b\\\"c"}));

constexpr const char* kBad = "\xEF\xBF\xBD";  // U+FFFD

INSTANTIATE_TEST_SUITE_P(
    NotUtf8, PrintTest,
    ::testing::Values(PrintRow{"\xff", "\\xff", kBad}, PrintRow{"\x80", "\\x80", kBad},
                      PrintRow{"\xC3", "\\xc3", kBad},  // cut short
                      PrintRow{"\xE2\x82", "\\xe2\\x82", std::string(kBad) + kBad},
                      PrintRow{"\xC0\xAF", "\\xc0\\xaf", std::string(kBad) + kBad},  // overlong /
                      PrintRow{"\xE0\x80\x8A", "\\xe0\\x80\\x8a",
                               std::string(kBad) + kBad + kBad},  // overlong newline
                      PrintRow{"\xED\xA0\x80", "\\xed\\xa0\\x80",
                               std::string(kBad) + kBad + kBad},  // half a surrogate pair
                      PrintRow{"\xF4\x90\x80\x80", "\\xf4\\x90\\x80\\x80",
                               std::string(kBad) + kBad + kBad + kBad},  // above U+10FFFF
                      PrintRow{"\xF8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80",
                               std::string(kBad) + kBad + kBad + kBad + kBad},
                      PrintRow{"\xC3(", "\\xc3(", std::string(kBad) + "("},
                      PrintRow{"a\xC3\nb", "a\\xc3\\x0ab", std::string("a") + kBad + "\\u000ab"}));

/// True if `text` has no byte that a terminal could obey and is UTF-8 by a second opinion: every
/// byte is printable ASCII or part of a sequence whose first byte announces its length.
bool Harmless(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7F) return false;
    const std::size_t length = byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
    if (byte >= 0x80 && byte < 0xC2) return false;
    if (i + length > text.size()) return false;
    if (byte == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0) return false;
    i += length;
  }
  return true;
}

TEST(Printable, IsHarmlessForAllPairsOfBytes) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string text{static_cast<char>(first), static_cast<char>(second), 'x'};
      ASSERT_TRUE(Harmless(Printable(text))) << first << ' ' << second;
    }
  }
}

TEST(FindInvalidUtf8, NamesTheFirstByteThatIsNotPartOfACharacter) {
  EXPECT_EQ(FindInvalidUtf8(""), std::nullopt);
  EXPECT_EQ(FindInvalidUtf8("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"), std::nullopt);
  EXPECT_EQ(FindInvalidUtf8("\xC3\xA4\xC3("), 2U);
  EXPECT_EQ(FindInvalidUtf8("ab\xFF"), 2U);
  EXPECT_EQ(FindInvalidUtf8("a\xE2\x82"), 1U);
}

TEST(PrintableStart, CutsBetweenCharacters) {
  EXPECT_EQ(PrintableStart("abc", 3), "abc");
  EXPECT_EQ(PrintableStart("abcd", 3), "abc…");
  EXPECT_EQ(PrintableStart("ab\xE2\x82\xAC", 4), "ab…");
  EXPECT_EQ(PrintableStart("\n\n", 1), "\\x0a…");
  EXPECT_EQ(PrintableStart("\x80\x80\x80", 2), "…");
}

TEST(Printable, KeepsDifferentTextsDifferent) {
  EXPECT_NE(Printable("\n"), Printable("\\x0a"));
  EXPECT_NE(Printable("\\n"), Printable("\\\\n"));
}

}  // namespace
}  // namespace reaperd
