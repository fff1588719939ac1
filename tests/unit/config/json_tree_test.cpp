// JSON with comments to a tree with lines; what is refused, and where.
#include "config/json_tree.h"

#include <gtest/gtest.h>

#include <string>

namespace reaperd::config {
namespace {

using Type = Node::Type;

Node Parsed(std::string_view text) {
  auto node = ParseJson(text, "f.json");
  EXPECT_TRUE(node.ok()) << (node.ok() ? "" : node.error().message());
  return node.ok() ? std::move(node).value() : Node{};
}

std::string Refusal(std::string_view text) {
  const auto node = ParseJson(text, "f.json");
  return node.ok() ? "accepted" : node.error().message();
}

TEST(JsonTree, KeepsEveryKindOfValueAsItWasWritten) {
  const Node root = Parsed(R"({"t":"a\u00e4\n","n":-5,"u":18446744073709551615,"f":0.250,
    "yes":true,"no":false,"nil":null,"list":[1,"x",[]],"empty":{}})");
  ASSERT_EQ(root.type, Type::kObject);
  ASSERT_EQ(root.members.size(), 9U);
  EXPECT_EQ(root.Find("t")->text, "a\xC3\xA4\n");
  EXPECT_EQ(root.Find("n")->text, "-5");
  EXPECT_EQ(root.Find("u")->text, "18446744073709551615");
  EXPECT_EQ(root.Find("f")->text, "0.250");
  EXPECT_EQ(root.Find("yes")->text, "true");
  EXPECT_EQ(root.Find("no")->text, "false");
  EXPECT_EQ(root.Find("nil")->type, Type::kNull);
  ASSERT_EQ(root.Find("list")->items.size(), 3U);
  EXPECT_EQ(root.Find("list")->items[1].text, "x");
  EXPECT_EQ(root.Find("list")->items[2].type, Type::kList);
  EXPECT_EQ(root.Find("empty")->type, Type::kObject);
  EXPECT_EQ(root.Find("other"), nullptr);
}

TEST(JsonTree, KeepsTheOrderOfMembers) {
  const Node root = Parsed(R"({"z":1,"a":2,"m":3})");
  ASSERT_EQ(root.members.size(), 3U);
  EXPECT_EQ(root.members[0].key, "z");
  EXPECT_EQ(root.members[1].key, "a");
  EXPECT_EQ(root.members[2].key, "m");
}

TEST(JsonTree, EveryKeyAndValueKnowsItsLine) {
  const Node root = Parsed(
      "// a comment\n"
      "{\n"
      "  \"a\":\n"
      "    5\n"
      "  , /* over\n"
      "       two lines */ \"b\": [\n"
      "    1,\n"
      "    \"x\", true\n"
      "  ],\r\n"
      "  \"c\": {}\n"
      "}\n");
  EXPECT_EQ(root.line, 2);
  EXPECT_EQ(root.members[0].line, 3);
  EXPECT_EQ(root.members[0].value.line, 4) << "the line end behind a number is not its own";
  EXPECT_EQ(root.members[1].line, 6);
  EXPECT_EQ(root.Find("b")->line, 6);
  EXPECT_EQ(root.Find("b")->items[0].line, 7);
  EXPECT_EQ(root.Find("b")->items[1].line, 8);
  EXPECT_EQ(root.Find("b")->items[2].line, 8);
  EXPECT_EQ(root.Find("c")->line, 10);
}

TEST(JsonTree, ANumberAtTheEndOfTheTextIsWhole) {
  EXPECT_EQ(Parsed("12").text, "12");
  EXPECT_EQ(Parsed("\n\n12\n").line, 3);
}

TEST(JsonTree, RefusesEqualKeysAndNamesBothLines) {
  EXPECT_EQ(Refusal("{\n\"a\":1,\n\"b\":{\"c\":1,\n\"c\":2},\n\"a\":3}"),
            "f.json:4: the key 'c' is there twice, first in line 3\n"
            "f.json:5: the key 'a' is there twice, first in line 2");
}

TEST(JsonTree, RefusesWhatIsNotJsonWithItsLine) {
  EXPECT_EQ(Refusal("{\"a\":1,\n\"b\" 2}"),
            "f.json:2: syntax error while parsing object separator - unexpected number literal; "
            "expected ':'");
  EXPECT_EQ(Refusal("{\"a\":\n\nfoo}"),
            "f.json:3: syntax error while parsing value - invalid literal; last read: "
            "'\"a\":<U+000A><U+000A>fo'");
  EXPECT_EQ(Refusal(""),
            "f.json:1: syntax error while parsing value - unexpected end of input; expected '[', "
            "'{', or a literal");
  EXPECT_EQ(Refusal("{\"a\":1e999}"), "f.json:1: number overflow parsing '1e999'");
  EXPECT_NE(Refusal("{\"a\":1} x"), "accepted") << "garbage behind the end";
  EXPECT_NE(Refusal("{\"a\":1}{}"), "accepted");
  EXPECT_NE(Refusal("{\"a\":1,}"), "accepted");
  EXPECT_NE(Refusal("[1 2]"), "accepted");
  EXPECT_NE(Refusal("/* open"), "accepted");
}

TEST(JsonTree, RefusesWhatIsNotTextWithItsLine) {
  EXPECT_EQ(Refusal("{\n\"a\": \"\xFF\"}"), "f.json:2: a byte that is not UTF-8");
  EXPECT_EQ(Refusal("{} // \xC3("), "f.json:1: a byte that is not UTF-8") << "in comments, too";
  EXPECT_EQ(Refusal(std::string_view("{}\n\0garbage", 11)), "f.json:2: a NUL byte");
}

TEST(JsonTree, IsBounded) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(ParseJson(nested(kMaxConfigDepth), "f").ok());
  EXPECT_EQ(Refusal(nested(kMaxConfigDepth + 1)), "f.json:1: nested deeper than 32");
  EXPECT_EQ(Refusal(std::string(kMaxConfigBytes / 2, '[')), "f.json:1: nested deeper than 32");

  std::string many = "[0";
  for (std::size_t i = 2; i < kMaxConfigValues; ++i)
    many += ",0";
  EXPECT_TRUE(ParseJson(many + "]", "f").ok());
  EXPECT_EQ(Refusal(many + ",0]"), "f.json:1: more than 65536 values");

  EXPECT_TRUE(ParseJson("1" + std::string(kMaxConfigBytes - 1, ' '), "f").ok());
  EXPECT_EQ(Refusal("1" + std::string(kMaxConfigBytes, ' ')), "f.json:1: larger than 1 MiB");
}

TEST(JsonTree, NamesOfFilesAndKeysAreMadePrintable) {
  const auto node = ParseJson("{\"\\u001b[2J\":1,\"\\u001b[2J\":2}", "a\nb");
  ASSERT_FALSE(node.ok());
  EXPECT_EQ(node.error().message(),
            "a\\x0ab:1: the key '\\x1b[2J' is there twice, first in line 1");
}

TEST(JsonTree, MessagesAboutLongTextsAreShort) {
  const std::string name(10'000, 'k');
  EXPECT_LT(Refusal("{\"" + name + "\":1,\"" + name + "\":2}").size(), 200U);
  EXPECT_LT(Refusal("[\"" + name).size(), 300U);
  EXPECT_LT(Refusal("[1" + std::string(10'000, '0') + "]").size(), 300U);
}

TEST(JsonTree, DescribesValuesForMessages) {
  EXPECT_EQ(DescribeNode(Parsed("[]")), "a list");
  EXPECT_EQ(DescribeNode(Parsed("{}")), "an object");
  EXPECT_EQ(DescribeNode(Parsed("null")), "null");
  EXPECT_EQ(DescribeNode(Parsed("true")), "true");
  EXPECT_EQ(DescribeNode(Parsed("1.5")), "1.5");
  EXPECT_EQ(DescribeNode(Parsed("\"a\\nb\"")), "'a\\x0ab'");
  EXPECT_EQ(DescribeNode(Parsed("\"" + std::string(100, 'x') + "\"")),
            "'" + std::string(80, 'x') + "…'");
}

}  // namespace
}  // namespace reaperd::config
