// Every example of docs/hold-rules.md is accepted.
#include <gtest/gtest.h>

#include <string>

#include "config/config_check.h"
#include "config/config_parser.h"
#include "config/short_form.h"
#include "temp_dir.h"

namespace reaperd::config {
namespace {

/// What stands between `begin` and `end` in the page, at each place.
std::vector<std::string> Excerpts(std::string_view begin, std::string_view end) {
  const std::string page = test::ReadFile(REAPERD_DOCS "/hold-rules.md");
  std::vector<std::string> texts;
  for (std::size_t at = page.find(begin); at != std::string::npos; at = page.find(begin, at)) {
    at += begin.size();
    texts.push_back(page.substr(at, page.find(end, at) - at));
  }
  return texts;
}

TEST(HoldRulesPage, ItsFilesAreGood) {
  const auto files = Excerpts("```json\n", "```");
  EXPECT_FALSE(files.empty());
  for (const std::string& text : files) {
    const auto config = ParseHoldText(text, "page");
    ASSERT_TRUE(config.ok()) << config.error().message();
    const Findings findings = CheckHold(*config, Mode::kCommand);
    EXPECT_TRUE(findings.errors.empty()) << findings.errors[0];
    EXPECT_TRUE(findings.warnings.empty()) << findings.warnings[0];
  }
}

TEST(HoldRulesPage, ItsShortFormsAreGood) {
  const auto rules = Excerpts("--hold '", "'");
  EXPECT_GE(rules.size(), 4U);
  for (const std::string& text : rules) {
    const auto rule = ParseHoldRule(text);
    EXPECT_TRUE(rule.ok()) << text << ": " << rule.error().message();
  }
  const auto foreign = Excerpts("--foreign-zombies '", "'");
  EXPECT_FALSE(foreign.empty());
  for (const std::string& text : foreign)
    EXPECT_TRUE(ParseForeignZombies(text).ok()) << text;
}

}  // namespace
}  // namespace reaperd::config
