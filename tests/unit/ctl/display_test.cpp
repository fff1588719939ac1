#include "ctl/display.h"

#include <gtest/gtest.h>

namespace reaperd::ctl {
namespace {

TEST(Harmless, EscapesWhatATerminalObeys) {
  EXPECT_EQ(Harmless("a\033[31mb\nc\x7f"), "a\\x1b[31mb\\x0ac\\x7f");
  EXPECT_EQ(Harmless("\xc2\x9b"), "\\xc2\\x9b");  // C1: CSI in one character
  EXPECT_EQ(Harmless("back\\slash"), "back\\\\slash");
  EXPECT_EQ(Harmless("\xff\xfe"), "\\xff\\xfe");
}

TEST(Harmless, EscapesWhatReordersOrHides) {
  EXPECT_EQ(Harmless("a\u202Eb"), "a\\u{202e}b");  // right-to-left override
  EXPECT_EQ(Harmless("\u2066x\u2069"), "\\u{2066}x\\u{2069}");
  EXPECT_EQ(Harmless("ad\u200Bmin"), "ad\\u{200b}min");  // zero width space
  EXPECT_EQ(Harmless("\uFEFFx"), "\\u{feff}x");
  EXPECT_EQ(Harmless("x\u2028y"), "x\\u{2028}y");
  EXPECT_EQ(Harmless("\U000E0041"), "\\u{e0041}");  // tag A
}

TEST(Harmless, LeavesWritingAlone) {
  for (const char* text :
       {"nginx: worker process", "größe", "工作者", "рабочий", "e\u0301", "🦀"})
    EXPECT_EQ(Harmless(text), text);
}

TEST(ColumnsOf, CountsAsATerminalDoes) {
  EXPECT_EQ(ColumnsOf(""), 0U);
  EXPECT_EQ(ColumnsOf("abc"), 3U);
  EXPECT_EQ(ColumnsOf("größe"), 5U);
  EXPECT_EQ(ColumnsOf("工作者"), 6U);
  EXPECT_EQ(ColumnsOf("한글"), 4U);
  EXPECT_EQ(ColumnsOf("e\u0301"), 1U);
  EXPECT_EQ(ColumnsOf("🦀"), 2U);
  EXPECT_EQ(ColumnsOf("└─ "), 3U);
}

TEST(CutTo, EndsWithAnEllipsisAndFits) {
  EXPECT_EQ(CutTo("abcdef", 6), "abcdef");
  EXPECT_EQ(CutTo("abcdef", 5), "abcd…");
  EXPECT_EQ(CutTo("abcdef", 1), "…");
  EXPECT_EQ(CutTo("abcdef", 0), "");
}

TEST(CutTo, DoesNotCutWithinACharacter) {
  EXPECT_EQ(CutTo("工作者", 4), "工…");
  EXPECT_EQ(CutTo("工作者", 5), "工作…");
  EXPECT_EQ(CutTo("e\u0301e\u0301e\u0301", 2), "e\u0301…");
}

}  // namespace
}  // namespace reaperd::ctl
