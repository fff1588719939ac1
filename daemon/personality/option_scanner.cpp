#include "daemon/personality/option_scanner.h"

namespace reaperd::daemon {
namespace {

std::string Quoted(std::string_view text) {
  return "'" + std::string(text) + "'";
}

}  // namespace

OptionScanner::Item OptionScanner::Complain(std::string_view text) const {
  Item item;
  item.kind = Item::Kind::kError;
  item.error = std::string(argv_.empty() ? "" : argv_[0]) + ": " + std::string(text) + "\n";
  return item;
}

OptionScanner::Item OptionScanner::End() {
  for (; index_ < argv_.size(); ++index_)
    operands_.emplace_back(argv_[index_]);
  return {};
}

OptionScanner::Item OptionScanner::Next() {
  if (!cluster_.empty()) return NextShort();
  while (index_ < argv_.size()) {
    const std::string_view word = argv_[index_];
    if (word == "--") {
      ++index_;
      return End();
    }
    if (word.size() < 2 || word.front() != '-') {
      if (!syntax_.permute) return End();
      operands_.emplace_back(word);
      ++index_;
      continue;
    }
    ++index_;
    if (!syntax_.long_options.empty() && word.starts_with("--")) return NextLong(word.substr(2));
    cluster_ = word.substr(1);
    return NextShort();
  }
  return {};
}

OptionScanner::Item OptionScanner::NextShort() {
  const char letter = cluster_.front();
  cluster_.remove_prefix(1);
  const auto at = syntax_.short_options.find(letter);
  if (letter == ':' || at == std::string_view::npos) {
    return Complain("invalid option -- " + Quoted({&letter, 1}));
  }
  if (syntax_.short_options.substr(at + 1).starts_with(':')) return ShortNeedsValue(letter);
  Item item;
  item.kind = Item::Kind::kOption;
  item.option = letter;
  return item;
}

OptionScanner::Item OptionScanner::ShortNeedsValue(char letter) {
  Item item;
  item.kind = Item::Kind::kOption;
  item.option = letter;
  if (!cluster_.empty()) {
    item.value = cluster_;
    cluster_ = {};
  } else if (index_ < argv_.size()) {
    item.value = argv_[index_++];
  } else {
    return Complain("option requires an argument -- " + Quoted({&letter, 1}));
  }
  return item;
}

std::vector<const LongOption*> OptionScanner::Candidates(std::string_view name) const {
  std::vector<const LongOption*> candidates;
  for (const LongOption& option : syntax_.long_options) {
    if (option.name == name) return {&option};
    if (option.name.starts_with(name)) candidates.push_back(&option);
  }
  return candidates;
}

OptionScanner::Item OptionScanner::NextLong(std::string_view text) {
  const auto candidates = Candidates(text.substr(0, text.find('=')));
  if (candidates.size() == 1) return LongFound(*candidates.front(), text);
  const std::string given = "'--" + std::string(text) + "'";
  if (candidates.empty()) return Complain("unrecognized option " + given);
  std::string complaint = "option " + given + " is ambiguous; possibilities:";
  for (const LongOption* option : candidates) {
    complaint += " '--" + std::string(option->name) + "'";
  }
  return Complain(complaint);
}

OptionScanner::Item OptionScanner::LongFound(const LongOption& found, std::string_view text) {
  Item item;
  item.kind = Item::Kind::kOption;
  item.option = found.short_name;
  const std::string name = "'--" + std::string(found.name) + "'";
  const auto equals = text.find('=');
  if (equals != std::string_view::npos) {
    if (!found.takes_value) return Complain("option " + name + " doesn't allow an argument");
    item.value = text.substr(equals + 1);
  } else if (found.takes_value) {
    if (index_ >= argv_.size()) return Complain("option " + name + " requires an argument");
    item.value = argv_[index_++];
  }
  return item;
}

}  // namespace reaperd::daemon
