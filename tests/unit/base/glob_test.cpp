#include "base/glob.h"

#include <gtest/gtest.h>

#include <string>

namespace reaperd {
namespace {

TEST(Glob, MatchesTheWholeText) {
  EXPECT_TRUE(MatchesGlob("worker", "worker"));
  EXPECT_FALSE(MatchesGlob("worker", "worker1"));
  EXPECT_FALSE(MatchesGlob("worker", "a worker"));
  EXPECT_TRUE(MatchesGlob("", ""));
  EXPECT_FALSE(MatchesGlob("", "x"));
  EXPECT_FALSE(MatchesGlob("x", ""));
}

TEST(Glob, AStarTakesAnyBytes) {
  EXPECT_TRUE(MatchesGlob("*", ""));
  EXPECT_TRUE(MatchesGlob("**", "a/b"));
  EXPECT_TRUE(MatchesGlob("/app/*", "/app/bin/worker")) << "a slash is nothing special";
  EXPECT_TRUE(MatchesGlob("*a*b", "xaxbxb")) << "the last star takes more";
  EXPECT_FALSE(MatchesGlob("*a*b", "xbxa"));
  EXPECT_TRUE(MatchesGlob("a*", std::string("a\0b\xff", 4)));
}

TEST(Glob, AQuestionMarkTakesOneByte) {
  EXPECT_TRUE(MatchesGlob("job-?", "job-1"));
  EXPECT_FALSE(MatchesGlob("job-?", "job-"));
  EXPECT_FALSE(MatchesGlob("job-?", "job-12"));
}

TEST(Glob, ASetTakesOneOfItsBytes) {
  EXPECT_TRUE(MatchesGlob("[a-cx]1", "b1"));
  EXPECT_TRUE(MatchesGlob("[a-cx]1", "x1"));
  EXPECT_FALSE(MatchesGlob("[a-cx]1", "d1"));
  EXPECT_TRUE(MatchesGlob("[!a-c]", "d"));
  EXPECT_FALSE(MatchesGlob("[!a-c]", "a"));
  EXPECT_FALSE(MatchesGlob("[!a-c]", ""));
  EXPECT_TRUE(MatchesGlob("[]x]", "]"));
  EXPECT_TRUE(MatchesGlob("[a-]", "-"));
  EXPECT_TRUE(MatchesGlob("[\\]]", "]"));
  EXPECT_TRUE(MatchesGlob("[\x80-\xff]", "\xc3")) << "bytes above 127 are not negative";
}

TEST(Glob, ASetThatIsNotClosedStandsForItself) {
  EXPECT_TRUE(MatchesGlob("[kworker", "[kworker"));
  EXPECT_TRUE(MatchesGlob("a[", "a["));
  EXPECT_TRUE(MatchesGlob("[!", "[!"));
  EXPECT_TRUE(MatchesGlob("[]", "[]"));
}

TEST(Glob, ABackslashProtectsTheNextByte) {
  EXPECT_TRUE(MatchesGlob("\\*", "*"));
  EXPECT_FALSE(MatchesGlob("\\*", "x"));
  EXPECT_TRUE(MatchesGlob("\\\\", "\\"));
  EXPECT_TRUE(MatchesGlob("a\\", "a\\")) << "at the end it stands for itself";
}

TEST(Glob, ManyStarsDoNotTakeForEver) {
  const std::string text(4096, 'a');
  std::string pattern;
  for (int i = 0; i < 200; ++i)
    pattern += "a*";
  EXPECT_FALSE(MatchesGlob(pattern + "b", text));
  EXPECT_TRUE(MatchesGlob(pattern, text));
}

}  // namespace
}  // namespace reaperd
