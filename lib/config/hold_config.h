// HoldConfig: what is held, gathered from files and options, with the place where each part was
// written, so that whoever finds a fault in the whole can name it.
//
// A value. Rules of several sources stand behind each other in the order in which they were added;
// limits of a later source replace those that it names.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/hold_rule.h"

namespace reaperd::config {

/// Line of each key of a file, by its path: "hold.rules[1].match.cause".
using LineMap = std::map<std::string, int, std::less<>>;

struct Source {
  std::string file;  ///< or the option, as it is shown: "--hold 'cause=signal'"; empty: not known
  std::string path;  ///< "hold.rules[1]"; of an option empty
  std::shared_ptr<const LineMap> lines;  ///< nullptr: it has no lines

  /// "hold.json:7: hold.rules[1].for", "--hold 'for=5m': for", "hold.rules[1].for". Printable.
  [[nodiscard]] std::string Where(std::string_view key = {}) const;
};

struct HoldConfig {
  model::HoldSpec spec;
  std::vector<Source> rule_sources;     ///< of spec.rules, in the same order; may be shorter
  std::vector<Source> barrier_sources;  ///< of spec.barriers
  Source limits_source;
  std::vector<std::string> warnings;  ///< one line each

  /// A rule of the command line; `option` as it is to be shown in messages.
  void AddRule(model::HoldRule rule, std::string option);
};

}  // namespace reaperd::config
