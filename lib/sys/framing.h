// MessageBuffer: the bytes of a connection, cut into messages. Pure; knows brackets and strings, no
// JSON.
//
// A NUL always ends a message (Varlink). For people with a line-wise tool a newline ends one, too,
// outside of all brackets and strings, when there is more than blanks before it. Whoever answers
// ends the answer as the message ended.
//
// Promises: each byte is looked at once; no more than `limit_bytes` of one message and
// `max_waiting` ends of messages are noted. What is appended is kept: the owner of the connection
// stops reading when bytes() says so. Empty, it has no memory but itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reaperd::sys {

/// Of a message to reaperd. Replies may be longer.
inline constexpr std::size_t kMaxMessageBytes = std::size_t{256} << 10;

enum class Terminator : char { kNul = '\0', kNewline = '\n' };

struct Message {
  std::string text;  ///< without its end
  Terminator end = Terminator::kNul;
};

class MessageBuffer {
 public:
  explicit MessageBuffer(std::size_t limit_bytes = kMaxMessageBytes, std::size_t max_waiting = 17)
      : limit_bytes_(limit_bytes), max_waiting_(max_waiting) {}

  void Append(std::string_view bytes);
  /// The oldest complete message.
  [[nodiscard]] std::optional<Message> Take();

  /// Complete messages, counted up to max_waiting.
  [[nodiscard]] std::size_t waiting() const { return ends_.size(); }
  /// The message after the complete ones is longer than the limit: it will never be complete.
  [[nodiscard]] bool too_large() const { return too_large_; }
  /// All that is kept, taken messages excluded.
  [[nodiscard]] std::size_t bytes() const { return buffer_.size(); }
  /// What it holds of the heap, or has within itself.
  [[nodiscard]] std::size_t memory_bytes() const {
    return buffer_.capacity() + ends_.capacity() * sizeof(End);
  }
  /// After the complete messages there is a beginning of another: more than blanks.
  [[nodiscard]] bool has_part() const { return any_ || scanned_ < buffer_.size(); }
  /// Forgets everything, and gives back the memory.
  void Clear();

 private:
  struct End {
    std::size_t at = 0;  ///< offset of the terminator
    Terminator how = Terminator::kNul;
  };

  void Scan();
  /// One byte of a message; whether it ends it.
  bool Step(char byte);
  void BeginMessage();

  std::size_t limit_bytes_;
  std::size_t max_waiting_;
  std::string buffer_;
  std::vector<End> ends_;
  std::size_t scanned_ = 0;  ///< bytes of buffer_
  std::size_t begin_ = 0;    ///< of the message that is being scanned
  std::size_t depth_ = 0;    ///< open brackets
  bool in_string_ = false;
  bool escaped_ = false;  ///< a backslash of a string stands before
  bool any_ = false;      ///< more than blanks so far
  bool too_large_ = false;
};

}  // namespace reaperd::sys
