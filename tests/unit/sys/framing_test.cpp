#include "sys/framing.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace reaperd::sys {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;
using Texts = std::vector<std::string>;

/// All messages, "N" or "L" (a line) in front of each.
Texts TakeAll(MessageBuffer& buffer) {
  Texts texts;
  while (const auto message = buffer.Take())
    texts.push_back((message->end == Terminator::kNul ? "N" : "L") + message->text);
  return texts;
}

Texts Cut(std::string_view bytes) {
  MessageBuffer buffer;
  buffer.Append(bytes);
  return TakeAll(buffer);
}

TEST(MessageBuffer, EndsAMessageAtNul) {
  EXPECT_EQ(Cut("{}\0{\"a\":1}\0"sv), (Texts{"N{}", R"(N{"a":1})"}));
  EXPECT_EQ(Cut("{}"), Texts{});
}

TEST(MessageBuffer, EndsAMessageAtNulWhateverIsOpen) {
  EXPECT_EQ(Cut("{\"a\0{}\0"sv), (Texts{"N{\"a", "N{}"}));
  EXPECT_EQ(Cut("\0"sv), Texts{"N"});
}

TEST(MessageBuffer, EndsAMessageAtANewlineOutsideOfAllBrackets) {
  EXPECT_EQ(Cut("{}\n"), Texts{"L{}"});
  EXPECT_EQ(Cut("{\n\"a\": [\n1\n]\n}\n"), Texts{"L{\n\"a\": [\n1\n]\n}"});
  EXPECT_EQ(Cut("{}\r\n"), Texts{"L{}\r"});
}

TEST(MessageBuffer, SkipsEmptyLines) {
  EXPECT_EQ(Cut("\n \n{}\n"), Texts{"L\n \n{}"});
  MessageBuffer buffer;
  buffer.Append("\n\r\n");
  EXPECT_FALSE(buffer.has_part());
  buffer.Append("x");
  EXPECT_TRUE(buffer.has_part());
}

TEST(MessageBuffer, LooksForBracketsOutsideOfStringsOnly) {
  EXPECT_EQ(Cut("{\"}\":\"]\\\"}\"}\n"), Texts{R"(L{"}":"]\"}"})"});
  EXPECT_EQ(Cut("{\"\\\\\"}\n"), Texts{R"(L{"\\"})"});
  EXPECT_EQ(Cut("{\"a\nb\"}\n"), Texts{"L{\"a\nb\"}"});
}

TEST(MessageBuffer, TakesALineOfGarbageForAMessage) {
  EXPECT_EQ(Cut("GET / HTTP/1.1\r\nHost: x\r\n"), (Texts{"LGET / HTTP/1.1\r", "LHost: x\r"}));
  EXPECT_EQ(Cut("}}}\n{}\n"), (Texts{"L}}}", "L{}"}));
}

TEST(MessageBuffer, CutsAlikeHoweverTheBytesCome) {
  const std::string bytes = "{\"a\":\"\\\"}\n\"}\n\n{\"b\":[{}]}\0[1,\n2]\nx\ny\0{}\n"s;
  const Texts whole = Cut(bytes);
  std::mt19937 random(7);
  for (int attempt = 0; attempt < 200; ++attempt) {
    MessageBuffer buffer;
    Texts texts;
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t count = 1 + random() % 5;
      buffer.Append(std::string_view(bytes).substr(at, count));
      at += count;
      if (random() % 2 == 0) continue;
      for (std::string& text : TakeAll(buffer))
        texts.push_back(std::move(text));
    }
    for (std::string& text : TakeAll(buffer))
      texts.push_back(std::move(text));
    EXPECT_EQ(texts, whole);
  }
}

TEST(MessageBuffer, RefusesAMessageBeyondTheLimit) {
  MessageBuffer buffer(8);
  buffer.Append("12345678");
  EXPECT_FALSE(buffer.too_large());
  buffer.Append("9\0"sv);
  EXPECT_TRUE(buffer.too_large());
  EXPECT_EQ(buffer.waiting(), 0U);
}

TEST(MessageBuffer, TakesAMessageOfJustTheLimit) {
  MessageBuffer buffer(8);
  buffer.Append("12345678\0"sv);
  EXPECT_FALSE(buffer.too_large());
  EXPECT_EQ(TakeAll(buffer), Texts{"N12345678"});
}

TEST(MessageBuffer, GivesWhatIsCompleteBeforeWhatIsTooLarge) {
  MessageBuffer buffer(8);
  buffer.Append("{}\0{}\0"sv);
  buffer.Append("123456789");
  EXPECT_EQ(TakeAll(buffer), (Texts{"N{}", "N{}"}));
  EXPECT_TRUE(buffer.too_large());
}

TEST(MessageBuffer, CountsNoMoreThanItWasToldTo) {
  MessageBuffer buffer(8, 3);
  buffer.Append(std::string(100, '\0'));
  EXPECT_EQ(buffer.waiting(), 3U);
  EXPECT_EQ(TakeAll(buffer).size(), 100U);
  EXPECT_EQ(buffer.bytes(), 0U);
}

TEST(MessageBuffer, HasNoMemoryWhenAllIsTaken) {
  MessageBuffer buffer;
  const std::size_t empty = buffer.memory_bytes();
  buffer.Append(std::string(10'000, ' ') + "{}\0"s);
  EXPECT_GT(buffer.memory_bytes(), 10'000U);
  EXPECT_TRUE(buffer.Take());
  EXPECT_EQ(buffer.memory_bytes(), empty);
}

TEST(MessageBuffer, StartsAfreshWhenCleared) {
  MessageBuffer buffer(4);
  buffer.Append("{\"aaaaaa");
  ASSERT_TRUE(buffer.too_large());
  buffer.Clear();
  EXPECT_FALSE(buffer.too_large());
  EXPECT_FALSE(buffer.has_part());
  buffer.Append("{}\n");
  EXPECT_EQ(TakeAll(buffer), Texts{"L{}"});
}

}  // namespace
}  // namespace reaperd::sys
