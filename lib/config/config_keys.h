// THE TABLE of configuration keys: path, form, help, what is expected, and what a value does to the
// values of lib/model. The object `hold`, and `foreign_zombies`.
//
// To add a key: one row in config_keys.cpp, with a setter in config_setters.cpp. The parser of files,
// the short forms of the command line, the messages, "did you mean", and the lint of
// docs/hold-rules.md follow from the row.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/foreign_zombie.h"
#include "model/hold_rule.h"

namespace reaperd::config {

/// What setters write to. A rule's and a barrier's keys mean the last of the list.
struct ConfigDraft {
  model::HoldSpec hold;
  model::ForeignZombieSpec foreign_zombies;
};

enum class KeyForm {
  kObject,        ///< keys below it
  kObjectList,    ///< a list of objects: "path[]" is one of them
  kNamedObjects,  ///< an object of objects by name: "path.NAME" is one of them
  kValue,
  kValueOrObject,
  kValues,  ///< a value, or a list of values
};

/// What JSON writes a value as. All but kTruth are texts for the short form.
enum class ValueType {
  kNone,  ///< no value: keys below it
  kText,
  kNumber,
  kTextOrNumber,
  kTruth,
};

/// Takes one value. A refusal without a message means "expected" of the row. Rows of kObjectList and
/// kNamedObjects are called at the begin of each object, with its name.
using KeySetter = Status (*)(std::string_view value, ConfigDraft& draft);

struct KeyRow {
  std::string_view path;  ///< "hold.rules[].match.cause", "hold.barriers.NAME.timeout"
  KeyForm form = KeyForm::kValue;
  ValueType type = ValueType::kText;
  std::string_view expected;  ///< "a duration such as …": for the message about a bad value
  std::string_view help;
  KeySetter set = nullptr;

  /// The last part of the path: the key in its object.
  [[nodiscard]] std::string_view key() const { return path.substr(path.rfind('.') + 1); }
  /// Path of the object that it stands in.
  [[nodiscard]] std::string_view parent() const {
    const std::size_t dot = path.rfind('.');
    return dot == std::string_view::npos ? std::string_view() : path.substr(0, dot);
  }
};

std::span<const KeyRow> KeyTable();

/// By the path of the table, nullptr when there is none.
const KeyRow* FindKey(std::string_view path);

/// The keys of the object at `parent`, in the order of the table.
std::vector<const KeyRow*> KeysOf(std::string_view parent);

/// The message of a setter's refusal, or "expected …" of the row.
std::string RefusalText(const Error& refusal, const KeyRow& row);

/// "unknown key 'xyz'; did you mean 'name'?", or which keys there are when none is close.
std::string UnknownKeyText(std::string_view key, std::span<const std::string_view> known);

}  // namespace reaperd::config
