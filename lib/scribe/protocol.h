// What the loop and the scribe's worker say to each other: messages as values, and their encoding.
// Pure.
//
// One message is one packet of a SOCK_SEQPACKET socket: a fixed header, then bytes. Both ends are
// the same program, so numbers travel as they lie in memory. Each end checks all that it is told:
// what is not exactly a message is none. Decoded texts point into the packet.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "model/process_info.h"

namespace reaperd::scribe {

/// A record with every text at its cap and every byte escaped is below 100 KiB.
constexpr std::size_t kMaxLineBytes = 128 * 1024;

enum class TextKind : std::uint32_t { kCmdline, kEnviron };

constexpr std::size_t CapBytes(TextKind kind) {
  return kind == TextKind::kCmdline ? model::Shadow::kCmdlineBytes : model::Shadow::kEnvironBytes;
}

// --- to the worker

/// Append a line, without its newline, to the log.
struct AppendRequest {
  std::uint64_t dropped_before = 0;  ///< lines that never reached a worker, since the last request
  std::string_view line;
};

/// Read a text of a process; the answer is a ReadReply.
struct ReadRequest {
  std::uint64_t id = 0;  ///< counts up from 1
  TextKind kind = TextKind::kCmdline;
  pid_t pid = 0;
  std::uint64_t start_ticks = 0;  ///< tells whether the pid is still that of the process meant
};

using Request = std::variant<AppendRequest, ReadRequest>;

// --- from the worker

/// What became of the lines so far. Cumulative: the last one says it all.
struct Acknowledgement {
  std::uint64_t handled = 0;  ///< lines received and done with
  std::uint64_t dropped = 0;  ///< of those: not written
  std::uint64_t told = 0;     ///< drops that written lines told of, `dropped_before` included
};

struct ReadReply {
  enum class Outcome : std::uint32_t { kNotRead, kWhole, kTruncated };
  std::uint64_t id = 0;
  Outcome outcome = Outcome::kNotRead;
  std::string_view text;  ///< raw: parts that end with NUL; kNotRead: empty
};

using Reply = std::variant<Acknowledgement, ReadReply>;

// --- encoding

constexpr std::size_t kHeaderBytes = 32;
constexpr std::size_t kMaxRequestBytes = kHeaderBytes + kMaxLineBytes;
constexpr std::size_t kMaxReplyBytes = kHeaderBytes + model::Shadow::kEnvironBytes;

using Packet = std::vector<std::byte>;

Packet Encode(const Request& request);
Packet Encode(const Reply& reply);
std::optional<Request> DecodeRequest(std::span<const std::byte> packet);
std::optional<Reply> DecodeReply(std::span<const std::byte> packet);

}  // namespace reaperd::scribe
