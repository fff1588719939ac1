#include "base/glob.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace reaperd {
namespace {

struct Case {
  std::string_view pattern;
  std::string_view text;
  bool matches;
};

void Check(const std::vector<Case>& cases) {
  for (const Case& c : cases)
    EXPECT_EQ(MatchesGlob(c.pattern, c.text), c.matches) << c.pattern << " on " << c.text;
}

TEST(Glob, OfPlainBytesMatchesTheWholeTextOnly) {
  Check({{"", "", true},
         {"", "a", false},
         {"nginx", "nginx", true},
         {"nginx", "nginx2", false},
         {"nginx", "ngin", false},
         {"nginx", "Nginx", false},
         {".hidden/x", ".hidden/x", true}});
}

TEST(Glob, AStarTakesAnyBytesAndNone) {
  Check({{"*", "", true},
         {"*", "a/b .c\n", true},
         {"***", "", true},
         {"a*", "a", true},
         {"a*", "ba", false},
         {"*a", "ba", true},
         {"a*b*c", "a12b3b4c", true},
         {"a*b*c", "a12b3b4", false},
         {"*ab", "aab", true},
         {"*abab*", "xabaabab", true},
         {"php-fpm*", "php-fpm8.2", true}});
}

TEST(Glob, AQuestionMarkTakesOneByte) {
  Check({{"?", "a", true},
         {"?", "", false},
         {"?", "ab", false},
         {"a?c",
          "a\xff"
          "c",
          true},
         {"*?", "", false},
         {"??*", "ab", true}});
}

TEST(Glob, BracketsTakeOneByteOfASet) {
  Check({{"[abc]", "b", true},
         {"[abc]", "d", false},
         {"[abc]", "", false},
         {"worker[0-9]", "worker7", true},
         {"worker[0-9]", "workerx", false},
         {"[a-cx-z]", "y", true},
         {"[!a-c]", "d", true},
         {"[!a-c]", "b", false},
         {"[!a-c]", "", false},
         {"[z-a]", "m", false},
         {"*[0-9]", "a1b2", true}});
}

TEST(Glob, SpecialBytesInBracketsStandWhereTheyMeanThemselves) {
  Check({{"[]a]", "]", true},
         {"[]a]", "a", true},
         {"[!]]", "]", false},
         {"[!]]", "a", true},
         {"[-a]", "-", true},
         {"[a-]", "-", true},
         {"[a-]", "b", false},
         {"[a!]", "!", true},
         {"[*?]", "*", true},
         {"[*?]", "a", false},
         {"[\\]x]", "]", true},
         {"[a\\-c]", "b", false},
         {"[a\\-c]", "-", true},
         {"[\\a-\\c]", "b", true}});
}

TEST(Glob, ABackslashTakesTheNextByteAsItIs) {
  Check({{"\\*", "*", true},
         {"\\*", "a", false},
         {"\\?x", "?x", true},
         {"\\[a]", "[a]", true},
         {"\\\\", "\\", true},
         {"a\\b", "ab", true},
         {"*\\*", "a*", true}});
}

TEST(Glob, WhatIsNotClosedStandsForItself) {
  Check({{"[", "[", true},
         {"[ab", "[ab", true},
         {"[ab", "a", false},
         {"[]", "[]", true},
         {"[!", "[!", true},
         {"[a-", "[a-", true},
         {"[\\", "[\\", true},
         {"a\\", "a\\", true},
         {"*[", "x[", true}});
}

TEST(Glob, RangesAreOfBytesWithoutASign) {
  EXPECT_TRUE(MatchesGlob("[\x80-\xff]", "\xc3"));
  EXPECT_FALSE(MatchesGlob("[\x80-\xff]", "a"));
  EXPECT_TRUE(MatchesGlob(std::string_view("a\0*", 3), std::string_view("a\0b", 3)));
}

TEST(Glob, ManyStarsTakeNoExponentialTime) {
  // With a naive search for each star this takes longer than the universe has.
  std::string pattern;
  for (int i = 0; i < 100; ++i)
    pattern += "a*";
  pattern += "b";
  const std::string text(4000, 'a');
  EXPECT_FALSE(MatchesGlob(pattern, text));
  EXPECT_TRUE(MatchesGlob(pattern, text + "b"));
}

/// By the definition, in exponential time.
bool Naive(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern.front() == '*') {
    return Naive(pattern.substr(1), text) || (!text.empty() && Naive(pattern, text.substr(1)));
  }
  if (text.empty()) return false;
  if (pattern.front() != '?' && pattern.front() != text.front()) return false;
  return Naive(pattern.substr(1), text.substr(1));
}

void ForAllWords(std::string_view letters, std::size_t longest, std::vector<std::string>& words) {
  words = {""};
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i].size() == longest) continue;
    for (const char letter : letters)
      words.push_back(words[i] + letter);
  }
}

TEST(Glob, AgreesWithItsDefinitionOnAllShortPatterns) {
  std::vector<std::string> patterns;
  std::vector<std::string> texts;
  ForAllWords("ab*?", 5, patterns);
  ForAllWords("ab", 6, texts);
  for (const std::string& pattern : patterns) {
    for (const std::string& text : texts)
      ASSERT_EQ(MatchesGlob(pattern, text), Naive(pattern, text)) << pattern << " on " << text;
  }
}

}  // namespace
}  // namespace reaperd
