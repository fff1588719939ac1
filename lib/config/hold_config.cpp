#include "config/hold_config.h"

#include <utility>

#include "base/text.h"

namespace reaperd::config {

std::string Source::Where(std::string_view key) const {
  if (path.empty()) {
    // Of an option: its keys are written without the object that they stand in.
    std::string text = Printable(file);
    if (key.empty()) return text;
    if (!text.empty()) text += ": ";
    return text + std::string(key.substr(key.rfind('.') + 1));
  }
  const std::string full = key.empty() ? path : path + "." + std::string(key);
  if (file.empty()) return Printable(full);
  std::string text = Printable(file) + ":";
  if (lines != nullptr) {
    auto line = lines->find(full);
    if (line == lines->end()) line = lines->find(path);
    if (line != lines->end()) text += std::to_string(line->second) + ":";
  }
  return text + " " + Printable(full);
}

void HoldConfig::AddRule(model::HoldRule rule, std::string option) {
  // Its place in both lists is the same, also when somebody filled in `spec` alone.
  rule_sources.resize(spec.rules.size());
  spec.rules.push_back(std::move(rule));
  rule_sources.push_back({std::move(option), "", nullptr});
}

}  // namespace reaperd::config
