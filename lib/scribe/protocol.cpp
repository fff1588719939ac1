#include "scribe/protocol.h"

#include <array>
#include <cstring>
#include <limits>

namespace reaperd::scribe {
namespace {

enum class Type : std::uint32_t { kAppend = 1, kRead, kAcknowledgement, kReadReply };

struct Header {
  Type type = Type::kAppend;
  std::uint32_t detail = 0;  ///< TextKind or Outcome
  std::array<std::uint64_t, 3> numbers{};
};
static_assert(sizeof(Header) == kHeaderBytes && std::has_unique_object_representations_v<Header>);
static_assert(model::Shadow::kCmdlineBytes <= model::Shadow::kEnvironBytes);

Packet Pack(const Header& header, std::string_view text) {
  Packet packet(sizeof header + text.size());
  std::memcpy(packet.data(), &header, sizeof header);
  if (!text.empty()) std::memcpy(packet.data() + sizeof header, text.data(), text.size());
  return packet;
}

Packet EncodeOne(const AppendRequest& append) {
  return Pack({.type = Type::kAppend, .numbers = {append.dropped_before, 0, 0}}, append.line);
}

Packet EncodeOne(const ReadRequest& read) {
  return Pack({.type = Type::kRead,
               .detail = static_cast<std::uint32_t>(read.kind),
               .numbers = {read.id, static_cast<std::uint64_t>(read.pid), read.start_ticks}},
              {});
}

Packet EncodeOne(const Acknowledgement& done) {
  return Pack({.type = Type::kAcknowledgement, .numbers = {done.handled, done.dropped, done.told}},
              {});
}

Packet EncodeOne(const ReadReply& read) {
  return Pack({.type = Type::kReadReply,
               .detail = static_cast<std::uint32_t>(read.outcome),
               .numbers = {read.id, 0, 0}},
              read.text);
}

struct Unpacked {
  Header header;
  std::string_view text;
};

std::optional<Unpacked> Unpack(std::span<const std::byte> packet) {
  Unpacked unpacked;
  if (packet.size() < sizeof unpacked.header) return std::nullopt;
  std::memcpy(&unpacked.header, packet.data(), sizeof unpacked.header);
  const auto rest = packet.subspan(sizeof unpacked.header);
  unpacked.text = {reinterpret_cast<const char*>(rest.data()), rest.size()};
  return unpacked;
}

std::optional<Request> ToAppend(const Unpacked& unpacked) {
  const auto& [dropped, zero, other_zero] = unpacked.header.numbers;
  if (unpacked.header.detail != 0 || zero != 0 || other_zero != 0) return std::nullopt;
  if (unpacked.text.size() > kMaxLineBytes) return std::nullopt;
  return AppendRequest{.dropped_before = dropped, .line = unpacked.text};
}

std::optional<Request> ToRead(const Unpacked& unpacked) {
  const auto& [id, pid, start_ticks] = unpacked.header.numbers;
  if (!unpacked.text.empty()) return std::nullopt;
  if (unpacked.header.detail > static_cast<std::uint32_t>(TextKind::kEnviron)) return std::nullopt;
  if (pid == 0 || pid > std::uint64_t{std::numeric_limits<std::int32_t>::max()}) {
    return std::nullopt;
  }
  return ReadRequest{.id = id,
                     .kind = static_cast<TextKind>(unpacked.header.detail),
                     .pid = static_cast<pid_t>(pid),
                     .start_ticks = start_ticks};
}

std::optional<Reply> ToAcknowledgement(const Unpacked& unpacked) {
  const auto& [handled, dropped, told] = unpacked.header.numbers;
  if (unpacked.header.detail != 0 || !unpacked.text.empty() || dropped > handled) {
    return std::nullopt;
  }
  return Acknowledgement{.handled = handled, .dropped = dropped, .told = told};
}

std::optional<Reply> ToReadReply(const Unpacked& unpacked) {
  const auto& [id, zero, other_zero] = unpacked.header.numbers;
  if (zero != 0 || other_zero != 0) return std::nullopt;
  if (unpacked.text.size() > model::Shadow::kEnvironBytes) return std::nullopt;
  if (unpacked.header.detail > static_cast<std::uint32_t>(ReadReply::Outcome::kTruncated)) {
    return std::nullopt;
  }
  const auto outcome = static_cast<ReadReply::Outcome>(unpacked.header.detail);
  if (outcome == ReadReply::Outcome::kNotRead && !unpacked.text.empty()) return std::nullopt;
  return ReadReply{.id = id, .outcome = outcome, .text = unpacked.text};
}

}  // namespace

Packet Encode(const Request& request) {
  return std::visit([](const auto& what) { return EncodeOne(what); }, request);
}

Packet Encode(const Reply& reply) {
  return std::visit([](const auto& what) { return EncodeOne(what); }, reply);
}

std::optional<Request> DecodeRequest(std::span<const std::byte> packet) {
  const auto unpacked = Unpack(packet);
  if (!unpacked) return std::nullopt;
  if (unpacked->header.type == Type::kAppend) return ToAppend(*unpacked);
  if (unpacked->header.type == Type::kRead) return ToRead(*unpacked);
  return std::nullopt;
}

std::optional<Reply> DecodeReply(std::span<const std::byte> packet) {
  const auto unpacked = Unpack(packet);
  if (!unpacked) return std::nullopt;
  if (unpacked->header.type == Type::kAcknowledgement) return ToAcknowledgement(*unpacked);
  if (unpacked->header.type == Type::kReadReply) return ToReadReply(*unpacked);
  return std::nullopt;
}

}  // namespace reaperd::scribe
