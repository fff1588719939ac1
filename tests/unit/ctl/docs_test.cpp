// docs/reaperctl.md: a section for every verb, every option, and examples that are real output.
#include <gtest/gtest.h>

#include <regex>

#include "ctl/verbs.h"
#include "temp_dir.h"

namespace reaperd::ctl {
namespace {

std::string Page() {
  return test::ReadFile(std::string(REAPERD_DOCS) + "/reaperctl.md");
}

TEST(Page, HasASectionForEveryVerbAndNamesEveryOption) {
  const std::string page = Page();
  for (const Verb& verb : Verbs()) {
    const std::string heading = "# `" + std::string(verb.name) + "`\n";
    EXPECT_NE(page.find(heading), std::string::npos) << verb.name;
    for (const OptionSpec& option : verb.options)
      EXPECT_NE(page.find(std::string(option.name())), std::string::npos) << option.name();
  }
  for (const OptionSpec& option : GlobalOptions())
    EXPECT_NE(page.find(std::string(option.name())), std::string::npos) << option.name();
}

TEST(Page, ShowsWhatIsReallyPrinted) {
  const std::string page = Page();
  const std::regex block("<!-- golden: ([a-z0-9-]+) -->\n```\n");
  int found = 0;
  for (std::sregex_iterator at(page.begin(), page.end(), block), end; at != end; ++at, ++found) {
    const std::string text =
        test::ReadFile(std::string(REAPERD_GOLDEN) + "/" + (*at)[1].str() + ".txt") + "```\n";
    const auto begin = static_cast<std::size_t>(at->position() + at->length());
    EXPECT_EQ(page.substr(begin, text.size()), text) << (*at)[1].str();
  }
  EXPECT_GT(found, 8);
}

}  // namespace
}  // namespace reaperd::ctl
