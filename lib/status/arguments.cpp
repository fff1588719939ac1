#include "status/arguments.h"

#include <algorithm>
#include <utility>

namespace reaperd::status {
namespace {

/// Why this is no value of that parameter; empty: it is one.
std::string Complaint(const Parameter& parameter, const Value& value) {
  switch (parameter.type) {
    case Parameter::Type::kText:
      return std::holds_alternative<std::string>(value) ? "" : "it is no text";
    case Parameter::Type::kFlag:
      return std::holds_alternative<bool>(value) ? "" : "it is not true or false";
    case Parameter::Type::kInt:
      break;
  }
  const auto* const number = std::get_if<std::int64_t>(&value);
  if (number == nullptr) return "it is no integer, or too large for one";
  if (*number >= parameter.least && *number <= parameter.greatest) return "";
  return "it is not within " + std::to_string(parameter.least) + " and " +
         std::to_string(parameter.greatest);
}

bool IsNull(const Value& value) {
  return std::holds_alternative<std::monostate>(value);
}

}  // namespace

const Value* Arguments::Find(std::string_view name) const {
  for (const Argument& argument : given_) {
    if (argument.name == name && !IsNull(argument.value)) return &argument.value;
  }
  return nullptr;
}

std::optional<std::int64_t> Arguments::Int(std::string_view name) const {
  const Value* const value = Find(name);
  if (value == nullptr) return std::nullopt;
  return std::get<std::int64_t>(*value);
}

std::optional<std::string> Arguments::Text(std::string_view name) const {
  const Value* const value = Find(name);
  if (value == nullptr) return std::nullopt;
  return std::get<std::string>(*value);
}

bool Arguments::Flag(std::string_view name) const {
  const Value* const value = Find(name);
  return value != nullptr && std::get<bool>(*value);
}

bool Arguments::Has(std::string_view name) const {
  return Find(name) != nullptr;
}

std::string Arguments::TextOf(std::string_view name) const {
  return Text(name).value_or("");
}

CheckedArguments CheckArguments(std::vector<Argument> given, std::span<const Parameter> table) {
  CheckedArguments checked;
  for (const Argument& argument : given) {
    const auto row = std::find_if(table.begin(), table.end(), [&](const Parameter& parameter) {
      return parameter.name == argument.name;
    });
    std::string why;
    if (row == table.end()) {
      why = "there is no such parameter";
    } else if (!IsNull(argument.value)) {
      why = Complaint(*row, argument.value);
    }
    if (!why.empty()) {
      checked.wrong = argument.name;
      checked.why = std::move(why);
      return checked;
    }
  }
  checked.arguments = Arguments(std::move(given));
  for (const Parameter& parameter : table) {
    if (parameter.need == Need::kOptional || checked.arguments.Has(parameter.name)) continue;
    checked.wrong = parameter.name;
    checked.why = "it is missing";
    return checked;
  }
  return checked;
}

}  // namespace reaperd::status
