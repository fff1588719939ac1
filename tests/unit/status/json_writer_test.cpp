#include "status/json_writer.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

#include "base/text.h"

namespace reaperd::status {
namespace {

TEST(JsonWriter, PutsCommasBetweenAndNowhereElse) {
  JsonWriter json;
  json.OpenObject().Key("empty").OpenObject().CloseObject().Key("list").OpenArray();
  json.Number(1).Null().Bool(true).OpenArray().CloseArray().String("a").CloseArray();
  json.Number("n", -5).Bool("b", false).Null("z").CloseObject();
  EXPECT_EQ(std::move(json).Take(),
            R"({"empty":{},"list":[1,null,true,[],"a"],"n":-5,"b":false,"z":null})");
}

TEST(JsonWriter, NullIsWhatIsNotKnown) {
  JsonWriter json;
  json.OpenObject()
      .Number("a", std::optional<int>{})
      .Number("b", std::optional<int>{0})
      .StringOrNull("c", std::nullopt)
      .StringOrNull("d", std::string())
      .StringUnlessEmpty("e", "")
      .StringUnlessEmpty("f", "x")
      .CloseObject();
  EXPECT_EQ(std::move(json).Take(), R"({"a":null,"b":0,"c":null,"d":"","e":null,"f":"x"})");
}

TEST(JsonWriter, WritesWholeNumbersOfAnySize) {
  JsonWriter json;
  json.OpenArray()
      .Number(std::numeric_limits<std::uint64_t>::max())
      .Number(std::numeric_limits<std::int64_t>::min())
      .CloseArray();
  EXPECT_EQ(std::move(json).Take(), "[18446744073709551615,-9223372036854775808]");
}

TEST(JsonWriter, EscapesAsTheHouseDoes) {
  for (const std::string_view text :
       {"", "plain", "a\"b\\c", "\n", "a\x7f", "é€😀", "\xff\xfe", "a\xc3", "\xc3z", "\xe2\x82z\x82",
        "é\"é", "\xed\xa0\x80", "\x1b[2Jx"}) {
    JsonWriter json;
    json.String(text);
    EXPECT_EQ(std::move(json).Take(), '"' + JsonEscape(text) + '"');
  }
}

TEST(JsonWriter, EveryPairOfBytesIsEscapedAsTheHouseDoes) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string text{static_cast<char>(first), static_cast<char>(second)};
      JsonWriter json;
      json.String(text);
      ASSERT_EQ(std::move(json).Take(), '"' + JsonEscape(text) + '"') << first << " " << second;
    }
  }
}

}  // namespace
}  // namespace reaperd::status
