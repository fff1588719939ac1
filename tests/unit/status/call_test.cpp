#include "status/call.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <string_view>

namespace reaperd::status {
namespace {

using namespace std::string_literals;

Call Parsed(std::string_view message) {
  const auto call = ParseCall(message);
  EXPECT_TRUE(call.ok()) << message << ": " << call.error().message();
  return call ? *call : Call{};
}

std::string Complaint(std::string_view message) {
  const auto call = ParseCall(message);
  return call ? "none" : call.error().message();
}

bool Complains(std::string_view message, std::string_view of) {
  return Complaint(message).find(of) != std::string::npos;
}

Value FirstValue(std::string_view parameters) {
  const Call call = Parsed(R"({"method":"a.b","parameters":)" + std::string(parameters) + "}");
  return call.arguments.empty() ? Value{} : call.arguments.front().value;
}

TEST(ParseCall, ReadsACall) {
  const Call call = Parsed(
      R"({"method":"a.B","parameters":{"pid":7,"id":"i7","all":true,"x":null},"more":true})");
  EXPECT_EQ(call.method, "a.B");
  ASSERT_EQ(call.arguments.size(), 4U);
  EXPECT_EQ(call.arguments[0], (Argument{"pid", std::int64_t{7}}));
  EXPECT_EQ(call.arguments[1], (Argument{"id", "i7"s}));
  EXPECT_EQ(call.arguments[2], (Argument{"all", true}));
  EXPECT_EQ(call.arguments[3], (Argument{"x", std::monostate{}}));
  EXPECT_TRUE(call.more);
  EXPECT_FALSE(call.oneway);
}

TEST(ParseCall, TakesMembersInAnyOrderAndIgnoresOthers) {
  const Call call =
      Parsed(R"({"oneway":true,"extra":{"method":"x","deep":[{"pid":1}]},"parameters":{},)"
             R"("upgrade":true,"method":"a.B"})");
  EXPECT_EQ(call.method, "a.B");
  EXPECT_TRUE(call.arguments.empty());
  EXPECT_TRUE(call.oneway);
  EXPECT_TRUE(call.upgrade);
}

TEST(ParseCall, TakesNullForWhatIsNotThere) {
  const Call call = Parsed(R"({"method":"a","parameters":null,"more":null})");
  EXPECT_TRUE(call.arguments.empty());
  EXPECT_FALSE(call.more);
}

TEST(ParseCall, KeepsIntegersOf64Bits) {
  EXPECT_EQ(FirstValue(R"({"a":9223372036854775807})"),
            Value(std::numeric_limits<std::int64_t>::max()));
  EXPECT_EQ(FirstValue(R"({"a":-9223372036854775808})"),
            Value(std::numeric_limits<std::int64_t>::min()));
}

TEST(ParseCall, NotesThatAValueIsNothingThatAMethodTakes) {
  for (const char* text : {"9223372036854775808", "-9223372036854775809", "1.5", "1e3", "[]", "{}",
                           "[1,2]", R"({"pid":1})"}) {
    EXPECT_EQ(FirstValue(R"({"a":)" + std::string(text) + "}"), Value(OtherValue{})) << text;
  }
}

TEST(ParseCall, TakesArgumentsOfTheParametersOnly) {
  const Call call =
      Parsed(R"({"pid":1,"parameters":{"a":{"pid":2},"b":[{"pid":3}]},"method":"m"})");
  ASSERT_EQ(call.arguments.size(), 2U);
  EXPECT_EQ(call.arguments[0].name, "a");
  EXPECT_EQ(call.arguments[1].name, "b");
}

TEST(ParseCall, RefusesWhatIsNoObject) {
  for (const char* text : {"", " ", "[]", "1", "null", "\"a\"", "true", "{", "{}}", "{}{}", "{]",
                           "{\"method\":\"a\",}", "// x\n{\"method\":\"a\"}", "GET / HTTP/1.1\r"}) {
    EXPECT_NE(Complaint(text), "none") << text;
  }
}

TEST(ParseCall, RefusesACallWithoutAMethod) {
  EXPECT_TRUE(Complains("{}", "names no method"));
  EXPECT_TRUE(Complains(R"({"method":""})", "names no method"));
  EXPECT_TRUE(Complains(R"({"method":7})", "'method' is no text"));
  EXPECT_TRUE(Complains(R"({"method":null})", "'method' is no text"));
}

TEST(ParseCall, RefusesMembersOfTheWrongType) {
  EXPECT_TRUE(Complains(R"({"method":"a","parameters":[]})", "'parameters' is no object"));
  EXPECT_TRUE(Complains(R"({"method":"a","parameters":7})", "'parameters' is no object"));
  EXPECT_TRUE(Complains(R"({"method":"a","more":1})", "'more' is not true or false"));
  EXPECT_TRUE(Complains(R"({"method":"a","oneway":"yes"})", "'oneway' is not true or false"));
}

TEST(ParseCall, RefusesAKeyThatIsThereTwice) {
  EXPECT_TRUE(Complains(R"({"method":"a","method":"b"})", "'method' is there twice"));
  EXPECT_TRUE(Complains(R"({"method":"a","parameters":{"x":1,"x":1}})", "'x' is there twice"));
  EXPECT_TRUE(Complains(R"({"method":"a","z":[{"y":1,"y":1}]})", "'y' is there twice"));
  EXPECT_TRUE(Complains(R"({"method":"a","\u006dethod":"b"})", "'method' is there twice"));
  EXPECT_EQ(Complaint(R"({"method":"a","x":{"a":1},"y":{"a":1}})"), "none");
}

TEST(ParseCall, RefusesDeepNesting) {
  const auto nested = [](std::size_t levels) {
    return R"({"method":"a","x":)" + std::string(levels, '[') + std::string(levels, ']') + "}";
  };
  EXPECT_EQ(Complaint(nested(kMaxDepth - 1)), "none");
  EXPECT_TRUE(Complains(nested(kMaxDepth), "nested deeper than 32"));
  EXPECT_TRUE(Complains(nested(100'000), "nested deeper than 32"));
  EXPECT_TRUE(Complains(std::string(100'000, '['), "no object"));
}

TEST(ParseCall, RefusesTooManyValues) {
  std::string text = R"({"method":"a","x":[0)";
  for (std::size_t i = 0; i < kMaxValues; ++i)
    text += ",0";
  EXPECT_TRUE(Complains(text + "]}", "more than 4096 values"));
}

TEST(ParseCall, RefusesWhatIsNotUtf8) {
  for (const char* bytes : {"\xFF", "\xC0\xAF", "\xED\xA0\x80", "\xF8", "\xC3"}) {
    EXPECT_TRUE(Complains(R"({"method":")" + std::string(bytes) + "\"}", "UTF-8")) << bytes;
  }
  EXPECT_TRUE(Complains("{\"method\":\"a\"}\xFF", "UTF-8"));
  EXPECT_TRUE(Complains("{\"method\":\"a\"}\0x"s, "NUL"));
}

TEST(ParseCall, RefusesNumbersThatAreNone) {
  for (const char* number : {"1e999", "01", "+1", "0x1", "NaN", "-", "1."}) {
    EXPECT_NE(Complaint(R"({"method":"a","x":)" + std::string(number) + "}"), "none") << number;
  }
}

TEST(ParseCall, KeepsNoMoreArgumentsThanAnyMethodTakes) {
  std::string text = R"({"method":"a","parameters":{"p":0)";
  for (int i = 0; i < 100; ++i)
    text += ",\"p" + std::to_string(i) + "\":0";
  EXPECT_EQ(Parsed(text + "}}").arguments.size(), Call::kMaxArguments);
}

TEST(FormatCall, IsReadAgainAsTheSame) {
  Call call{.method = "a.\"B\"\n", .more = true, .oneway = true, .upgrade = true};
  call.arguments = {{"n\"ame", std::int64_t{-5}},
                    {"t", "x\xE2\x82\xAC\\"s},
                    {"f", false},
                    {"z", std::monostate{}},
                    {"o", OtherValue{}}};
  EXPECT_EQ(Parsed(FormatCall(call)), call);
}

}  // namespace
}  // namespace reaperd::status
