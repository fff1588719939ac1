// docs/reaperctl.md: a section for every verb, every option, and examples that are real output.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

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
  constexpr std::string_view kBegin = "<!-- golden: ";
  constexpr std::string_view kEnd = " -->\n```\n";
  int found = 0;
  for (std::size_t at = 0; (at = page.find(kBegin, at)) != std::string::npos; ++found) {
    at += kBegin.size();
    const std::size_t end = page.find(kEnd, at);
    ASSERT_NE(end, std::string::npos) << page.substr(at, 80);
    const std::string name = page.substr(at, end - at);
    const std::string text =
        test::ReadFile(std::string(REAPERD_GOLDEN) + "/" + name + ".txt") + "```\n";
    EXPECT_EQ(page.substr(end + kEnd.size(), text.size()), text) << name;
  }
  EXPECT_GT(found, 8);
}

}  // namespace
}  // namespace reaperd::ctl
