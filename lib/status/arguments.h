// Arguments: the parameters of a call, checked against the table of its method, by name. Pure.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "status/call.h"

namespace reaperd::status {

enum class Need { kRequired, kOptional };

/// What a method takes: a row of its table.
struct Parameter {
  enum class Type { kInt, kText, kFlag };
  std::string_view name;
  Type type = Type::kText;
  Need need = Need::kOptional;
  // kInt: both included.
  std::int64_t least = 0;
  std::int64_t greatest = std::numeric_limits<std::int64_t>::max();
};

/// Made by CheckArguments: every value is of its type.
class Arguments {
 public:
  Arguments() = default;
  explicit Arguments(std::vector<Argument> checked) : given_(std::move(checked)) {}

  /// nullopt: not given, or null.
  [[nodiscard]] std::optional<std::int64_t> Int(std::string_view name) const;
  [[nodiscard]] std::optional<std::string> Text(std::string_view name) const;
  [[nodiscard]] bool Flag(std::string_view name) const;
  [[nodiscard]] bool Has(std::string_view name) const;

  /// The text of a required one.
  [[nodiscard]] std::string TextOf(std::string_view name) const;

 private:
  [[nodiscard]] const Value* Find(std::string_view name) const;

  std::vector<Argument> given_;
};

/// Either arguments, or the name of the parameter that is wrong and why.
struct CheckedArguments {
  Arguments arguments;
  std::string wrong;  ///< empty: none
  std::string why;
};
CheckedArguments CheckArguments(std::vector<Argument> given, std::span<const Parameter> table);

}  // namespace reaperd::status
