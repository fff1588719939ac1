#include "scribe/protocol.h"

#include <gtest/gtest.h>

#include <string>

namespace reaperd::scribe {
namespace {

const std::string kHostile("\0\n\"\\\xff{}\x1b[0m", 11);

Packet WithByte(Packet packet, std::size_t at, unsigned value) {
  packet.at(at) = static_cast<std::byte>(value);
  return packet;
}

TEST(ScribeProtocol, CarriesALineWithAnyBytes) {
  for (const std::string& line : {std::string(), kHostile, std::string(kMaxLineBytes, 'x')}) {
    const Packet packet =
        Encode(Request(AppendRequest{.dropped_before = 1ULL << 40, .line = line}));
    EXPECT_LE(packet.size(), kMaxRequestBytes);
    const auto request = DecodeRequest(packet);
    ASSERT_TRUE(request);
    const auto* append = std::get_if<AppendRequest>(&*request);
    ASSERT_NE(append, nullptr);
    EXPECT_EQ(append->dropped_before, 1ULL << 40);
    EXPECT_EQ(append->line, line);
  }
}

TEST(ScribeProtocol, CarriesAReadRequest) {
  const ReadRequest sent{
      .id = 9, .kind = TextKind::kEnviron, .pid = 0x7fffffff, .start_ticks = ~std::uint64_t{0}};
  const auto request = DecodeRequest(Encode(Request(sent)));
  ASSERT_TRUE(request);
  const auto* read = std::get_if<ReadRequest>(&*request);
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(read->id, sent.id);
  EXPECT_EQ(read->kind, sent.kind);
  EXPECT_EQ(read->pid, sent.pid);
  EXPECT_EQ(read->start_ticks, sent.start_ticks);
}

TEST(ScribeProtocol, CarriesAnAcknowledgement) {
  const auto reply = DecodeReply(Encode(Reply(Acknowledgement{7, 3, 2})));
  ASSERT_TRUE(reply);
  const auto* done = std::get_if<Acknowledgement>(&*reply);
  ASSERT_NE(done, nullptr);
  EXPECT_EQ(done->handled, 7U);
  EXPECT_EQ(done->dropped, 3U);
  EXPECT_EQ(done->told, 2U);
}

TEST(ScribeProtocol, CarriesATextOfEveryLength) {
  for (const std::size_t length : {std::size_t{0}, kHostile.size(), CapBytes(TextKind::kCmdline),
                                   CapBytes(TextKind::kEnviron)}) {
    std::string text = kHostile;
    text.resize(length, '\0');
    const Packet packet =
        Encode(Reply(ReadReply{.id = 1, .outcome = ReadReply::Outcome::kTruncated, .text = text}));
    EXPECT_LE(packet.size(), kMaxReplyBytes);
    const auto reply = DecodeReply(packet);
    ASSERT_TRUE(reply);
    const auto* read = std::get_if<ReadReply>(&*reply);
    ASSERT_NE(read, nullptr);
    EXPECT_EQ(read->id, 1U);
    EXPECT_EQ(read->outcome, ReadReply::Outcome::kTruncated);
    EXPECT_EQ(read->text, text);
  }
}

TEST(ScribeProtocol, WhatIsCutIsNoMessage) {
  const Packet request = Encode(Request(ReadRequest{.id = 1, .pid = 5, .start_ticks = 1}));
  const Packet reply = Encode(Reply(Acknowledgement{}));
  for (std::size_t length = 0; length < kHeaderBytes; ++length) {
    EXPECT_FALSE(DecodeRequest(std::span(request).first(length))) << length;
    EXPECT_FALSE(DecodeReply(std::span(reply).first(length))) << length;
  }
}

TEST(ScribeProtocol, WhatIsTooLongIsNoMessage) {
  const std::string line(kMaxLineBytes + 1, 'x');
  EXPECT_FALSE(DecodeRequest(Encode(Request(AppendRequest{.line = line}))));
  const std::string text(CapBytes(TextKind::kEnviron) + 1, 'x');
  EXPECT_FALSE(
      DecodeReply(Encode(Reply(ReadReply{.outcome = ReadReply::Outcome::kWhole, .text = text}))));
  Packet with_more = Encode(Request(ReadRequest{.id = 1, .pid = 5, .start_ticks = 1}));
  with_more.push_back(std::byte{0});
  EXPECT_FALSE(DecodeRequest(with_more));
  Packet more_than_done = Encode(Reply(Acknowledgement{}));
  more_than_done.push_back(std::byte{0});
  EXPECT_FALSE(DecodeReply(more_than_done));
}

TEST(ScribeProtocol, TheEndsDoNotUnderstandEachOthersMessages) {
  EXPECT_FALSE(DecodeReply(Encode(Request(AppendRequest{}))));
  EXPECT_FALSE(DecodeReply(Encode(Request(ReadRequest{.pid = 5}))));
  EXPECT_FALSE(DecodeRequest(Encode(Reply(Acknowledgement{}))));
  EXPECT_FALSE(DecodeRequest(Encode(Reply(ReadReply{}))));
}

TEST(ScribeProtocol, ImpossibleValuesAreNoMessage) {
  // Offsets: type 0, detail 4, numbers 8, 16, 24.
  const Packet append = Encode(Request(AppendRequest{.line = "{}"}));
  const Packet read = Encode(Request(ReadRequest{.id = 1, .pid = 5, .start_ticks = 1}));
  for (const Packet& packet :
       {WithByte(append, 0, 0), WithByte(append, 0, 9), WithByte(append, 3, 1),
        WithByte(append, 4, 1), WithByte(append, 16, 1), WithByte(append, 24, 1),
        WithByte(read, 4, 2), WithByte(read, 16, 0), WithByte(read, 19, 0x80),
        WithByte(read, 20, 1)}) {
    EXPECT_FALSE(DecodeRequest(packet));
  }
  const Packet done = Encode(Reply(Acknowledgement{.handled = 2, .dropped = 2}));
  const Packet text = Encode(Reply(ReadReply{.outcome = ReadReply::Outcome::kWhole, .text = "x"}));
  for (const Packet& packet :
       {WithByte(done, 0, 0), WithByte(done, 4, 1), WithByte(done, 16, 3), WithByte(text, 4, 0),
        WithByte(text, 4, 3), WithByte(text, 16, 1), WithByte(text, 24, 1)}) {
    EXPECT_FALSE(DecodeReply(packet));
  }
}

}  // namespace
}  // namespace reaperd::scribe
