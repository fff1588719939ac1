// Files with the object `hold`, and the short forms of the command line. Files may be mounted from
// anywhere; rules come over the status socket, too.
#include <string>

#include "base/text.h"
#include "config/config_check.h"
#include "config/config_parser.h"
#include "config/json_tree.h"
#include "config/short_form.h"
#include "targets.h"

namespace reaperd::fuzz {
namespace {

/// As many lines as there are problems, each of them fit for a terminal.
void CheckMessage(std::string_view message, std::size_t max_lines) {
  const auto lines = Split(message, '\n');
  Require(lines.size() <= max_lines, "the number of problems is bounded");
  for (const std::string_view line : lines) {
    Require(!line.empty() && line.size() < 4096, "a problem is a line of bounded length");
    Require(!FindInvalidUtf8(line), "a message is UTF-8");
    for (const char c : line) {
      Require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F, "no control bytes are told");
    }
  }
}

void CheckFindings(const config::HoldConfig& hold) {
  for (const config::Mode mode : {config::Mode::kCommand, config::Mode::kServices}) {
    const config::Findings findings = config::CheckHold(hold, mode);
    for (const auto* texts : {&findings.errors, &findings.warnings, &findings.notes}) {
      for (const std::string& text : *texts)
        CheckMessage(text, 1);
    }
  }
}

void CheckRoundTrip(const model::HoldRule& rule) {
  const std::string text = config::FormatHoldRule(rule);
  const auto again = config::ParseHoldRule(text);
  Require(again.ok() && *again == rule, "a rule comes back from its short form");
}

}  // namespace

void FuzzHoldFile(std::string_view input) {
  const auto hold = config::ParseHoldText(input, "fuzz.json");
  if (!hold) {
    CheckMessage(hold.error().message(), config::kMaxProblems);
    return;
  }
  Require(config::ParseJson(input, "fuzz.json").ok(), "what is accepted is JSON");
  Require(hold->rule_sources.size() == hold->spec.rules.size(), "every rule has its place");
  Require(hold->barrier_sources.size() == hold->spec.barriers.size(), "and every barrier");
  CheckFindings(*hold);
  for (const model::HoldRule& rule : hold->spec.rules) {
    // A rule with no key at all has no short form.
    if (rule != model::HoldRule{}) CheckRoundTrip(rule);
  }
}

void FuzzShortForm(std::string_view input) {
  const auto rule = config::ParseHoldRule(input);
  if (rule) {
    CheckRoundTrip(*rule);
    config::HoldConfig hold;
    hold.AddRule(*rule, "--hold '" + std::string(input.substr(0, 100)) + "'");
    CheckFindings(hold);
  } else {
    CheckMessage(rule.error().message(), 1);
  }
  const auto foreign = config::ParseForeignZombies(input);
  if (!foreign) CheckMessage(foreign.error().message(), 1);
}

}  // namespace reaperd::fuzz
