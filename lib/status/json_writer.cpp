#include "status/json_writer.h"

#include <algorithm>

#include "base/text.h"

namespace reaperd::status {
namespace {

/// Stands for itself in a JSON string.
bool IsPlain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x7F && c != '"' && c != '\\';
}

/// JsonEscape, but plain runs, which are nearly all, are copied as they are. Characters of several
/// bytes have no plain byte in them, so none is cut.
void AppendEscaped(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const auto* const plain_end = std::find_if_not(text.begin(), text.end(), IsPlain);
    out.append(text.begin(), plain_end);
    const auto* const other_end = std::find_if(plain_end, text.end(), IsPlain);
    if (other_end != plain_end) out += JsonEscape({plain_end, other_end});
    text = {other_end, text.end()};
  }
}

}  // namespace

JsonWriter& JsonWriter::Key(std::string_view name) {
  Comma();
  out_.append("\"").append(name).append("\":");
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::EscapedKey(std::string_view name) {
  String(name);
  out_ += ':';
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::String(std::string_view text) {
  Comma();
  out_ += '"';
  AppendEscaped(out_, text);
  out_ += '"';
  return *this;
}

JsonWriter& JsonWriter::Open(char bracket) {
  Comma();
  out_ += bracket;
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::Close(char bracket) {
  out_ += bracket;
  comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::Raw(std::string_view text) {
  Comma();
  out_ += text;
  return *this;
}

void JsonWriter::Comma() {
  if (comma_) out_ += ',';
  comma_ = true;
}

}  // namespace reaperd::status
