// The table of keys agrees with itself.
#include "config/config_keys.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>

#include "config/config_setters.h"

namespace reaperd::config {
namespace {

bool HasValue(const KeyRow& row) {
  return row.form == KeyForm::kValue || row.form == KeyForm::kValues ||
         row.form == KeyForm::kValueOrObject;
}

TEST(ConfigKeys, EveryRowIsComplete) {
  std::set<std::string_view> paths;
  for (const KeyRow& row : KeyTable()) {
    SCOPED_TRACE(row.path);
    EXPECT_TRUE(paths.insert(row.path).second) << "twice";
    EXPECT_FALSE(row.expected.empty());
    EXPECT_FALSE(row.help.empty());
    EXPECT_EQ(HasValue(row), row.type != ValueType::kNone);
    EXPECT_EQ(row.set == nullptr, row.form == KeyForm::kObject);
  }
}

TEST(ConfigKeys, EveryRowStandsInAnObjectOfTheTable) {
  for (const KeyRow& row : KeyTable()) {
    SCOPED_TRACE(row.path);
    std::string_view parent = row.parent();
    if (parent.empty()) continue;
    KeyForm form = KeyForm::kObject;
    if (parent.ends_with("[]")) {
      parent.remove_suffix(2);
      form = KeyForm::kObjectList;
    } else if (parent.ends_with(".NAME")) {
      parent.remove_suffix(5);
      form = KeyForm::kNamedObjects;
    }
    const KeyRow* object = FindKey(parent);
    ASSERT_NE(object, nullptr);
    EXPECT_TRUE(object->form == form || object->form == KeyForm::kValueOrObject);
  }
}

TEST(ConfigKeys, KeysOfAnObjectAreItsOwnOnly) {
  std::vector<std::string_view> keys;
  for (const KeyRow* row : KeysOf("hold.rules[]"))
    keys.push_back(row->key());
  EXPECT_EQ(keys, (std::vector<std::string_view>{"name", "match", "for", "until", "keep"}));
  EXPECT_EQ(FindKey("hold.rule"), nullptr);
}

TEST(ConfigKeys, TheShortFormNeedsNoPaths) {
  std::set<std::string_view> keys;
  for (const std::string_view parent : {"hold.rules[]", "hold.rules[].match"}) {
    for (const KeyRow* row : KeysOf(parent))
      EXPECT_TRUE(keys.insert(row->key()).second) << row->path;
  }
}

TEST(ConfigKeys, WordsOfRowsNameWhatTheModelHas) {
  const std::string_view actions = FindKey("foreign_zombies.action")->expected;
  EXPECT_EQ(actions, model::kForeignActions.Alternatives());
}

TEST(ConfigKeys, AnUnknownKeyIsToldWithTheClosestOrWithAll) {
  constexpr std::array<std::string_view, 2> kKnown{"cause", "comm"};
  EXPECT_EQ(UnknownKeyText("cuase", kKnown), "unknown key 'cuase'; did you mean 'cause'?");
  EXPECT_EQ(UnknownKeyText("\x1bxyz", kKnown), "unknown key '\\x1bxyz'; known here: cause, comm");
}

TEST(ConfigKeys, NamesAreShortAndPlain) {
  EXPECT_TRUE(IsGoodName("crash-1.a_B"));
  EXPECT_TRUE(IsGoodName(std::string(kMaxNameBytes, 'a')));
  EXPECT_FALSE(IsGoodName(std::string(kMaxNameBytes + 1, 'a')));
  for (const std::string_view bad : {"", "a b", "a/b", "a:b", "lease", "\xC3\xA4", "a\n", "a,b"})
    EXPECT_FALSE(IsGoodName(bad)) << bad;
}

}  // namespace
}  // namespace reaperd::config
