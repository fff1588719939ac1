#include "config/config_parser.h"

#include <array>
#include <utility>
#include <vector>

#include "base/text.h"
#include "config/config_file.h"
#include "config/config_keys.h"
#include "config/config_setters.h"
#include "config/json_tree.h"

namespace reaperd::config {
namespace {

constexpr std::string_view kRoot = "hold";

/// Goes through a tree by the table, fills a draft and gathers what is wrong.
class Walker {
 public:
  Walker(std::string_view file, model::HoldSpec base) : file_(Printable(file)) {
    draft_.hold = std::move(base);
  }

  void File(const Node& root);

  [[nodiscard]] std::string Problems() const;
  model::HoldSpec TakeSpec() { return std::move(draft_.hold); }
  LineMap TakeLines() { return std::move(lines_); }

 private:
  /// `table_path` is where the table has its keys, `shown` where the file has them.
  void Object(const Node& node, std::string_view table_path, const std::string& shown);
  void Key(const Node& node, const KeyRow& row, const std::string& shown);
  void ObjectList(const Node& node, const KeyRow& row, const std::string& shown);
  void NamedObjects(const Node& node, const KeyRow& row, const std::string& shown);
  void Values(const Node& node, const KeyRow& row, const std::string& shown);
  void Value(const Node& node, const KeyRow& row, const std::string& shown);

  void Complain(int line, const std::string& shown, const std::string& problem);
  void Unexpected(const Node& node, const KeyRow& row, const std::string& shown);

  std::string file_;
  ConfigDraft draft_;
  LineMap lines_;
  std::vector<std::string> problems_;
  std::size_t untold_ = 0;
};

bool HasType(const Node& node, ValueType type) {
  switch (type) {
    case ValueType::kText:
      return node.type == Node::Type::kText;
    case ValueType::kNumber:
      return node.type == Node::Type::kNumber;
    case ValueType::kTruth:
      return node.type == Node::Type::kTruth;
    case ValueType::kTextOrNumber:
      return node.type == Node::Type::kText || node.type == Node::Type::kNumber;
    case ValueType::kNone:
      break;
  }
  return false;
}

void Walker::File(const Node& root) {
  if (root.type != Node::Type::kObject) {
    Complain(root.line, std::string(kRoot), DescribeNode(root) + ": expected an object");
    return;
  }
  const Node* wrapped = root.Find(kRoot);
  lines_[std::string(kRoot)] = wrapped == nullptr ? root.line : wrapped->line;
  if (wrapped == nullptr) {
    Object(root, kRoot, std::string(kRoot));
    return;
  }
  for (const Member& member : root.members) {
    if (&member.value == wrapped) {
      Key(member.value, *FindKey(kRoot), member.key);
    } else {
      constexpr std::array<std::string_view, 1> kKnown{kRoot};
      Complain(member.line, "", UnknownKeyText(member.key, kKnown));
    }
  }
}

void Walker::Object(const Node& node, std::string_view table_path, const std::string& shown) {
  const std::vector<const KeyRow*> rows = KeysOf(table_path);
  for (const Member& member : node.members) {
    const KeyRow* known = nullptr;
    for (const KeyRow* row : rows) {
      if (row->key() == member.key) known = row;
    }
    if (known == nullptr) {
      std::vector<std::string_view> keys;
      keys.reserve(rows.size());
      for (const KeyRow* row : rows)
        keys.push_back(row->key());
      Complain(member.line, shown, UnknownKeyText(member.key, keys));
      continue;
    }
    const std::string path = shown + "." + member.key;
    lines_[path] = member.line;
    Key(member.value, *known, path);
  }
}

void Walker::Key(const Node& node, const KeyRow& row, const std::string& shown) {
  const bool is_object = node.type == Node::Type::kObject;
  switch (row.form) {
    case KeyForm::kObject:
      return is_object ? Object(node, row.path, shown) : Unexpected(node, row, shown);
    case KeyForm::kValueOrObject:
      return is_object ? Object(node, row.path, shown) : Value(node, row, shown);
    case KeyForm::kObjectList:
      return ObjectList(node, row, shown);
    case KeyForm::kNamedObjects:
      return NamedObjects(node, row, shown);
    case KeyForm::kValues:
      return Values(node, row, shown);
    case KeyForm::kValue:
      return Value(node, row, shown);
  }
}

void Walker::ObjectList(const Node& node, const KeyRow& row, const std::string& shown) {
  if (node.type != Node::Type::kList) return Unexpected(node, row, shown);
  std::size_t index = 0;
  for (const Node& item : node.items) {
    const std::string path = shown + "[" + std::to_string(index++) + "]";
    if (item.type != Node::Type::kObject) {
      Complain(item.line, path, DescribeNode(item) + ": expected an object");
      continue;
    }
    lines_[path] = item.line;
    static_cast<void>(row.set("", draft_));
    Object(item, std::string(row.path) + "[]", path);
  }
}

void Walker::NamedObjects(const Node& node, const KeyRow& row, const std::string& shown) {
  if (node.type != Node::Type::kObject) return Unexpected(node, row, shown);
  for (const Member& member : node.members) {
    const std::string path = shown + "." + PrintableStart(member.key);
    if (member.value.type != Node::Type::kObject) {
      Complain(member.line, path, DescribeNode(member.value) + ": expected an object");
      continue;
    }
    lines_[path] = member.line;
    const Status begun = row.set(member.key, draft_);
    if (!begun) Complain(member.line, path, "expected " + std::string(kNameWords));
    Object(member.value, std::string(row.path) + ".NAME", path);
  }
}

void Walker::Values(const Node& node, const KeyRow& row, const std::string& shown) {
  if (node.type != Node::Type::kList) return Value(node, row, shown);
  if (node.items.empty()) {
    Complain(node.line, shown, "an empty list: expected " + std::string(row.expected));
  }
  std::size_t index = 0;
  for (const Node& item : node.items)
    Value(item, row, shown + "[" + std::to_string(index++) + "]");
}

void Walker::Value(const Node& node, const KeyRow& row, const std::string& shown) {
  if (!HasType(node, row.type)) return Unexpected(node, row, shown);
  const Status set = row.set(node.text, draft_);
  if (set) return;
  Complain(node.line, shown, DescribeNode(node) + ": " + RefusalText(set.error(), row));
}

void Walker::Unexpected(const Node& node, const KeyRow& row, const std::string& shown) {
  Complain(node.line, shown, DescribeNode(node) + ": expected " + std::string(row.expected));
}

void Walker::Complain(int line, const std::string& shown, const std::string& problem) {
  if (problems_.size() == kMaxProblems - 1) {
    ++untold_;
    return;
  }
  std::string text = file_ + ":" + std::to_string(line) + ": ";
  if (!shown.empty()) text += shown + ": ";
  problems_.push_back(text + problem);
}

std::string Walker::Problems() const {
  std::string text;
  for (const std::string& problem : problems_)
    text += (text.empty() ? "" : "\n") + problem;
  if (untold_ > 0) text += "\n" + file_ + ": and " + std::to_string(untold_) + " more problems";
  return text;
}

Source MakeSource(std::string_view file, std::string path,
                  const std::shared_ptr<const LineMap>& lines) {
  return {std::string(file), std::move(path), lines};
}

/// Names the places of what `config` has got from `file`. Rules are in the order of the file, and
/// every path of a rule or barrier that has a line has made one.
void AddSources(HoldConfig& config, std::string_view file, const Node& root,
                const std::shared_ptr<const LineMap>& lines, std::size_t old_rules,
                std::size_t old_barriers) {
  config.rule_sources.resize(old_rules);
  config.barrier_sources.resize(old_barriers);
  const Node* hold = root.Find(kRoot);
  const Node* rules = (hold == nullptr ? root : *hold).Find("rules");
  const Node* barriers = (hold == nullptr ? root : *hold).Find("barriers");
  for (std::size_t i = 0; rules != nullptr && i < rules->items.size(); ++i) {
    const std::string path = "hold.rules[" + std::to_string(i) + "]";
    config.rule_sources.push_back(MakeSource(file, path, lines));
  }
  if (barriers != nullptr) {
    for (const Member& member : barriers->members)
      config.barrier_sources.push_back(MakeSource(file, "hold.barriers." + member.key, lines));
  }
  if (lines->contains("hold.limits")) config.limits_source = MakeSource(file, "hold.limits", lines);
}

}  // namespace

Result<HoldConfig> ParseHoldText(std::string_view text, std::string_view file, HoldConfig base) {
  const auto root = ParseJson(text, file);
  if (!root) return root.error();
  const std::size_t old_rules = base.spec.rules.size();
  const std::size_t old_barriers = base.spec.barriers.size();
  Walker walker(file, std::move(base.spec));
  walker.File(*root);
  if (std::string problems = walker.Problems(); !problems.empty()) {
    return Error(0, std::move(problems));
  }
  HoldConfig config = std::move(base);
  config.spec = walker.TakeSpec();
  AddSources(config, file, *root, std::make_shared<const LineMap>(walker.TakeLines()), old_rules,
             old_barriers);
  return config;
}

Result<HoldConfig> ReadHoldFile(const std::string& path, HoldConfig base) {
  auto file = ReadConfigFile(path);
  if (!file) return file.error();
  auto config = ParseHoldText(file->text, path, std::move(base));
  if (!config) return config;
  config->warnings.insert(config->warnings.end(), file->warnings.begin(), file->warnings.end());
  return config;
}

}  // namespace reaperd::config
