#include "varlink_types.h"

#include <cctype>
#include <stdexcept>
#include <utility>

namespace reaperd::test {
namespace {

using Kind = VarlinkType::Kind;

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  [[nodiscard]] bool AtEnd() {
    SkipBlanks();
    return at_ == text_.size();
  }
  bool Skip(std::string_view token) {
    SkipBlanks();
    if (text_.substr(at_, token.size()) != token) return false;
    at_ += token.size();
    return true;
  }
  void Expect(std::string_view token) {
    if (!Skip(token)) Fail("expected " + std::string(token));
  }
  std::string Word(std::string_view also = "_") {
    SkipBlanks();
    const std::size_t begin = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 ||
                                  also.find(text_[at_]) != std::string_view::npos)) {
      ++at_;
    }
    if (at_ == begin) Fail("expected a word");
    return std::string(text_.substr(begin, at_ - begin));
  }

  VarlinkType Type() {
    if (Skip("?")) return Around(Kind::kMaybe);
    if (Skip("[string]")) return Around(Kind::kMap);
    if (Skip("[]")) return Around(Kind::kArray);
    SkipBlanks();
    if (at_ < text_.size() && text_[at_] == '(') return Parenthesis();
    VarlinkType type;
    const std::string word = Word();
    static const std::map<std::string, Kind> kBasic{{"bool", Kind::kBool},
                                                    {"int", Kind::kInt},
                                                    {"float", Kind::kFloat},
                                                    {"string", Kind::kString},
                                                    {"object", Kind::kAny}};
    const auto basic = kBasic.find(word);
    type.kind = basic == kBasic.end() ? Kind::kNamed : basic->second;
    type.name = word;
    return type;
  }

  /// A struct, or the words of an enum.
  VarlinkType Parenthesis() {
    Expect("(");
    VarlinkType type;
    type.kind = Kind::kStruct;
    bool first = true;
    while (!Skip(")")) {
      if (!first) Expect(",");
      const std::string name = Word();
      if (Skip(":")) {
        type.members.push_back({name, std::make_shared<VarlinkType>(Type())});
      } else {
        type.kind = Kind::kEnum;
        type.words.insert(name);
      }
      first = false;
    }
    return type;
  }

  [[noreturn]] void Fail(const std::string& what) const {
    throw std::runtime_error(what + " at: " + std::string(text_.substr(at_, 60)));
  }

 private:
  VarlinkType Around(Kind kind) {
    VarlinkType type;
    type.kind = kind;
    type.item = std::make_shared<VarlinkType>(Type());
    return type;
  }

  void SkipBlanks() {
    while (at_ < text_.size()) {
      if (text_[at_] == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (std::isspace(static_cast<unsigned char>(text_[at_])) != 0) {
        ++at_;
      } else {
        return;
      }
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

VarlinkTypes::VarlinkTypes(std::string_view text) {
  Parser parser(text);
  parser.Expect("interface");
  interface_ = parser.Word("_.");
  std::set<std::string> names;  // types, methods and errors share them
  while (!parser.AtEnd()) {
    const std::string keyword = parser.Word();
    const std::string name = parser.Word();
    if (!names.insert(name).second) parser.Fail("there are two of the name " + name);
    if (keyword == "type") {
      types_.emplace(name, parser.Parenthesis());
    } else if (keyword == "error") {
      errors_.emplace(name, parser.Parenthesis());
    } else if (keyword == "method") {
      VarlinkMethod method;
      method.input = parser.Parenthesis();
      parser.Expect("->");
      method.output = parser.Parenthesis();
      methods_.emplace(name, std::move(method));
    } else {
      parser.Fail(keyword + " is unknown");
    }
  }
}

std::string VarlinkTypes::Mismatch(const nlohmann::json& value, const VarlinkType& type,
                                   const std::string& where) const {
  const auto expect = [&](bool is_so, const std::string& what) {
    return is_so ? "" : where + " is no " + what + ": " + value.dump().substr(0, 100);
  };
  switch (type.kind) {
    case Kind::kBool:
      return expect(value.is_boolean(), "bool");
    case Kind::kInt:
      return expect(value.is_number_integer(), "int");
    case Kind::kFloat:
      return expect(value.is_number(), "float");
    case Kind::kString:
      return expect(value.is_string(), "string");
    case Kind::kAny:
      return "";
    case Kind::kEnum:
      return expect(value.is_string() && type.words.contains(value.get<std::string>()),
                    "word of its enum");
    case Kind::kNamed: {
      const auto named = types_.find(type.name);
      if (named == types_.end()) return where + ": there is no type " + type.name;
      return Mismatch(value, named->second, where);
    }
    case Kind::kMaybe:
      return value.is_null() ? "" : Mismatch(value, *type.item, where);
    case Kind::kArray:
    case Kind::kMap: {
      const bool is_so = type.kind == Kind::kArray ? value.is_array() : value.is_object();
      if (!is_so) return expect(false, "list");
      std::size_t index = 0;
      for (const auto& item : value) {
        std::string why = Mismatch(item, *type.item, where + "[" + std::to_string(index++) + "]");
        if (!why.empty()) return why;
      }
      return "";
    }
    case Kind::kStruct:
      break;
  }
  if (!value.is_object()) return expect(false, "object");
  std::set<std::string> known;
  for (const VarlinkType::Member& member : type.members) {
    known.insert(member.name);
    const std::string place = where + "." + member.name;
    if (!value.contains(member.name)) {
      if (member.type->kind != Kind::kMaybe) return place + " is missing";
      continue;
    }
    std::string why = Mismatch(value[member.name], *member.type, place);
    if (!why.empty()) return why;
  }
  for (const auto& item : value.items()) {
    if (!known.contains(item.key())) return where + "." + item.key() + " is not in the interface";
  }
  return "";
}

}  // namespace reaperd::test
