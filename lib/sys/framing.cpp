#include "sys/framing.h"

#include <utility>

namespace reaperd::sys {

void MessageBuffer::Append(std::string_view bytes) {
  buffer_ += bytes;
  Scan();
}

void MessageBuffer::Scan() {
  while (scanned_ < buffer_.size() && ends_.size() < max_waiting_ && !too_large_) {
    const std::size_t at = scanned_++;
    if (Step(buffer_[at])) {
      const auto how = buffer_[at] == '\0' ? Terminator::kNul : Terminator::kNewline;
      ends_.push_back({.at = at, .how = how});
      BeginMessage();
    } else if (scanned_ - begin_ > limit_bytes_) {
      too_large_ = true;
    }
  }
}

bool MessageBuffer::Step(char byte) {
  if (byte == '\0') return true;
  if (in_string_) {
    if (escaped_) {
      escaped_ = false;
    } else if (byte == '\\') {
      escaped_ = true;
    } else if (byte == '"') {
      in_string_ = false;
    }
    return false;
  }
  switch (byte) {
    case '\n':
      return depth_ == 0 && any_;
    case ' ':
    case '\t':
    case '\r':
      return false;
    case '"':
      in_string_ = true;
      break;
    case '{':
    case '[':
      ++depth_;
      break;
    case '}':
    case ']':
      if (depth_ > 0) --depth_;
      break;
    default:
      break;
  }
  any_ = true;
  return false;
}

void MessageBuffer::BeginMessage() {
  begin_ = scanned_;
  depth_ = 0;
  in_string_ = false;
  escaped_ = false;
  any_ = false;
}

std::optional<Message> MessageBuffer::Take() {
  if (ends_.empty()) return std::nullopt;
  const End end = ends_.front();
  Message message{.text = buffer_.substr(0, end.at), .end = end.how};
  const std::size_t gone = end.at + 1;
  if (gone == buffer_.size()) {
    Clear();
    return message;
  }
  ends_.erase(ends_.begin());
  for (End& other : ends_)
    other.at -= gone;
  scanned_ -= gone;
  begin_ -= gone;
  buffer_.erase(0, gone);
  Scan();
  return message;
}

void MessageBuffer::Clear() {
  std::string().swap(buffer_);  // an assignment would keep the memory
  ends_ = std::vector<End>();
  scanned_ = 0;
  too_large_ = false;
  BeginMessage();
}

}  // namespace reaperd::sys
