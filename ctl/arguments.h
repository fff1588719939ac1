// What a verb takes, as tables, and what was given, as values. A handler finds its options by name.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/wall_time.h"

namespace reaperd::ctl {

/// What a value must be; also what completions offer.
enum class ValueKind {
  kText,
  kPid,  ///< of the living
  kDeadPid,
  kHeldPid,
  kTarget,       ///< a pid or a service
  kRuleName,     ///< of hold rules that there are
  kBarrierName,  ///< the same
  kCount,        ///< 1 and more
  kNumber,       ///< 0 and more
  kDuration,     ///< 500ms, 5s, 2m, 1h
  kInstant,      ///< a duration, which is before now, or a time
  kSignal,
  kCause,
  kLevel,
  kShell,
  kColor,
  kRuleAction,
  kPath,
};

struct ArgumentSpec {
  std::string_view name;  ///< as in the help: "PID"
  ValueKind kind = ValueKind::kText;
  bool required = true;
};

struct OptionSpec {
  std::string_view flags;  ///< "--follow,-f"
  std::string_view value;  ///< name of its value; empty: it has none
  ValueKind kind = ValueKind::kText;
  std::string_view doc;

  /// "--follow".
  [[nodiscard]] std::string_view name() const { return flags.substr(0, flags.find(',')); }
};

class Arguments {
 public:
  std::map<std::string, std::string, std::less<>> options;  ///< by name, "--follow"
  std::vector<std::string> positionals;                     ///< in the order of the verb's table

  [[nodiscard]] bool Has(std::string_view option) const { return options.contains(option); }
  [[nodiscard]] std::optional<std::string> Text(std::string_view option) const;
  // Values were checked by their kind before.
  [[nodiscard]] std::optional<std::int64_t> Number(std::string_view option) const;
  [[nodiscard]] std::optional<Micros> Duration(std::string_view option) const;
  [[nodiscard]] std::optional<WallMicros> Instant(std::string_view option, WallMicros now) const;
  /// Of the n-th positional argument; empty: it was not given.
  [[nodiscard]] std::string At(std::size_t n) const {
    return n < positionals.size() ? positionals[n] : std::string();
  }
};

/// What was expected, when `text` is not such a value; empty: it is one.
std::string Expectation(ValueKind kind, std::string_view text);

/// The words that can be given, for completions; empty: they cannot be listed.
std::vector<std::string> Choices(ValueKind kind);

}  // namespace reaperd::ctl
