// THE TABLE of options: name, variable, default, help, and what its value does to a RunSpec.
//
// To add an option: one row in option_table.cpp. Parsing, the environment, --help and the messages
// about bad values follow from the row.
#pragma once

#include <span>
#include <string_view>

#include "base/result.h"
#include "config/hold_config.h"
#include "model/run_spec.h"

namespace reaperd::daemon {

/// What our own command line asks for beside a run.
struct OptionValues {
  model::RunSpec spec;
  config::HoldConfig hold;  ///< becomes spec.hold when all of it is known (SettleHold)
  std::vector<std::string> set_variables;  ///< --env, in order
  bool explain = false;
  bool version = false;
  bool help = false;
};

struct OptionRow {
  std::string_view name;      ///< without the dashes
  std::string_view argument;  ///< as help shows it; empty: a flag without a value
  std::string_view variable;  ///< "REAPERD_…"; empty: only on the command line
  std::string_view section;   ///< heading of --help
  std::string_view fallback;  ///< the default, as help shows it
  std::string_view help;
  std::string_view expected;  ///< "a duration such as 500ms …": for the message about a bad value
  bool list = false;          ///< may be repeated; several in the variable, see `separator`
  /// False: the value is not what was expected. A message of its own in `problem` replaces
  /// "expected".
  bool (*apply)(std::string_view value, OptionValues& values, std::string& problem) = nullptr;
  /// Of a list option: forget what a source of lower precedence said.
  void (*reset)(OptionValues& values) = nullptr;
  /// The variable, too, replaces what was there; else it adds to what a personality's options said.
  bool variable_resets = false;
  char separator = ',';  ///< between the values of a list in the variable
};

std::span<const OptionRow> OptionTable();
const OptionRow* FindOption(std::string_view name);

/// Checks what all sources of hold rules say together, and puts it into the spec.
Status SettleHold(OptionValues& values);

/// "--name 'value': expected …" for a value that apply refused.
Error BadValue(std::string_view shown_name, std::string_view value, const OptionRow& row,
               const std::string& problem);

}  // namespace reaperd::daemon
