#include "config/json_tree.h"

#include <algorithm>
#include <cstdint>
#include <exception>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/counting_iterator.h"
#include "base/text.h"

namespace reaperd::config {
namespace {

/// How far the lexer has read, and the line of that place.
class Progress {
 public:
  explicit Progress(std::string_view text) : text_(text), furthest_(text.data()) {}

  /// What the library reads from.
  CountingIterator begin() { return {text_.data(), &furthest_}; }
  CountingIterator end() { return {text_.data() + text_.size(), &furthest_}; }

  /// Line of the last byte that was read. That of a number is the one behind it, so a line end
  /// counts as part of the line that it ends.
  int Line() {
    const auto offset = static_cast<std::size_t>(furthest_ - text_.data());
    const std::size_t last = offset == 0 ? 0 : offset - 1;
    const auto begin = text_.begin() + static_cast<std::ptrdiff_t>(counted_);
    const auto end = text_.begin() + static_cast<std::ptrdiff_t>(last);
    line_ += static_cast<int>(std::count(begin, end, '\n'));
    counted_ = last;
    return line_;
  }

 private:
  std::string_view text_;
  const char* furthest_;
  std::size_t counted_ = 0;
  int line_ = 1;
};

/// "syntax error while parsing value - invalid literal; last read: 'x'": what the library says,
/// without its name and its position, which counts bytes. It quotes all that it read.
std::string Quote(const std::exception& error) {
  constexpr std::size_t kMaxBytes = 200;
  std::string_view what = error.what();
  for (const std::string_view mark : {"syntax error ", "number overflow "}) {
    const std::size_t at = what.find(mark);
    if (at == std::string_view::npos) continue;
    what.remove_prefix(at);
    break;
  }
  return PrintableStart(what, kMaxBytes);
}

/// Builds the tree from the library's events. False from an event ends the parsing.
class Builder {
 public:
  Builder(Progress& progress, std::string_view file) : progress_(&progress), file_(file) {}

  [[nodiscard]] const std::string& problems() const { return problems_; }
  Node Take() { return std::move(root_); }

  /// `problem` is printable.
  void Complain(int line, std::string_view problem) {
    if (!problems_.empty()) problems_ += '\n';
    problems_ += Printable(file_) + ":" + std::to_string(line) + ": ";
    problems_ += problem;
  }

  // The interface of the library, hence its names. NOLINTBEGIN(readability-identifier-naming)
  using string_t = nlohmann::json::string_t;
  bool null() { return Add(Node::Type::kNull, "null"); }
  bool boolean(bool value) { return Add(Node::Type::kTruth, value ? "true" : "false"); }
  bool number_integer(std::int64_t value) {
    return Add(Node::Type::kNumber, std::to_string(value));
  }
  bool number_unsigned(std::uint64_t value) {
    return Add(Node::Type::kNumber, std::to_string(value));
  }
  bool number_float(double, const string_t& digits) { return Add(Node::Type::kNumber, digits); }
  bool string(string_t& value) { return Add(Node::Type::kText, value); }
  bool binary(nlohmann::json::binary_t&) { return false; }
  bool start_object(std::size_t) { return Open(Node::Type::kObject); }
  bool start_array(std::size_t) { return Open(Node::Type::kList); }
  bool end_array() { return Close(); }
  bool end_object() {
    ComplainOfEqualKeys(*open_.back());
    return Close();
  }
  bool key(string_t& name) {
    open_.back()->members.push_back({name, progress_->Line(), {}});
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const std::exception& error) {
    Complain(progress_->Line(), Quote(error));
    return false;
  }
  // NOLINTEND(readability-identifier-naming)

 private:
  /// The place for the next value: in the list, behind its key, or the root.
  Node& Place() {
    if (open_.empty()) return root_;
    Node& parent = *open_.back();
    if (parent.type == Node::Type::kObject) return parent.members.back().value;
    return parent.items.emplace_back();
  }

  bool Add(Node::Type type, std::string text) {
    if (++values_ > kMaxConfigValues) {
      Complain(progress_->Line(), "more than " + std::to_string(kMaxConfigValues) + " values");
      return false;
    }
    Node& node = Place();
    node.type = type;
    node.line = progress_->Line();
    node.text = std::move(text);
    return true;
  }

  bool Open(Node::Type type) {
    if (open_.size() == kMaxConfigDepth) {
      Complain(progress_->Line(), "nested deeper than " + std::to_string(kMaxConfigDepth));
      return false;
    }
    if (!Add(type, "")) return false;
    // Stable while it is open: its parent gets no other child meanwhile.
    Node* node = &root_;
    if (!open_.empty()) {
      Node& parent = *open_.back();
      const bool in_object = parent.type == Node::Type::kObject;
      node = in_object ? &parent.members.back().value : &parent.items.back();
    }
    open_.push_back(node);
    return true;
  }

  bool Close() {
    open_.pop_back();
    return true;
  }

  void ComplainOfEqualKeys(const Node& object) {
    std::vector<const Member*> sorted;
    sorted.reserve(object.members.size());
    for (const Member& member : object.members)
      sorted.push_back(&member);
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const Member* a, const Member* b) { return a->key < b->key; });
    for (std::size_t i = 1; i < sorted.size() && equal_keys_ < kMaxEqualKeys; ++i) {
      if (sorted[i]->key != sorted[i - 1]->key) continue;
      ++equal_keys_;
      Complain(sorted[i]->line, "the key '" + PrintableStart(sorted[i]->key) +
                                    "' is there twice, first in line " +
                                    std::to_string(sorted[i - 1]->line));
    }
  }

  static constexpr int kMaxEqualKeys = 20;  ///< told; one of them is enough to refuse the text

  Progress* progress_;
  std::string_view file_;
  std::string problems_;
  Node root_;
  std::vector<Node*> open_;
  std::size_t values_ = 0;
  int equal_keys_ = 0;
};

/// What the library would not refuse: it takes a NUL for the end, and looks at strings only.
bool LooksLikeText(std::string_view text, Builder& builder) {
  const auto line_of = [&](std::size_t offset) {
    const std::string_view before = text.substr(0, offset);
    return 1 + static_cast<int>(std::count(before.begin(), before.end(), '\n'));
  };
  if (text.size() > kMaxConfigBytes) {
    builder.Complain(1, "larger than " + std::to_string(kMaxConfigBytes >> 20) + " MiB");
    return false;
  }
  if (const auto offset = FindInvalidUtf8(text)) {
    builder.Complain(line_of(*offset), "a byte that is not UTF-8");
    return false;
  }
  const std::size_t nul = text.find('\0');
  if (nul == std::string_view::npos) return true;
  builder.Complain(line_of(nul), "a NUL byte");
  return false;
}

}  // namespace

const Node* Node::Find(std::string_view key) const {
  for (const Member& member : members) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

std::string DescribeNode(const Node& node) {
  switch (node.type) {
    case Node::Type::kList:
      return "a list";
    case Node::Type::kObject:
      return "an object";
    case Node::Type::kText:
      return "'" + PrintableStart(node.text) + "'";
    case Node::Type::kNull:
      return "null";
    case Node::Type::kTruth:
    case Node::Type::kNumber:
      return PrintableStart(node.text);
  }
  return "?";
}

Result<Node> ParseJson(std::string_view text, std::string_view file) {
  Progress progress(text);
  Builder builder(progress, file);
  if (!LooksLikeText(text, builder)) return Error(0, builder.problems());
  try {
    const bool parsed = nlohmann::json::sax_parse(progress.begin(), progress.end(), &builder,
                                                  nlohmann::json::input_format_t::json, true, true);
    if (!parsed && builder.problems().empty()) builder.Complain(progress.Line(), "not JSON");
  } catch (const std::exception& error) {
    builder.Complain(progress.Line(), Quote(error));
  }
  if (!builder.problems().empty()) return Error(0, builder.problems());
  return builder.Take();
}

}  // namespace reaperd::config
